"""Each leaf of the configuration makes the jobs stale that it must: none too many, none too few.

Every leaf of the smoke study is changed, in turn, to another value that the schema allows. What
Snakemake would run then is held against two things: which jobs are told something else, or read
from one that is (`reruns.py`); and FIRST, which says in the words of the study, not of the rules,
what each leaf is a setting of.
"""

import json
import shutil
from fnmatch import fnmatch

import pytest
import yaml

from bertology.configuration import check, with_latest_sources, with_only, without_removed
from bertology.errors import InputError
from leaves import Leaves, with_value
from overlays import merged
from plans import Planner, Question
from reruns import first, stale, told_otherwise, with_all_below

pytestmark = pytest.mark.workflow
STUDY = "studies/smoke.yaml"
PAGE = "write_summary_page"
"""It shows the configuration, so each leaf is a setting of it."""
NOTHING = ""
TRAINING = "finetune_encoder trace_encoder ablate_layers"
TABLES_OF_SIMILARITY = "tabulate_results summarise_similarity compare_domains judge_claims"
OTHER_TABLES = "summarise_ablations summarise_training_sizes summarise_reverts summarise_probes"
UNUSED = ("part_of_speech", "constituents", "entities", "semantic_roles", "proto_roles")
"""Of the village's annotations, those that this study does not use."""

FIRST = {
    "study": "fetch_encoder write_grammar_corpus fetch_file",
    "seeds": "finetune_encoder ablate_layers probe_edges probe_structure",
    "precision": TRAINING,
    "gpus": NOTHING,
    "encoders.tiny.title": "plot_figure judge_claims",
    "encoders.tiny.floor": "cache_activations compare_weights",
    "encoders.*.title": "plot_figure",
    "encoders.*.floor": NOTHING,
    "encoders.*": "fetch_encoder",
    "fine_tuned_encoders": f"{TRAINING} cache_activations compare_weights",
    **{f"corpora.village.{kind}.*": NOTHING for kind in UNUSED},
    "corpora.notes.text.*": "fetch_corpus",
    "corpora.*": "write_grammar_corpus",
    "downloads.*.sha256": "fetch_file",
    "downloads.*": NOTHING,
    "*.title": "plot_figure",
    # Its old text is nobody's now, where other tasks' own changes are looked at too.
    "tasks.parsing.corpus": "prepare_task cache_activations transplant_layers",
    "tasks.*.limits.*": "prepare_task",
    "*.dev_fraction": NOTHING,  # the corpora have dev splits
    "tasks.*": TRAINING,
    "ablations.freeze": "ablate_layers",
    "ablations.keep": "tabulate_results summarise_ablations judge_claims",
    "training_sizes.percents": "ablate_layers",
    "training_sizes.variants": "summarise_training_sizes",
    "stimuli.notes.language": NOTHING,
    "stimuli.*.language": "prepare_probe",  # by it a task's text is cut, which probes must not have
    # Question answering has no text in its own form then; noise is matched on the first text.
    "stimuli.laboratory.form": "sample_stimuli perturb_encoder",
    "stimuli.*.form": TABLES_OF_SIMILARITY,  # nothing to cut: the same text by another name
    "stimuli.*": "sample_stimuli",
    "activations.tokens_per_batch": "cache_activations transplant_layers perturb_encoder",
    "activations.keep": NOTHING,
    "similarity.measures": "compare_representations",
    "similarity.perturbed_items": "perturb_encoder",
    "similarity.*": "sample_tokens perturb_encoder",
    "transplants": TABLES_OF_SIMILARITY,
    "transplants.*": "revert_layers",
    "probes.*.phenomena": "write_grammar_corpus",
    "probes.*": "prepare_probe",
    "probing.structure.*": "probe_structure",
    "probing.*": "probe_edges",
    "intervals.level": f"{OTHER_TABLES} summarise_similarity compare_domains judge_claims",
    "intervals.*": f"{OTHER_TABLES} resample_similarity",
    "claims.*": "judge_claims",
    "trajectory.stimuli": "cache_activations compare_representations",
    "trajectory.structure": "tabulate_trajectory",
    "trajectory.*": "trace_encoder",
}
"""The rules whose jobs run first, by leaf; the first pattern that fits counts."""
OF_ENTRY = {"tasks": "task", "stimuli": "stimuli", "probes": "text", "encoders": "encoder"}
"""The wildcard that holds an entry's name, by section."""

