"""Each mistake in a configuration is one message with the file, the key, and what is allowed."""

from pathlib import Path

import pytest
import yaml

from bertology.canonical import canonical
from bertology.configuration import (
    beside_their_study,
    check,
    with_latest_sources,
    with_only,
    without_removed,
)
from bertology.corpora.spans.formats import ANNOTATIONS, SPAN_FORMATS
from bertology.errors import InputError
from overlays import merged

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA = REPOSITORY / "schemas" / "config.schema.yaml"
DEFAULT = REPOSITORY / "config.yaml"


DOWNLOAD = {"urls": ["https://a.org/b.txt"], "sha256": "0" * 64, "licence": "CC BY 4.0"}
GRAMMAR = {"source": "grammar", "domain": "harbour", "seed": 1, "train": 1, "dev": 1, "test": 1}
FILES = {"source": "files", "train": str(DEFAULT), "test": str(DEFAULT)}


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


def test_parts_of_the_data_are_for_variants_that_are_there(tmp_path):
    sizes = {"percents": [20], "variants": ["full", "freeze-3", "untuned", "all"]}
    found = messages(tmp_path, {"training_sizes": sizes})
    allowed = "allowed: full, untuned, freeze-4, keep-2"
    assert found == [
        f"study.yaml: training_sizes.variants.{position}: found {name!r}, which minilm has not on "
        f"all of the data; {allowed}"
        for position, name in ((1, "freeze-3"), (3, "all"))
    ]
    (message,) = messages(tmp_path, {"training_sizes": {**sizes, "percents": []}, "seeds": []})
    assert "seeds" in message  # and nothing of variants, since nothing is trained on a part
    (message,) = messages(tmp_path, {"training_sizes": {"percents": [100]}})
    assert "training_sizes.percents.0: found 100" in message


def test_whole_numbers_may_be_written_as_floats_where_variants_are_named(tmp_path):
    overlay = {
        "ablations": {"freeze": [4.0], "keep": "all"},
        "encoders": {"minilm": {"layers": 6.0}},
        "training_sizes": {"percents": [20.0], "variants": ["full", "freeze-4", "keep-5"]},
    }
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(overlay))
    check(without_removed(merged(default(), overlay)), [DEFAULT, study], SCHEMA)


def test_another_source_drops_what_was_said_of_the_one_before(tmp_path):
    """In a file, and from one file to the next; what is said of any source stays."""
    texts = [
        "encoders: {a: {source: package, package: p, folder: f, sha256: x, layers: 6, title: A}}\n"
        "corpora: {c: {treebank: {source: grammar, seed: 1, test: 9}, text: {source: x}}}",
        "encoders: {a: {source: hub, repository: r, title: B}}\n"
        "corpora: {c: {treebank: {seed: 2}}}",
        "encoders: {a: {revision: v}}\ncorpora: {c: {treebank: {source: files, test: t}}}",
    ]
    files = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    config = {}
    for path, text in zip(files, texts, strict=True):
        path.write_text(text)
        config = merged(config, yaml.safe_load(text))
    found = with_latest_sources({**config, "study": "s"}, files)
    hub = {"source": "hub", "repository": "r", "revision": "v", "layers": 6, "title": "B"}
    assert found["encoders"]["a"] == hub
    assert found["corpora"]["c"] == {
        "treebank": {"source": "files", "test": "t"},
        "text": {"source": "x"},
    }
    assert found["study"] == "s"


def test_the_same_source_in_a_later_file_changes_single_settings(tmp_path):
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text("encoders: {a: {source: random, like: b, seed: 1}}")
    second.write_text("encoders: {a: {source: random, seed: 2}}")
    config = {"encoders": {"a": {"source": "random", "like": "b", "seed": 2}}}
    assert with_latest_sources(config, [first, second]) == config


@pytest.mark.parametrize("wrong", [{"encoders": 5}, {"corpora": {"c": None}}, {"encoders": []}])
def test_sections_of_another_shape_are_left_to_the_check(wrong, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(wrong))
    assert with_latest_sources(wrong, [path]) == wrong


