"""The plan of a study, over the default, smoke, open and paper studies, without Snakemake."""

import inspect
import re

import pytest

from bertology.corpora.kinds import FORMATS
from bertology.errors import InputError
from bertology.figures.registry import FIGURES
from bertology.study.plan import Study, reader_module
from study_plans import REPOSITORY, plan

STUDIES = ["default", "smoke", "open", "paper"]
every_study = pytest.mark.parametrize("study", STUDIES, indirect=True)


@pytest.fixture
def study(request) -> Study:
    return plan(request.param)


@every_study
def test_runs_are_all_combinations_and_none_twice(study):
    config = study.config
    tasks, seeds = len(config["tasks"]), len(config["seeds"])
    assert len(study.tuned_runs()) == len(study.encoders) * tasks * seeds
    variants = sum(len(study.ablations(encoder)) for encoder in study.encoders)
    assert len(study.ablated_runs()) == variants * tasks * seeds
    files = study.run_files(study.all_runs(), "scores.csv")
    assert len(set(files)) == len(files)


@every_study
def test_comparisons_are_those_of_the_methods(study):
    """On each text and encoder: a floor, a null; of each task runs and pairs of seeds."""
    seeds = len(study.config["seeds"])
    tasks = len(study.config["tasks"])
    expected = 2 + tasks * (seeds + seeds * (seeds - 1) // 2)
    rows = study.comparisons()
    texts = len(study.stimuli) * len(study.encoders)
    everywhere = [row for row in rows if row["comparison"] not in ("perturbed", "own_change")]
    assert len(everywhere) == expected * texts
    # No pair twice; a model and text have one file.
    pairs = {(row["stimuli"], row["model"], row["reference"]) for row in rows}
    assert len(pairs) == len(rows)
    files = study.comparison_files(rows, ".csv")
    assert len(set(files)) == len({(row["stimuli"], row["model"]) for row in rows})
    by = {kind: sum(row["comparison"] == kind for row in rows) for kind in ("tuned", "floor")}
    assert by["tuned"] == by["floor"] * tasks * seeds
    # The same of weights, once, without the null.
    assert len(study.weight_comparisons()) == (expected - 1) * len(study.encoders)


@every_study
def test_noise_is_held_against_change_on_own_and_on_neutral_text(study):
    rows = [row for row in study.comparisons() if row["comparison"] == "perturbed"]
    neutral = {row["stimuli"] for row in study.comparisons() if row.get("domain") == "neutral"}
    for task in study.config["tasks"]:
        texts = {row["stimuli"] for row in rows if row["task"] == task}
        assert texts == neutral | {study.perturbation_stimuli(task)}


@pytest.mark.parametrize(("asked", "expected"), [(1, "mnn"), (2, "mmn"), (9, "mmm"), (None, "mmm")])
def test_the_lowest_seeds_have_controls(asked, expected):
    probing = plan("default").config["probing"] | {"controls": "mix", "control_seeds": asked}
    study = plan("default", seeds=[7, 3, 5], probing=probing)
    assert "".join(study.controls(seed)[0] for seed in (3, 5, 7)) == expected


def test_each_run_has_a_perturbed_encoder_where_the_study_asks_for_them():
    study = plan("smoke")
    runs = study.perturbations()
    assert len(runs) == len(study.tuned_runs())
    # The task's own text in its own form, or the first one.
    assert {run["task"]: run["stimuli"] for run in runs} == {
        "parsing": "harbour",
        "inference": "harbour",
        "question_answering": "laboratory",
    }
    files = study.perturbation_comparisons("perturbed")
    assert len(set(files)) == len(runs)
    rows = study.comparisons()
    for name in ("tuned", "perturbed"):
        of_kind = [row for row in rows if row["comparison"] == name]
        of_study = study.comparison_files(of_kind, ".csv")
        assert set(study.perturbation_comparisons(name)) <= set(of_study)
    models = {row["model"] for row in rows if row["comparison"] == "perturbed"}
    folders = {f"{study.paths.full_run.format(**run)}/perturbed" for run in runs}
    assert {study.model_folder(model) for model in models} == folders
    without = plan("smoke", similarity={"perturbed_items": 0})
    assert not any(row["comparison"] == "perturbed" for row in without.comparisons())
    assert without.perturbations() == without.perturbed_tables() == []
    assert set(study.recorded_tables()) - set(without.recorded_tables()) == {"perturbed"}


@every_study
def test_own_changes_are_measured_on_own_and_on_neutral_text(study):
    rows = [row for row in study.comparisons() if row["comparison"] == "own_change"]
    stimuli, tasks = study.config["stimuli"], study.config["tasks"]
    expected = {
        (text, task)
        for text, settings in stimuli.items()
        for task in tasks
        if settings["corpus"] not in {each["corpus"] for each in tasks.values()}
        or (settings["corpus"] == tasks[task]["corpus"] and settings["form"] == "own")
    }
    assert {(row["stimuli"], row["task"]) for row in rows} == expected
    assert len(rows) == len(expected) * len(study.encoders) * len(study.config["seeds"])
    for row in rows:
        run = "{encoder}/{task}/full/seed-{seed}".format(**row)
        assert (row["model"], row["reference"]) == (f"{run}/transplanted", row["encoder"])
        transplanted = study.paths.transplanted.format(**row)
        assert study.paths.activations.format(**row) == transplanted


def test_a_study_may_leave_transplants_out():
    study, without = plan("default"), plan("default", transplants=None)
    kept = [row for row in study.comparisons() if row["comparison"] != "own_change"]
    assert without.comparisons() == kept
    assert without.reverted_runs() == without.revert_files() == without.revert_tables() == []
    assert study.reverted_runs() == study.tuned_runs()
    assert len(set(study.revert_files())) == len(study.tuned_runs())
    assert "reverts" in study.shown_tables() and "reverts" not in without.recorded_tables()
    assert {run["variant"] for run in study.untuned_runs()} == {"untuned"}
    assert len(study.untuned_runs()) == len(study.tuned_runs())


def test_a_study_may_put_nothing_back_and_have_what_layers_change_by_themselves():
    study, without = plan("default"), plan("default", transplants={"examples": 0, "seed": 1})
    assert without.comparisons() == study.comparisons()
    assert without.reverted_runs() == without.revert_files() == without.revert_tables() == []
    assert {each.name for each in study.figures()} - {each.name for each in without.figures()} == {
        "transplants"
    }


@every_study
def test_every_text_is_probed_on_every_model(study):
    rows = study.probed()
    probes = sum(len(study.phenomena(text)) for text in study.config["probes"])
    seeds = study.config["seeds"]
    models = (2 + len(study.config["tasks"])) * len(seeds)
    assert len(rows) == probes * models * len(study.encoders)
    files = study.probe_files(rows, "scores.csv")
    assert len(set(files)) == len(rows)
    for row, file in zip(rows, files, strict=True):
        assert row["seed"] in seeds
        assert file.endswith(f"/{row['model']}/probe-seed-{row['seed']}/scores.csv")
        if row["comparison"] == "tuned":
            assert row["model"].endswith(f"/seed-{row['seed']}")


@every_study
def test_steps_of_a_run_are_probed_with_the_seed_of_the_run(study):
    """So that a change in a trajectory is a difference within a seed too."""
    rows, files = study.traced_structure(), study.traced_structure_files()
    for row, file in zip(rows, files, strict=True):
        assert file.endswith(f"/{row['model']}/probe-seed-{row['seed']}/scores.csv")
    probed = set(study.probe_files(study.probed(), "scores.csv"))
    ends = [file for row, file in zip(rows, files, strict=True) if row["step"] in (0, "")]
    assert set(ends) <= probed


def test_a_probe_shares_a_corpus_with_the_task_that_was_tuned_on_it():
    shared = {
        (row["text"], row["task"]): row["shared_corpus"]
        for row in plan("open").probed()
        if row["comparison"] == "tuned"
    }
    tuned_on = [pair for pair, value in shared.items() if value]
    assert tuned_on == [("ewt", "parsing"), ("uds", "parsing")]


@every_study
def test_trajectories_begin_at_the_pretrained_encoder_and_end_at_the_tuned_one(study):
    steps, seeds = (study.config["trajectory"][key] for key in ("steps", "seeds"))
    rows = study.traced()
    runs = [run for run in study.tuned_runs() if run["seed"] in seeds]
    assert len(rows) == len(runs) * (len(steps) + 2)
    for number, run in enumerate(runs):
        own = rows[number * (len(steps) + 2) : (number + 1) * (len(steps) + 2)]
        assert [row["step"] for row in own] == [0, *steps, ""]
        assert own[0]["model"] == run["encoder"]
        assert [study.checkpoint(row["model"]) for row in own] == [
            *("", *(f"step-{step}" for step in steps), "")
        ]
        folders = {study.model_folder(row["model"]) for row in own[1:-1]}
        full = study.paths.full_run.format(**run)
        assert folders <= {study.paths.trace.format(**run)}
        # Fine-tuning, which does not wait for it, replaces its own folder as a whole.
        assert not any(folder.startswith(f"{full}/") for folder in folders)
        assert study.model_folder(own[-1]["model"]) == f"{full}/encoder"
    assert len(study.traced_structure_files()) == len(study.traced_structure())


@every_study
def test_each_file_that_a_row_names_fits_one_pattern_and_no_other(study):
    """So that Snakemake finds one rule for it, and the wildcards that the row was made from."""
    name = "[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*"
    run = f"{name}/{name}/full/seed-[0-9]+"
    values = {
        "model": f"{name}|{run}(?:/step-[0-9]+|/perturbed|/transplanted)?",
        "probe_seed": "[0-9]+",
    }
    for rows, pattern in (
        (study.comparisons(), study.paths.similarity),
        (study.weight_comparisons(), study.paths.weights),
        ([{**row, "probe_seed": row["seed"]} for row in study.probed()], study.paths.probe),
    ):
        regex = re.sub(
            r"\\{(\w+)\\}",
            lambda match: f"(?P<{match[1]}>{values.get(match[1], name)})",
            re.escape(pattern),
        )
        for row in rows:
            found = re.fullmatch(regex, pattern.format(**row))
            assert found.groupdict() == {key: str(row[key]) for key in found.groupdict()}


@every_study
def test_figures_are_drawn_from_tables_that_the_study_has(study):
    tables = {*study.recorded_tables(), "claim_cells"}
    for figure in study.figures():
        assert set(figure.tables) <= tables, figure.name
    assert set(study.shown_tables()) <= tables


def test_a_study_without_something_has_no_figure_of_it():
    sizes = {"percents": [10], "variants": ["full"]}
    everything = plan("default", transplants={"examples": 200}, training_sizes=sizes)
    names = set(everything.figure_names())
    assert names == set(FIGURES)
    bare = plan(
        "default",
        transplants=None,
        ablations={"untuned": False, "freeze": [], "keep": []},
        trajectory={"steps": [], "seeds": [], "stimuli": [], "structure": []},
        probes={"village": {"structure": False}},
    )
    assert names - set(bare.figure_names()) == {
        "ablations",
        "trajectory",
        "structure",
        "training_sizes",
        "transplants",
    }


SHOW_TITLES = ("title", "claims_about")


def planned(study: Study) -> dict:
    """All that the plan says, method by method, of each name that it may be asked about."""
    names = {
        "task": study.config["tasks"],
        "encoder": study.encoders,
        "stimuli": study.stimuli,
        "text": study.config["probes"],
    }
    found: dict = {"rest of the configuration": {**study.config, "titles": None}}
    for name, member in inspect.getmembers(Study):
        if name.startswith("_") or name in SHOW_TITLES or name == "paths":
            continue
        if isinstance(member, property):
            found[name] = getattr(study, name)
        else:
            wanted = list(inspect.signature(member).parameters)[1:]
            if not wanted:
                found[name] = getattr(study, name)()
            elif len(wanted) == 1 and wanted[0] in names:
                found[name] = [getattr(study, name)(each) for each in names[wanted[0]]]
    return found


@pytest.mark.parametrize("section", ["encoders", "tasks", "stimuli", "probes"])
def test_a_title_reaches_figures_verdicts_and_the_page_and_nothing_else(section):
    """Rules take their parameters from the plan, or from its configuration without the titles."""
    (name, *_) = plan("default").config[section]
    one, other = (plan("default", **{section: {name: {"title": t}}}) for t in ("One", "$2"))
    assert planned(one) == planned(other)
    assert one.title(section, name) == "One"
    shown = [figure.settings(other.config)["titles"] for figure in other.figures()]
    assert {titles[section][name] for titles in shown if section in titles} == {"$2"}
    assert plan("open").title("stimuli", "ewt") == "EWT"
    assert plan("open").title("stimuli", "mnli-single") == "MNLI, single"


def test_what_the_plan_says_of_settings_is_in_what_is_compared():
    """So that the test of titles looks at what becomes parameters of training and of sampling."""
    found = planned(plan("default"))
    assert {"task_settings", "encoder_source", "traced_similarity", "domain_contrasts"} <= set(
        found
    )


def test_titles_do_not_keep_a_text_from_being_the_same_in_single_segments():
    titled = plan(
        "default", stimuli={"market": {"title": "One"}, "market-single": {"title": "Two"}}
    )
    assert titled.domain_contrasts() == plan("default").domain_contrasts()


def test_every_figure_has_its_function_and_its_caption():
    folder = REPOSITORY / "workflow_scripts/bertology/figures"
    for figure in FIGURES.values():
        source = (folder / f"{figure.module}.py").read_text()
        assert re.search(rf"^def plot_{figure.name}\(", source, flags=re.MULTILINE)
        assert (REPOSITORY / "report" / f"{figure.name}.rst").is_file()


def test_ablations_are_the_layers_that_the_configuration_says():
    all_layers = {"untuned": True, "freeze": "all", "keep": "all"}
    study = plan("default", ablations=all_layers)
    assert study.ablations("minilm") == [
        "untuned",
        *(f"freeze-{number}" for number in range(6)),
        *(f"keep-{number}" for number in range(1, 6)),
    ]
    assert plan("default").ablations("minilm") == ["untuned", "freeze-4", "keep-2"]


def test_a_permuted_reference_is_its_model_with_a_seed():
    study, both = plan("smoke"), ["permuted/tiny", "tiny"]
    assert study.permutation_seeds(both) == [study.config["similarity"]["seed"], None]
    permuted, plain = study.reference_activations(both, "notes")
    assert permuted == plain


def test_a_seed_more_is_compared_with_those_before_it_and_changes_no_other_job():
    two, three = plan("smoke", seeds=[1, 2]), plan("smoke", seeds=[1, 2, 3])
    model = "tiny/parsing/full/seed-{}"
    for number, earlier in ((1, ()), (2, (1,)), (3, (1, 2))):
        references = ["tiny", *map(model.format, earlier)]
        assert three.references(model.format(number), "harbour") == references
        assert three.weight_references(model.format(number)) == references
        if number < 3:
            assert two.references(model.format(number), "harbour") == references


def test_along_a_trajectory_nothing_is_resampled():
    study = plan("smoke")
    (stimuli,) = study.config["trajectory"]["stimuli"]
    assert study.references("tiny", stimuli) == ["permuted/tiny", "tiny"]
    assert study.resampled_references("tiny", stimuli) == ["permuted/tiny"]
    step = next(row["model"] for row in study.traced() if row["step"])
    assert study.references(step, stimuli) == ["tiny"]
    with pytest.raises(InputError, match=f"found no comparison of {step} on {stimuli}"):
        study.resampled_references(step, stimuli)


def test_tokens_are_sampled_once_for_an_encoder_and_all_that_came_from_it():
    study = plan("smoke")
    samples = {
        file
        for row in study.comparisons()
        for file in study.sampled_tokens(row["model"], [row["reference"]], row["stimuli"])
    }
    assert len(samples) == len(study.stimuli)


@every_study
def test_what_was_left_out_is_looked_for_in_each_step(study):
    summaries = study.summaries()
    steps = {step["step"] for step, _ in summaries}
    expected = {"task", "stimuli", "activations", "fine-tuning"}
    expected |= {"probe data", "probe"} if study.config["probes"] else set()
    expected |= {"corpus"} if study.used_files() else set()
    assert steps == expected
    assert len({path for _, path in summaries}) == len(summaries)


def test_readers_are_loaded_by_the_name_of_their_kind():
    study = plan("open")
    assert study.corpus_modules("ewt/treebank") == [reader_module("treebank")]
    assert study.corpus_modules("ewt/part_of_speech")[0] == reader_module("edges")
    assert set(study.annotations("grammar", "files", "hub")) == {
        f"{corpus}/{kind}" for corpus, kinds in study.config["corpora"].items() for kind in kinds
    }
    assert all(study.task_kind(task) in FORMATS for task in study.config["tasks"])


def test_probes_know_what_text_the_tasks_learn_from():
    study = plan("open")
    assert study.task_texts() == {
        "inference": {"kind": "inference", "language": "en"},
        "parsing": {"kind": "treebank", "language": "en"},
        "question_answering": {"kind": "questions", "language": "en"},
    }
    stimuli = study.config["stimuli"]
    other = plan("open", stimuli={"ewt": {**stimuli["ewt"], "language": "no"}}).task_texts()
    assert [other[task]["language"] for task in ("parsing", "inference")] == ["no", "en"]
    assert study.shared_corpus("ewt", "parsing") and study.shared_corpus("uds", "parsing")
    assert not study.shared_corpus("gum", "parsing")
    assert not study.shared_corpus("ewt", "inference")