NOT_ALONE = (
    *("data_dir", "*.source", "encoders.*.like", "encoders.tiny*.layers", "tasks.*.kind"),
    *("encoders.tiny.config.num_hidden_layers", "tasks.inference.corpus", "ablations.untuned"),
    *("tasks.question_answering.corpus", "stimuli.*.kind", "stimuli.laboratory.corpus"),
    *("stimuli.notes.corpus", "probes.village.corpus", "probes.village.structure"),
)
"""Leaves of which no other value is allowed while all others stay."""


def is_fixed(leaf):
    return any(fnmatch(leaf, pattern) for pattern in NOT_ALONE)


def configuration(folder):
    """The smoke study as Snakemake has it after the checks."""
    files = [folder / "config.yaml", folder / STUDY]
    schema = folder / "schemas/config.schema.yaml"
    config = merged(*(yaml.safe_load(path.read_text()) for path in files))
    config["data_dir"] = str(folder / "studies")  # wherever the file lies that says so
    config = with_latest_sources(without_removed(with_only(config, files, schema)), files)
    return config, schema


class Study:
    """The finished smoke study, and what would run in it if its configuration were another."""

    def __init__(self, workflow, scratch):
        self.folder, self.scratch = workflow.folder, scratch
        self.config, self.schema = configuration(self.folder)
        schema = yaml.safe_load(self.schema.read_text())
        del schema["properties"]["only"]  # of a file, not of the configuration
        self.leaves = Leaves(self.config, schema)
        self.planner = Planner(self.folder, STUDY)
        self.before = self.planner.plan(STUDY)

    def allowed(self, config):
        try:
            check(config, [], self.schema)
        except InputError:
            return False
        return True

    def written(self, name, config):
        """Write a configuration that stands alone; its path."""
        sections = ["encoders", "corpora", "tasks", "stimuli", "probes"]
        path = self.scratch / f"{name.replace('/', '_')}.json"
        path.write_text(json.dumps({**config, "only": sections}))
        return str(path)

    def wrong(self, changes, rules):
        """Plan some configurations, by name; say what is not as plans and `rules` have it."""
        questions = [Question(self.written(*change)) for change in changes.items()]
        plans = self.planner.plans(questions)
        found = {
            name: list(self._wrong(name, plan, rules))
            for name, plan in zip(changes, plans, strict=True)
        }
        return {name: problems for name, problems in found.items() if problems}

    def _wrong(self, name, plan, rules):
        told = told_otherwise(self.before, plan)
        must, would = with_all_below(plan, told), stale(plan)
        if must != would:
            yield f"too few: {sorted(must - would)}, too many: {sorted(would - must)}"
        jobs = [plan[job] for job in first(plan, told)]
        found = {job.rule for job in jobs} - {PAGE}
        wanted = next(value for pattern, value in rules.items() if fnmatch(name, pattern))
        if found != set(wanted.split()):
            yield f"first: {sorted(found)}, not {wanted}"
        section, entry, *_ = *name.split("."), None
        of_others = [
            job for job in jobs if job.wildcards.get(OF_ENTRY.get(section), entry) != entry
        ]
        if of_others and "+" not in name and name != "tasks.parsing.corpus":
            yield f"of another: {of_others}"


@pytest.fixture(scope="module")
def study(smoke, tmp_path_factory):
    study = Study(smoke, tmp_path_factory.mktemp("leaves"))
    yield study
    study.planner.close()


def test_nothing_is_stale_and_jobs_read_from_one_another(study):
    assert stale(study.before) == set()
    assert len(study.before) > 300
    assert with_all_below(study.before, first(study.before, set(study.before))) == set(study.before)


def test_each_leaf_runs_what_it_must_and_no_more(study):
    """Only leaves that cannot change alone are left out, and these are named."""
    leaves = study.leaves.all()
    others = {str(leaf): next(study.leaves.others(leaf, study.allowed), None) for leaf in leaves}
    fixed = {name for name, other in others.items() if other is None}
    assert set(filter(is_fixed, others)) == fixed
    changed = {name: other for name, other in others.items() if other is not None}
    assert len(changed) > 180
    assert study.wrong(changed, FIRST) == {}


def from_files(kind, block):
    """The same kind of annotation, from files."""
    formats = {} if kind in ("treebank", "inference", "questions", "text") else {"format": "edges"}
    splits = {split: "smoke.txt" for split in ("train", "dev", "test") if split in block}
    return {"source": "files", **formats, **splits}