@pytest.mark.parametrize(
    "studies",
    [
        ["smoke"],
        ["open"],
        ["open", "local_files"],
        ["open", "open_deep"],
        ["open", "open_deep", "on_a_gpu"],
        ["paper"],
    ],
)
def test_the_studies_are_valid_over_the_default(studies, tmp_path):
    config = default()
    files = [DEFAULT, *(REPOSITORY / "studies" / f"{study}.yaml" for study in studies)]
    for path in files[1:]:
        config = merged(config, yaml.safe_load(path.read_text()))
    config = without_removed(with_only(config, files, SCHEMA))
    config = with_latest_sources(config, files)
    # The other studies fetch all that they read.
    if "smoke" in studies or "local_files" in studies:
        config["data_dir"] = str(tmp_path)
        for kinds in config["corpora"].values():
            for source in kinds.values():
                names = (
                    {"train", "dev", "test", "annotations"} if source["source"] == "files" else {}
                )
                for name in set(source).intersection(names):
                    path = tmp_path / str(source[name])
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
    check(config, files, SCHEMA)


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
        selects = names in ({"source"}, {"kind"}, {"format"})
        # What may be in these two, configuration.py says.
        open_sections = [{"$ref": f"#/$defs/{name}"} for name in ("spans", "layers")]
        closed = part.get("additionalProperties") in (False, *open_sections)
        assert selects or closed, part


def test_the_schema_names_the_formats_of_spans_that_there_are():
    schema = yaml.safe_load(SCHEMA.read_text())
    named = schema["$defs"]["spans_from_files"]["properties"]["format"]["enum"]
    assert named == list(SPAN_FORMATS)


def test_the_schema_asks_for_annotations_where_a_reader_does():
    schema = yaml.safe_load(SCHEMA.read_text())
    joined = schema["$defs"]["spans"]["allOf"][1]["then"]["if"]["properties"]["format"]["enum"]
    for name, span_format in SPAN_FORMATS.items():
        for reader in span_format.readers.values():
            assert (name in joined) == (ANNOTATIONS in reader.needs), name


ROLES = {**FILES, "format": "propbank_skel"}


def with_roles(tmp_path, source, kind="semantic_roles"):
    (tmp_path / "folder").mkdir(exist_ok=True)
    return {"data_dir": str(tmp_path), "corpora": {"mine": {kind: source}}}


@pytest.mark.parametrize("annotations", [str(DEFAULT), "folder"])
def test_annotations_are_a_file_or_a_folder(tmp_path, annotations):
    overlay = with_roles(tmp_path, {**ROLES, "annotations": annotations})
    check(merged(default(), overlay), [DEFAULT], SCHEMA)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (ROLES, "annotations: found nothing; allowed: this key must be set"),
        ({**ROLES, "annotations": 1}, "annotations: found 1; allowed: string"),
        (
            {**ROLES, "format": "propbank", "annotations": "folder"},
            "annotations: found an unknown key; allowed: source, format, train, dev, test",
        ),
        (
            {**ROLES, "annotations": "folder", "labels": NAMES},
            "labels: found an unknown key; allowed: source, format, train, dev, test, annotations",
        ),
        (
            {**ROLES, "annotations": "nowhere"},
            "annotations: found 'nowhere'; allowed: a file or folder that is there and may be read",
        ),
        (
            {**ROLES, "annotations": "folder", "train": "folder"},
            "train: found 'folder'; allowed: a file that is there and may be read",
        ),
        (
            {**ROLES, "format": "uds_raw", "annotations": "folder"},
            "format: found 'uds_raw', which has no semantic_roles; allowed: edges, propbank, prop",
        ),
    ],
)
def test_mistakes_with_annotations(tmp_path, source, expected):
    (message,) = messages(tmp_path, with_roles(tmp_path, source))
    message = message.replace(f"{tmp_path}/", "")
    assert message.startswith(f"study.yaml: corpora.mine.semantic_roles.{expected}")


