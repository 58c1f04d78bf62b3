"""Each mistake in a configuration is one message with the file, the key, and what is allowed."""

import copy
from pathlib import Path

import pytest
import yaml

from bertology.configuration import check, without_removed
from bertology.corpora.spans.formats import SPAN_FORMATS
from bertology.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA = REPOSITORY / "schemas" / "config.schema.yaml"
DEFAULT = REPOSITORY / "config.yaml"


GRAMMAR = {"source": "grammar", "domain": "harbour", "seed": 1, "train": 1, "dev": 1, "test": 1}
FILES = {"source": "files", "train": str(DEFAULT), "test": str(DEFAULT)}


def merged(base, overlay):
    """Merge as Snakemake does: dictionaries by key, everything else replaced."""
    result = copy.deepcopy(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def default():
    return yaml.safe_load(DEFAULT.read_text())


def messages(tmp_path, overlay):
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(overlay))
    config = without_removed(merged(default(), overlay))
    with pytest.raises(InputError) as caught:
        check(config, [DEFAULT, study], SCHEMA)
    return str(caught.value).replace(str(study), "study.yaml").splitlines()


def test_the_default_configuration_is_valid():
    check(default(), [DEFAULT], SCHEMA)


PAIRS_FROM_HUB = {"source": "hub", "repository": "org/data", "subset": None, "revision": "0" * 40}
NAMES = ["contradiction", "neutral", "entailment"]


@pytest.mark.parametrize("source", [FILES, {**PAIRS_FROM_HUB, "train": "train", "test": "test"}])
def test_labels_of_sentence_pairs(tmp_path, source):
    def overlay(labels, kind="inference"):
        mine = {"mine": {kind: {**source, "labels": labels}}}
        return {"data_dir": str(tmp_path), "corpora": mine}

    check(merged(default(), overlay(NAMES)), [DEFAULT], SCHEMA)
    key = "study.yaml: corpora.mine.inference.labels"
    assert messages(tmp_path, overlay(NAMES[:2])) == [
        f"{key}: found ['contradiction', 'neutral']; allowed: at least 3 entry"
    ]
    assert messages(tmp_path, overlay([*NAMES[:2], "neutral"])) == [
        f"{key}: found ['contradiction', 'neutral', 'neutral']; allowed: each value once"
    ]
    assert messages(tmp_path, overlay([*NAMES[:2], "entails"])) == [
        f"{key}.2: found 'entails'; allowed: entailment | neutral | contradiction"
    ]
    (message,) = messages(tmp_path, overlay(NAMES, "questions"))
    assert message.startswith("study.yaml: corpora.mine.questions.labels: found an unknown key")
    split = {key: value for key, value in source.items() if key not in ("train", "test")}
    mine = {"mine": {"inference": {**split, "labels": NAMES}}}
    (message,) = messages(tmp_path, {"data_dir": str(tmp_path), "corpora": mine})
    assert f"allowed: at least {len(split) + 2} keys" in message


@pytest.mark.parametrize("studies", [["smoke"], ["open"], ["open", "open_seeds"], ["paper"]])
def test_the_studies_are_valid_over_the_default(studies, tmp_path):
    config = default()
    for study in studies:
        overlay = yaml.safe_load((REPOSITORY / "studies" / f"{study}.yaml").read_text())
        config = merged(config, overlay)
    config = without_removed(config)
    if config["data_dir"]:
        config["data_dir"] = str(tmp_path)
        for kinds in config["corpora"].values():
            for source in kinds.values():
                for name in set(source) & {"train", "dev", "test"}:
                    path = tmp_path / str(source[name])
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
    check(config, [DEFAULT], SCHEMA)


def test_every_object_of_the_schema_is_closed():
    def objects(schema):
        if isinstance(schema, dict):
            if "properties" in schema:
                yield schema
            for part in schema.values():
                yield from objects(part)
        elif isinstance(schema, list):
            for part in schema:
                yield from objects(part)

    schema = yaml.safe_load(SCHEMA.read_text())
    for part in objects(schema):
        names = set(part["properties"])
        selects = names in ({"source"}, {"kind"})
        closed = part.get("additionalProperties") in (False, {"$ref": "#/$defs/spans"})
        assert selects or closed, part