def together(config, data_dir):
    """Changes for leaves that cannot change alone: keys and values, by the leaves' names.

    data_dir: another folder with the same files.
    """
    yield "data_dir", [(("data_dir",), str(data_dir))]
    hub = {"source": "hub", "repository": "some/encoder", "revision": "c0ffee01" * 5}
    for name, entry in config["encoders"].items():
        kept = {key: entry[key] for key in ("layers", "floor", "title") if key in entry}
        yield f"encoders.{name}.source", [(("encoders", name), {**hub, **kept})]
    tiny, other = ("encoders", "tiny"), {"source": "random", "like": "minilm", "seed": 9}
    yield (
        "encoders.tiny.config.num_hidden_layers + encoders.tiny.layers"
        " + encoders.tiny-random.layers",
        [
            ((*tiny, "config", "num_hidden_layers"), 3),
            ((*tiny, "layers"), 3),
            (("encoders", "tiny-random", "layers"), 3),
        ],
    )
    more = (("encoders", "other"), {**other, "layers": 6})
    yield "encoders.tiny.like + encoders.other", [more, ((*tiny, "like"), "other")]
    smaller = {**other, "layers": 2, "config": {"num_hidden_layers": 2}}
    yield "encoders.tiny-random.like", [(("encoders", "tiny-random"), smaller)]
    for name, kinds in config["corpora"].items():
        for kind, block in kinds.items():
            if block["source"] == "grammar":
                key = ("corpora", name, kind)
                yield f"{'.'.join(key)}.source", [(key, from_files(kind, block))]
    yield "tasks.inference.kind", [(("tasks", "inference"), config["tasks"]["parsing"])]
    for task, corpus, kind in (
        ("inference", "market", "inference"),
        ("question_answering", "laboratory", "questions"),
    ):
        fair = (("corpora", "fair"), {kind: {**config["corpora"][corpus][kind], "seed": 9}})
        yield f"tasks.{task}.corpus + corpora.fair", [fair, (("tasks", task, "corpus"), "fair")]
        if task == "question_answering":
            of_stimuli = (("stimuli", "laboratory", "corpus"), "fair")
            yield "stimuli.laboratory.corpus + corpora.fair", [fair, of_stimuli]
    variants = (("training_sizes", "variants"), ["full", "freeze-1"])
    yield (
        "ablations.untuned + training_sizes.variants",
        [variants, (("ablations", "untuned"), False)],
    )
    trees = {"corpus": "village", "kind": "treebank", "split": "test"}
    for name, entry in config["stimuli"].items():
        pairs = {**trees, "corpus": "market", "kind": "inference"}
        other = {**entry, **(pairs if name == "harbour" else trees)}
        yield f"stimuli.{name}.kind + stimuli.{name}.corpus", [(("stimuli", name), other)]
    town = (("corpora", "town"), config["corpora"]["village"])
    yield "probes.village.corpus + corpora.town", [town, (("probes", "village", "corpus"), "town")]
    yield (
        "probes.village.structure + trajectory.structure",
        [(("trajectory", "structure"), []), (("probes", "village", "structure"), False)],
    )


FIRST_TOGETHER = {
    "data_dir": "fetch_corpus",  # files in another place are other files, whatever is in them
    "encoders.*": "fetch_encoder",
    **{f"corpora.village.{kind}.source": NOTHING for kind in UNUSED},
    "corpora.*": "fetch_corpus",
    "tasks.*.kind": "prepare_task",
    # As for parsing in FIRST.
    "tasks.question_answering.*": "write_grammar_corpus cache_activations transplant_layers",
    "tasks.*": "write_grammar_corpus",
    "stimuli.laboratory.corpus*": "write_grammar_corpus perturb_encoder",
    "stimuli.laboratory.*": "sample_stimuli perturb_encoder",
    "stimuli.*": "sample_stimuli",
    "ablations.untuned*": "tabulate_results summarise_ablations summarise_reverts judge_claims "
    "summarise_training_sizes",
    "probes.village.corpus*": "write_grammar_corpus",
    "probes.village.structure*": "gather_probe_text tabulate_trajectory",
}
"""As FIRST, where several leaves change at once."""
SOLE = {"corpora.notes.text.source", "tasks.parsing.kind", "tasks.question_answering.kind"}
"""Plain text comes from files alone; of a task of config.yaml, settings of its kind would stay."""


def test_leaves_that_cannot_change_alone_run_what_they_must_with_others(study, tmp_path):
    changed = {}
    shutil.copytree(study.folder / "studies", tmp_path / "studies")
    for name, changes in together(study.config, tmp_path / "studies"):
        config = study.config
        for key, value in changes:
            config = with_value(config, key, value)
        assert study.allowed(config), name
        changed[name] = config
    covered = {leaf for name in changed for leaf in name.split(" + ")}
    assert {str(leaf) for leaf in study.leaves.all() if is_fixed(str(leaf))} - covered == SOLE
    assert study.wrong(changed, FIRST_TOGETHER) == {}