def test_annotations_alone_are_no_corpus(tmp_path):
    source = {"source": "files", "format": "propbank_skel", "annotations": "folder"}
    (message,) = messages(tmp_path, with_roles(tmp_path, source))
    assert message.endswith("; allowed: at least 4 keys")


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"sede": 1}, "study.yaml: sede: found an unknown key; allowed: only, study, seeds,"),
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
        (
            {"similarity": {"perturbed_items": -1}},
            "study.yaml: similarity.perturbed_items: found -1; allowed: 0 or more",
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
            {"ablations": {"shuffle": [1]}},
            "study.yaml: ablations.shuffle: found an unknown key; allowed: untuned, freeze, keep",
        ),
        (
            {"similarity": {"measures": ["rsa_pearson", "cca"]}},
            "study.yaml: similarity.measures.1: found 'cca'; allowed: rsa_pearson | rsa_spearman",
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
            "data_dir: found null; allowed: a folder, for corpora.mine.text reads files; say which "
            "with --config data_dir=<folder> or in the study",
        ),
        (
            {"corpora": {name: {"text": FILES} for name in ("mine", "yours")}},
            "data_dir: found null; allowed: a folder, for corpora.mine.text reads files; say which",
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
            "study.yaml: probes.village.phenomena.0: found 'structure'; allowed: another name; the",
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
            {"probing": {"structure": {"regimen": "slow"}}},
            "study.yaml: probing.structure.regimen: found 'slow'; allowed: patient | published",
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
        f"--config: sede: found an unknown key; allowed: only, {', '.join(default())}",
        "--config: seeds.0: found '1'; allowed: integer; this is a text: write 1 without quotes, "
        "in a file (--config makes texts of all parts of a list)",
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


def text_messages(tmp_path, text):
    """The messages about a study as a user types it, with YAML 1.1's ways of reading."""
    study = tmp_path / "study.yaml"
    study.write_text(text)
    config = without_removed(merged(default(), yaml.load(text, yaml.FullLoader)))
    with pytest.raises(InputError) as caught:
        check(config, [DEFAULT, study], SCHEMA)
    return str(caught.value).replace(str(study), "study.yaml").splitlines()


RATE = "tasks: {parsing: {learning_rate: %s}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RATE % "1e-4", "found '1e-4'; allowed: number; YAML takes this for a text, write 1.0e-4"),
        (RATE % "1E4", "found '1E4'; allowed: number; YAML takes this for a text, write 1.0e+4"),
        (RATE % "2.5e3", "found '2.5e3'; allowed: number; YAML takes this for a text, write 2.5e+"),
        (RATE % "'.5'", "found '.5'; allowed: number; this is a text: write .5 without quotes"),
        (RATE % "fast", "found 'fast'; allowed: number"),
        (RATE % ".nan", "found nan; allowed: a finite number"),
        (RATE % ".inf", "found inf; allowed: a finite number"),
        (RATE % "yes", "found True; allowed: number"),
        ("precision: off", "found False; allowed: auto | float32 | bfloat16; YAML reads no, off"),
        ("data_dir: on", "found True; allowed: string or null; YAML reads yes, on and true so"),
        ("data_dir: 2024-01-01", "found datetime.date(2024, 1, 1); allowed: string or null; a te"),
        ("study: 2024", "found 2024; allowed: lower-case letters and digits, with - or _ between"),
        ("seeds: 1", "found 1; allowed: array; a list stands in brackets, as [1, 2], in a file"),
        ("seeds: 1,2", "found '1,2'; allowed: array; a list stands in brackets, as [1, 2]"),
        ("seeds: ['1']", "found '1'; allowed: integer; this is a text: write 1 without quotes"),
        ("ablations: {untuned: 'yes'}", "found 'yes'; allowed: boolean; write true or false"),
        ("seeds: [true]", "found True; allowed: integer"),
        ("seeds: [1.5]", "found 1.5; allowed: integer"),
        (f"study: {'x' * 300}", "xxx... (300 characters); allowed: at most 64 characters"),
    ],
)  # fmt: skip
def test_what_yaml_reads_otherwise_is_said_with_what_to_write(tmp_path, text, expected):
    found = text_messages(tmp_path, text)
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].startswith("study.yaml: ")


@pytest.mark.parametrize(
    "written", ["1e-4", "1E4", "+2.5e3", "-1.e3", ".5e1", "1_0e2", "1e+05", "12e0", "6.02e23"]
)
def test_what_is_said_to_write_is_the_number_that_was_meant(tmp_path, written):
    assert isinstance(yaml.safe_load(written), str)
    (found,) = text_messages(tmp_path, RATE % written)
    assert yaml.safe_load(found.split(", write ")[1]) == float(written)