def test_the_schema_names_the_formats_of_spans_that_there_are():
    schema = yaml.safe_load(SCHEMA.read_text())
    named = schema["$defs"]["spans_from_files"]["properties"]["format"]["enum"]
    assert named == list(SPAN_FORMATS)


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"sede": 1}, "study.yaml: sede: found an unknown key; allowed: study, seeds,"),
        (
            {"tasks": {"parsing": {"learnig_rate": 1}}},
            "study.yaml: tasks.parsing.learnig_rate: found an unknown key; allowed: kind,",
        ),
        ({"seeds": ["one"]}, "study.yaml: seeds.0: found 'one'; allowed: integer"),
        ({"seeds": [1, 1]}, "study.yaml: seeds: found [1, 1]; allowed: each value once"),
        (
            {"similarity": {"measures": ["cka", "rsa_spearman"]}},
            "study.yaml: similarity.measures: found ['cka', 'rsa_spearman']; allowed: one of rsa",
        ),
        ({"precision": "half"}, "study.yaml: precision: found 'half'; allowed: auto | float32"),
        (
            {"tasks": {"tagging": {"kind": "tagging"}}},
            "study.yaml: tasks.tagging.kind: found 'tagging'; allowed: parsing | inference |",
        ),
        (
            {"tasks": {"parsing": {"corpus": "harbor"}}},
            "study.yaml: tasks.parsing.corpus: found 'harbor', no corpus of that name; all",
        ),
        (
            {"tasks": {"parsing": {"corpus": "market"}}},
            "study.yaml: tasks.parsing.corpus: found 'market', which has no treebank; allowed",
        ),
        (
            {"ablations": {"freeze": [0, 6]}},
            "study.yaml: ablations.freeze.1: found 6; allowed: less than the 6 layers of minilm",
        ),
        (
            {"ablations": {"freeze": "some"}},
            "study.yaml: ablations.freeze: found 'some'; allowed: all, or a list",
        ),
        (
            {"ablations": {"keep": [0]}},
            "study.yaml: ablations.keep.0: found 0; allowed: 1 or more",
        ),
        (
            {"ablations": {"keep": 3}},
            "study.yaml: ablations.keep: found 3; allowed: array or string",
        ),
        (
            {"ablations": {"keep": [7]}},
            "study.yaml: ablations.keep.0: found 7; allowed: less than the 6 layers of minilm",
        ),
        (
            {"stimuli": {"market": {"kind": "questions"}}},
            "study.yaml: stimuli.market.kind: found 'questions', not in market; allowed: inference",
        ),
        (
            {"fine_tuned_encoders": ["bert"]},
            "study.yaml: fine_tuned_encoders.0: found 'bert', no encoder of that name; allowed: mi",
        ),
        (
            {"encoders": {"minilm": {"floor": "maxilm"}}},
            "study.yaml: encoders.minilm.floor: found 'maxilm', no encoder of that name;",
        ),
        (
            {"encoders": {"minilm-random": {"like": "minilm-random"}}},
            "study.yaml: encoders.minilm-random.like: found a circle;",
        ),
        (
            {"encoders": {"minilm-random": {"layers": 5}}},
            "study.yaml: encoders.minilm-random.layers: found 5; allowed: 6,",
        ),
        (
            {"encoders": {"bert": {"source": "hub", "repository": "a/b", "layers": 12}}},
            "study.yaml: encoders.bert.revision: found nothing; allowed: this key must be set",
        ),
        (
            {
                "encoders": {
                    "b": {"source": "hub", "repository": "a/b", "revision": "main", "layers": 1}
                }
            },
            "study.yaml: encoders.b.revision: found 'main'; allowed: a full commit hash",
        ),
        (
            {"corpora": {"mine": {"text": {"source": "files", "test": "my.txt"}}}},
            "data_dir: found null; allowed: a folder, for corpora.mine.text reads files",
        ),
        (
            {
                "data_dir": "nowhere",
                "corpora": {"mine": {"text": {"source": "files", "test": "my.txt"}}},
            },
            "study.yaml: corpora.mine.text.test: found 'nowhere/my.txt'; allowed: a file that is",
        ),
        (
            {"tasks": {"question_answering": {"stride": 384}}},
            "study.yaml: tasks.question_answering.stride: found 384; allowed: less than longest",
        ),
        (
            {"corpora": {"harbour": {"treebnk": {**GRAMMAR}}}},
            "study.yaml: corpora.harbour.treebnk: found a kind that the grammar does not write",
        ),
        (
            {"data_dir": ".", "corpora": {"mine": {"relations": {**FILES, "format": "gum"}}}},
            "study.yaml: corpora.mine.relations.format: found 'gum', which has no relations; all"
            "owed: edges, semeval",
        ),
        (
            {"data_dir": ".", "corpora": {"mine": {"negation": {**FILES, "format": "tsv"}}}},
            "study.yaml: corpora.mine.negation.format: found 'tsv'; allowed: edges | conllu |",
        ),
        (
            {"probes": {"village": {"corpus": "town"}}},
            "study.yaml: probes.village.corpus: found 'town', no corpus of that name; allowed",
        ),
        (
            {"probes": {"village": {"phenomena": ["entities", "negation"]}}},
            "study.yaml: probes.village.phenomena.1: found 'negation', not in village; allowed: t",
        ),
        (
            {"probes": {"village": {"phenomena": ["structure"]}}},
            "study.yaml: probes.village.phenomena.0: found 'structure'; allowed: another name tha",
        ),
        (
            {
                "probes": {"village": {"phenomena": [], "structure": False}},
                "trajectory": {"structure": []},
            },
            "study.yaml: probes.village.phenomena: found none, and no structure; allowed: some",
        ),
        (
            {"probes": {"village": {"corpus": "market", "phenomena": []}}},
            "probes.village.structure: found 'treebank', not in market; allowed: inference",
        ),
        (
            {"probing": {"controls": "some"}},
            "study.yaml: probing.controls: found 'some'; allowed: all | mix | none",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path, overlay, expected):
    found = messages(tmp_path, overlay)
    assert len(found) == 1
    assert found[0].startswith(expected) or found[0].split(": ", 1)[1].startswith(expected)