@pytest.mark.parametrize("key", ["no", "on", "1", "2024-01-01", "x" * 65])
@pytest.mark.parametrize("section", ["encoders", "corpora", "tasks", "stimuli", "probes"])
def test_a_key_that_is_no_name_is_refused(tmp_path, section, key):
    found = text_messages(tmp_path, f"{section}: {{{key}: {{}}}}")
    assert any(line.startswith(f"study.yaml: {section}: found ") for line in found)


def test_duplicate_keys_are_named_before_anything_else(tmp_path):
    found = text_messages(tmp_path, "seeds: [1]\nsede: 1\nseeds: [2]\n")
    assert found == [
        "study.yaml, line 3: found the key seeds again, after line 1; allowed: each key once"
    ]


def test_whole_numbers_with_a_point_are_whole_numbers():
    config = merged(default(), {"tasks": {"parsing": {"epochs": 2.0, "clip": 1}}, "seeds": [1.0]})
    check(config, [DEFAULT], SCHEMA)
    assert repr(canonical(config)["tasks"]["parsing"]["epochs"]) == "2"


RESERVED = [
    *("against", "full", "permuted", "probes", "structure", "transplanted", "untuned"),
    *("freeze-4", "keep-2", "seed-1", "step-8", "perturbed", "probe-seed-1"),
]


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("section", ["encoders", "corpora", "tasks", "stimuli", "probes"])
def test_names_of_the_layout_are_taken(tmp_path, section, name):
    entry = next(iter(default()[section].values()))
    found = messages(tmp_path, {section: {name: entry}})
    expected = f"study.yaml: {section}: found '{name}'; allowed: another name; the layout of a stu"
    assert found[0].startswith(expected)


@pytest.mark.parametrize("name", RESERVED)
def test_names_of_the_layout_are_no_phenomena(tmp_path, name):
    corpora = {"village": {name: {**FILES, "format": "edges"}}}
    found = messages(tmp_path, {"data_dir": ".", "corpora": corpora})
    assert found[0].startswith(f"study.yaml: corpora.village: found '{name}'; allowed: another n")


@pytest.mark.parametrize("name", ["mine\n", "mine\n\n", "mine ", "mi;ne", "$(ne)", "`ne`", "../ne"])
def test_a_name_is_a_name_to_its_end(tmp_path, name):
    overlays = [
        {"study": name},
        {"encoders": {name: default()["encoders"]["minilm"]}},
        {"tasks": {name: default()["tasks"]["parsing"]}},
        {"stimuli": {name: default()["stimuli"]["harbour"]}},
    ]
    for overlay in overlays:
        told = messages(tmp_path, overlay)
        assert any("; allowed: lower-case letters and digits, with" in line for line in told), told


@pytest.mark.parametrize("title", ["a\nb", "a\n", "`a <javascript:alert()>`_", "a\x00b"])
def test_a_title_is_one_line_without_markup(tmp_path, title):
    (message,) = messages(tmp_path, {"encoders": {"minilm": {"title": title}}})
    assert message.endswith("; allowed: one line without backquotes")


def test_a_study_is_not_called_as_what_is_kept(tmp_path):
    assert messages(tmp_path, {"study": "published"}) == [
        "study.yaml: study: found 'published'; allowed: another name; the layout of a study takes "
        "published"
    ]


def test_stimuli_are_not_called_as_a_task(tmp_path):
    stimuli = {"parsing": default()["stimuli"]["harbour"]}
    assert messages(tmp_path, {"stimuli": stimuli}) == [
        "study.yaml: stimuli.parsing: found a name that a task has too; allowed: another name"
    ]


@pytest.mark.parametrize(
    ("overlay", "key"),
    [
        ({"data_dir": "$NOWHERE/x", "corpora": {"mine": {"text": FILES}}}, "data_dir"),
        ({"data_dir": "$NOWHERE/x"}, "data_dir"),
        (
            {"encoders": {"mine": {"source": "folder", "path": "${NOWHERE}", "layers": 1}}},
            "encoders.mine.path",
        ),
        (
            {
                "data_dir": ".",
                "corpora": {"mine": {"text": {"source": "files", "test": "$NOWHERE"}}},
            },
            "corpora.mine.text.test",
        ),
    ],
)
def test_a_variable_that_is_not_set_is_named(tmp_path, overlay, key):
    found = messages(tmp_path, overlay)
    assert len(found) == 1
    assert found[0].startswith(f"study.yaml: {key}: found '")
    assert "and no variable NOWHERE in the environment; allowed: variables that are set" in found[0]


def test_home_and_variables_are_filled_in(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATA", "data")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_text("Text.\n")
    (tmp_path / "data/config.json").write_text("{}")
    text = {"source": "files", "test": "a.txt"}
    overlay = {
        "data_dir": "~/$DATA",
        "corpora": {"mine": {"text": text}},
        "encoders": {"mine": {"source": "folder", "path": "~/${DATA}", "layers": 1}},
    }
    check(merged(default(), overlay), [DEFAULT], SCHEMA)


# --- downloads: files that need not be there ------------------------------------------------------


def test_files_that_can_be_fetched_need_no_folder_and_need_not_be_there(tmp_path):
    text = {"source": "files", "test": "a/x.txt", "dev": "./a/y.txt"}
    overlay = {"corpora": {"mine": {"text": text}}}
    overlay["downloads"] = {"a/x.txt": DOWNLOAD, "a/y.txt": {**DOWNLOAD, "member": "y.txt"}}
    check(merged(default(), overlay), [DEFAULT], SCHEMA)
    check(merged(default(), {**overlay, "data_dir": str(tmp_path)}), [DEFAULT], SCHEMA)
    # One that cannot be fetched needs both.
    overlay["downloads"]["a/y.txt"] = None
    (message,) = messages(tmp_path, overlay)
    assert "data_dir: found null; allowed: a folder, for corpora.mine.text reads files" in message
    (message,) = messages(tmp_path, {**overlay, "data_dir": "nowhere"})
    assert message.startswith("study.yaml: corpora.mine.text.dev: found 'nowhere/a/y.txt'; allowed")


ADDRESS = "an address that begins with http:// or https://, without blanks and passwords"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sha256": "0" * 63}, f"sha256: found '{'0' * 59}... (63 characters); allowed: 64 charac"),
        ({"sha256": "A" * 64}, f"sha256: found '{'A' * 59}... (64 characters); allowed: 64 charac"),
        ({"sha256": 10**63}, f"sha256: found 1{'0' * 59}... (64 characters); allowed: 64 charact"),
        ({"urls": "https://a.org/b"}, "urls: found 'https://a.org/b'; allowed: array; a list sta"),
        ({"urls": []}, "urls: found []; allowed: at least 1 entry"),
        ({"urls": ["https://a.org/b"] * 2}, "urls: found ['https://a.org/b', 'https://a.org/b']; "),
        ({"urls": ["ftp://a.org/b"]}, f"urls.0: found 'ftp://a.org/b'; allowed: {ADDRESS}"),
        ({"urls": ["https://a.org"]}, f"urls.0: found 'https://a.org'; allowed: {ADDRESS}"),
        ({"urls": ["https://a.org/b c"]}, f"urls.0: found 'https://a.org/b c'; allowed: {ADDRESS}"),
        ({"urls": ["http://me:pw@a.org/b"]}, "urls.0: found 'http://me:pw@a.org/b'; allowed: an"),
        ({"urls": ["a.org/b"]}, f"urls.0: found 'a.org/b'; allowed: {ADDRESS}"),
        ({"url": "https://a.org/b"}, "url: found an unknown key; allowed: urls, sha256, member, "),
        ({"member": ""}, "member: found ''; allowed: a text that is not empty"),
        ({"members": ""}, "members: found ''; allowed: a text that is not empty"),
        ({"licence": ""}, "licence: found ''; allowed: a text that is not empty"),
        ({"licence": None}, "licence: found None; allowed: string"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_download_is_named(tmp_path, change, expected):
    (found,) = messages(tmp_path, {"downloads": {"a/x.txt": {**DOWNLOAD, **change}}})
    assert found.startswith(f"study.yaml: downloads.a/x.txt.{expected}")


def test_a_download_is_one_member_or_several(tmp_path):
    both = {**DOWNLOAD, "member": "a.txt", "members": "*.txt"}
    (found,) = messages(tmp_path, {"downloads": {"a/x.txt": both}})
    assert found == (
        "study.yaml: downloads.a/x.txt: found member and members; allowed: one of them at most"
    )


@pytest.mark.parametrize("key", ["urls", "sha256", "licence"])
def test_what_a_download_must_have(tmp_path, key):
    entry = {name: value for name, value in DOWNLOAD.items() if name != key}
    (found,) = messages(tmp_path, {"downloads": {"a/x.txt": entry}})
    assert (
        found
        == f"study.yaml: downloads.a/x.txt.{key}: found nothing; allowed: this key must be set"
    )


@pytest.mark.parametrize(
    "name", ["/a/x", "../x", "a/../x", "./x", "a//x", "~/x", "$HOME/x", "a/{b}", "a/", ".x", ""]
)
def test_a_download_lies_below_the_folder_of_data(tmp_path, name):
    (found,) = messages(tmp_path, {"downloads": {name: DOWNLOAD}})
    assert found.startswith(
        f"study.yaml: downloads: found {name!r}; allowed: a path below data_dir"
    )


def test_no_download_lies_in_another_or_in_its_record(tmp_path):
    downloads = dict.fromkeys(["a/b", "a/b/c/x.txt", "a/b.provenance.json"], DOWNLOAD)
    assert messages(tmp_path, {"downloads": downloads}) == [
        "study.yaml: downloads.a/b/c/x.txt: found a file below a/b, which is a file too; allowed: "
        "another path",
        "study.yaml: downloads.a/b.provenance.json: found a name that ends in .provenance.json; "
        "allowed: another name",
    ]


# --- only: sections that a study does not inherit -------------------------------------------------

STIMULI = {"corpus": "harbour", "kind": "treebank", "split": "dev", "sentences": 9, "form": "own"}
STIMULI |= {"longest": 9, "seed": 1}


def laid_over(tmp_path, *overlays, command_line=None):
    """The default with overlays on it, in files a.yaml, b.yaml, ..., as `with_only` leaves it."""
    config, files = default(), [DEFAULT]
    for name, overlay in zip("abc", overlays, strict=False):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(yaml.safe_dump(overlay))
        config = merged(config, overlay)
    config = merged(config, command_line or {})
    return with_only(config, files, SCHEMA, command_line), files


def test_only_what_a_study_names_stays_and_inherits_its_settings(tmp_path):
    overlay = {"only": ["tasks", "stimuli"], "tasks": {"parsing": {"epochs": 7}}}
    overlay["stimuli"] = {"mine": STIMULI, "village": {"sentences": 3}}
    config, _ = laid_over(tmp_path, overlay)
    expected = default()
    expected["tasks"] = {"parsing": {**expected["tasks"]["parsing"], "epochs": 7}}
    village = {**expected["stimuli"]["village"], "sentences": 3}
    expected["stimuli"] = {"village": village, "mine": STIMULI}
    assert config == expected
    assert "only" not in config


def test_only_means_what_nulls_by_name_mean(tmp_path):
    named = {"stimuli": {"mine": STIMULI}, "trajectory": {"stimuli": ["mine"]}}
    nulls = {**named, "stimuli": {**dict.fromkeys(default()["stimuli"]), **named["stimuli"]}}
    config, files = laid_over(tmp_path, {**named, "only": ["stimuli"]})
    check(config, files, SCHEMA)
    assert canonical(config) == canonical(without_removed(merged(default(), nulls)))


def test_the_last_file_that_says_only_of_a_section_decides(tmp_path):
    first = {"only": ["stimuli", "probes"], "stimuli": {"one": STIMULI, "two": STIMULI}}
    second = {"stimuli": {"three": STIMULI}}
    config, _ = laid_over(tmp_path, first, second)
    assert set(config["stimuli"]) == {"one", "two", "three"}
    assert config["probes"] == {}
    # A later `only` of another section leaves the first one in force.
    tasks = {"only": ["tasks"], "tasks": {"parsing": {}}}
    config, _ = laid_over(tmp_path, first, merged(second, tasks))
    assert set(config["stimuli"]) == {"one", "two", "three"}
    assert (set(config["tasks"]), config["probes"]) == ({"parsing"}, {})
    # Of the same section it drops what the first brought; an entry of both keeps what both say.
    second = {"only": ["stimuli"], "stimuli": {"two": {"sentences": 4}, "village": {"seed": 8}}}
    config, _ = laid_over(tmp_path, first, second)
    village = {**default()["stimuli"]["village"], "seed": 8}
    assert config["stimuli"] == {"two": {**STIMULI, "sentences": 4}, "village": village}


def test_entries_of_the_command_line_and_after_an_only_stay(tmp_path):
    overlay = {"only": ["stimuli"], "stimuli": {"mine": STIMULI}}
    later = {"stimuli": {"market": {"sentences": 5}}}
    command_line = {"stimuli": {"village": {"sentences": 6}}}
    config, _ = laid_over(tmp_path, overlay, later, command_line=command_line)
    assert {name: entry["sentences"] for name, entry in config["stimuli"].items()} == {
        "village": 6,
        "market": 5,
        "mine": 9,
    }


def test_a_null_under_only_removes_what_it_would_remove(tmp_path):
    overlay = {"only": ["stimuli"], "stimuli": {"mine": STIMULI, "village": None}}
    config, _ = laid_over(tmp_path, overlay)
    assert set(without_removed(config)["stimuli"]) == {"mine"}


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("probes", "only: found 'probes'; allowed: array; a list stands in brackets, as [1, 2]"),
        (None, "only: found None; allowed: array"),
        ({"probes": 1}, "only: found {'probes': 1}; allowed: array"),
        (["probe"], "only.0: found 'probe'; allowed: encoders | corpora | tasks | stimuli | pro"),
        (["probes", "probes"], "only: found ['probes', 'probes']; allowed: each value once"),
        (["probes", ["tasks"]], "only.1: found ['tasks']; allowed: encoders | corpora | tasks"),
        (["probes", "corpora"], "only.1: found 'corpora', and no entry of it in this file or a "),
        (["trajectory"], "only.0: found 'trajectory'; allowed: encoders | corpora | tasks | stim"),
    ],
)
@pytest.mark.parametrize("later", [{}, {"only": ["probes"]}])
def test_a_wrong_only_is_named_with_its_own_file(tmp_path, only, expected, later):
    with pytest.raises(InputError) as caught:
        laid_over(tmp_path, {"only": only}, later)
    (message,) = str(caught.value).splitlines()
    assert message.startswith(f"{tmp_path}/a.yaml: {expected}")