def test_all_mistakes_are_named_at_once(tmp_path):
    found = messages(tmp_path, {"seeds": [], "precision": 8, "study": "My Study"})
    assert {line.split(": ")[1] for line in found} == {"seeds", "precision", "study"}


def test_a_removed_entry_that_is_still_needed_is_named(tmp_path):
    found = messages(tmp_path, {"corpora": {"harbour": None}})
    assert any("tasks.parsing.corpus: found 'harbour'" in line for line in found)
    assert any("stimuli.harbour.corpus: found 'harbour'" in line for line in found)


def test_a_missing_key_of_the_default_is_put_down_to_that_file():
    config = default()
    del config["similarity"]["tokens"]
    with pytest.raises(InputError, match=r"config\.yaml: similarity\.tokens: found nothing"):
        check(config, [DEFAULT], SCHEMA)


def test_a_value_from_the_command_line_is_put_down_to_it():
    config = default()
    config["seeds"] = ["1"]
    config["sede"] = 1
    with pytest.raises(InputError) as caught:
        check(config, [DEFAULT], SCHEMA)
    assert str(caught.value).splitlines() == [
        f"--config: sede: found an unknown key; allowed: {', '.join(default())}",
        "--config: seeds.0: found '1'; allowed: integer",
    ]


def test_a_trajectory_through_what_is_not_there(tmp_path):
    trajectory = {"seeds": [1, 9], "stimuli": ["town"], "structure": ["village", "town"]}
    stimuli = ", ".join(default()["stimuli"])
    assert messages(tmp_path, {"trajectory": trajectory}) == [
        "study.yaml: trajectory.seeds.1: found 9; allowed: 1, 2, 3",
        f"study.yaml: trajectory.stimuli.0: found 'town'; allowed: {stimuli}",
        "study.yaml: trajectory.structure.1: found 'town'; allowed: village",
    ]
    nothing = messages(tmp_path, {"trajectory": {"seeds": [], "stimuli": [], "structure": []}})
    assert [line.split(":")[1] for line in nothing] == [" trajectory.seeds", " trajectory.stimuli"]


@pytest.mark.parametrize("language", ["english", "zh-Hant", "ZH", False])
def test_a_language_that_is_no_iso_code_is_named(tmp_path, language):
    (found,) = messages(tmp_path, {"stimuli": {"village": {"language": language}}})
    assert found.startswith(f"study.yaml: stimuli.village.language: found {language!r}; allowed:")
    good = merged(default(), {"stimuli": {"village": {"language": "hi"}}})
    check(good, [DEFAULT], SCHEMA)