def test_only_means_nothing_in_the_first_file_or_on_the_command_line(tmp_path):
    allowed = "found here; allowed: in a file that is laid over config.yaml"
    with pytest.raises(InputError) as caught:
        laid_over(tmp_path, command_line={"only": ["probes"]})
    assert str(caught.value) == f"--config: only: {allowed}"
    first = tmp_path / "config.yaml"
    first.write_text("only: [probes]\n")
    with pytest.raises(InputError) as caught:
        with_only(default(), [first], SCHEMA)
    assert str(caught.value) == f"{first}: only: {allowed}"


def test_what_still_names_a_dropped_entry_is_told_who_dropped_it(tmp_path):
    overlay = {"only": ["stimuli", "corpora"], "corpora": {"harbour": {}, "market": {}}}
    overlay["stimuli"] = {"mine": STIMULI}
    config, files = laid_over(tmp_path, overlay)
    with pytest.raises(InputError) as caught:
        check(config, files, SCHEMA)
    study = tmp_path / "a.yaml"
    assert str(caught.value).splitlines() == [
        f"{DEFAULT}: tasks.question_answering.corpus: found 'laboratory', no corpus of that name; "
        f"allowed: harbour, market; `only` in {study} leaves laboratory out",
        f"{DEFAULT}: probes.village.corpus: found 'village', no corpus of that name; "
        f"allowed: harbour, market; `only` in {study} leaves village out",
        f"{DEFAULT}: trajectory.stimuli.0: found 'village'; allowed: mine; "
        f"`only` in {study} leaves village out",
    ]


# --- Paths beside the study that names them -------------------------------------------------------


def folder_encoder(path):
    return {"source": "folder", "path": path, "layers": 2}


def beside(files, command_line=None):
    """Some files of a study, by path and content, merged, with their paths as they are then."""
    config = {}
    for path, content in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        config = merged(config, yaml.safe_load(path.read_text()))
    return beside_their_study(merged(config, command_line or {}), list(files), command_line)


def test_a_relative_path_lies_beside_the_file_that_says_it(tmp_path):
    first = {
        "data_dir": "texts",
        "encoders": {"a": folder_encoder("a"), "b": folder_encoder("./b")},
    }
    second = {"encoders": {"b": {"path": "../b"}}, "seeds": [1]}
    found = beside({tmp_path / "one/x.yaml": first, tmp_path / "two/y.yaml": second})
    assert found["data_dir"] == f"{tmp_path}/one/texts"
    paths = {name: encoder["path"] for name, encoder in found["encoders"].items()}
    assert paths == {"a": f"{tmp_path}/one/a", "b": f"{tmp_path}/two/../b"}
    assert found["seeds"] == [1]


@pytest.mark.parametrize("path", ["/a", "~/a", "~", "$HOME/a", "${HOME}/a"])
def test_other_paths_stay_as_they_are(tmp_path, path):
    content = {"data_dir": path, "encoders": {"a": folder_encoder(path)}}
    assert beside({tmp_path / "one/x.yaml": content}) == content


def test_what_the_command_line_says_is_relative_to_the_working_folder(tmp_path):
    files = {tmp_path / "one/x.yaml": {"data_dir": "texts", "seeds": [1]}}
    for told in ("texts", "other"):
        assert beside(files, {"data_dir": told})["data_dir"] == told


def test_an_encoder_that_stands_twice_is_found_once(tmp_path):
    text = "encoders:\n  a: &a {source: folder, path: here, layers: 2}\n  b: *a\n"
    found = beside({tmp_path / "one/x.yaml": text})
    assert {e["path"] for e in found["encoders"].values()} == {f"{tmp_path}/one/here"}


@pytest.mark.parametrize(
    "wrong", [{}, {"data_dir": 3}, {"data_dir": None}, {"encoders": [1]}, {"encoders": {"a": "b"}}]
)
def test_paths_of_another_shape_are_left_to_the_check(tmp_path, wrong):
    assert beside({tmp_path / "one/x.yaml": wrong}) == wrong


def test_what_is_not_there_is_said_of_the_file_and_the_place(tmp_path):
    study = tmp_path / "one/x.yaml"
    mine = {"mine": {"text": {"source": "files", "test": "a.txt"}}}
    overlay = {"data_dir": "texts", "corpora": mine, "encoders": {"e": folder_encoder("nowhere")}}
    study.parent.mkdir()
    study.write_text(yaml.safe_dump(overlay))
    files = [DEFAULT, study]
    with pytest.raises(InputError) as caught:
        check(beside_their_study(merged(default(), overlay), files), files, SCHEMA)
    encoder, text = str(caught.value).splitlines()
    assert encoder.startswith(
        f"{study}: encoders.e.path: found '{tmp_path}/one/nowhere'; allowed: a "
    )
    assert text.startswith(
        f"{study}: corpora.mine.text.test: found '{tmp_path}/one/texts/a.txt'; al"
    )


# --- What another workflow hands over -------------------------------------------------------------


def test_a_configuration_without_a_file_is_called_by_its_name():
    given = {"seeds": [0.5], "only": ["stimuli"], "stimuli": {"mine": STIMULI}}
    files = [DEFAULT, ("configuration of module a", given)]
    config = with_only(merged(default(), given), files, SCHEMA)
    assert list(config["stimuli"]) == ["mine"]
    with pytest.raises(
        InputError, match=r"^configuration of module a: seeds\.0: found 0\.5; allowed"
    ):
        check(config, files, SCHEMA)


def test_its_paths_are_relative_to_the_working_folder():
    given = {"data_dir": "texts"}
    files = [DEFAULT, ("configuration of module a", given)]
    assert beside_their_study(merged(default(), given), files)["data_dir"] == "texts"
