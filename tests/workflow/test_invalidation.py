"""After a change, exactly what depends on it is stale: some changes, with jobs counted by hand.

Through `snakemake -n` itself. Every leaf and every file: test_every_leaf.py, test_every_file.py.
"""

import pytest

from stale_jobs import (
    ABLATIONS,
    EDGE_PROBES,
    INTERVALS,
    LEFT_OUT,
    ONE_TASK,
    PAGE,
    PERTURBED,
    REVERTS,
    SIMILARITY,
    SIMILARITY_TABLES,
    figures,
    once,
    tables,
)

pytestmark = pytest.mark.workflow
LIBRARY = "workflow_scripts/bertology"


def test_all_modules_with_a_comment_and_a_docstring_cost_nothing(smoke):
    modules = sorted((smoke.folder / "workflow_scripts").rglob("*.py"))
    texts = {path: path.read_text() for path in modules}
    try:
        for path, text in texts.items():
            path.write_text(text.replace('"""', '"""Said in other words. ', 1) + "\n# A comment.\n")
        assert smoke.stale() == {}
    finally:
        for path, text in texts.items():
            path.write_text(text)


def append_code(smoke, module):
    path = smoke.folder / LIBRARY / module
    path.write_text(path.read_text() + "\nCHANGED = True\n")


@pytest.fixture
def restored(smoke):
    """Put every module back as it was."""
    modules = sorted((smoke.folder / "workflow_scripts").rglob("*.py"))
    texts = {path: path.read_text() for path in modules}
    yield
    for path, text in texts.items():
        path.write_text(text)


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("similarity/rsa.py", {**SIMILARITY, **PERTURBED}),
        (
            "perturbation.py",
            {
                **PERTURBED,
                **{"compare_representations": 12, "resample_similarity": 12},
                "tabulate_perturbed": 1,
                **SIMILARITY_TABLES,
            },
        ),
        ("finetuning/parsing.py", ONE_TASK),
        ("statistics.py", INTERVALS),
        ("corpora/spans/entities.py", {}),
    ],
)
def test_a_changed_line_reruns_what_reaches_it(smoke, restored, module, stale):
    append_code(smoke, module)
    assert smoke.stale() == stale


def test_a_changed_learning_rate_reruns_that_task_alone(smoke):
    with smoke.edited(
        "studies/smoke.yaml", "parsing: {epochs: 1,", "parsing: {learning_rate: 0.1, epochs: 1,"
    ):
        assert smoke.stale() == ONE_TASK


def test_another_stimulus_set_runs_nothing_else(smoke):
    old = "  laboratory: {sentences"
    with smoke.edited("studies/smoke.yaml", old, "  market: {sentences: 12}\n" + old):
        assert smoke.stale() == {
            "sample_stimuli": 1,
            # The new set is inference's own text: its two perturbed encoders are sought on that,
            # and read on the neutral set again.
            "perturb_encoder": 2,
            "cache_activations": 8 + 2 + 2,
            "transplant_layers": 2,
            "sample_tokens": 1,
            "compare_representations": 10 + 2 + 2,
            "resample_similarity": 10 + 2 + 2,
            "tabulate_perturbed": 1,
            **SIMILARITY_TABLES,
            **LEFT_OUT,
        }


def test_another_phenomenon_leaves_the_probes_on_the_same_sentences_alone(smoke):
    with smoke.edited(
        "studies/smoke.yaml", "[dependencies, coref", "[entities, dependencies, coref"
    ):
        stale = smoke.stale()
    # Whether the text has changed is known only when it has been gathered again.
    assert stale["write_grammar_corpus"] == stale["prepare_probe"] == 1
    assert "finetune_encoder" not in stale and "compare_representations" not in stale


def test_changed_settings_of_edge_probes_leave_structural_ones_alone(smoke):
    with smoke.edited("studies/smoke.yaml", "edges: {epochs: 1}", "edges: {epochs: 2}"):
        assert smoke.stale() == EDGE_PROBES


def test_other_intervals_train_nothing(smoke):
    with smoke.edited("studies/smoke.yaml", "{resamples: 100}", "{resamples: 101}"):
        assert smoke.stale() == INTERVALS


def test_another_ablation_leaves_the_others_alone(smoke):
    with smoke.edited("studies/smoke.yaml", "freeze: [1]", "freeze: all"):
        of_parts = {*once("summarise_training_sizes"), *figures("training_sizes")}
        others = {job: count for job, count in ABLATIONS.items() if job not in of_parts}
        assert smoke.stale() == {"ablate_layers": 6, **tables("finetuning"), **others}


def test_another_part_of_the_data_is_trained_on_alone(smoke):
    with smoke.edited("studies/smoke.yaml", "percents: [50]", "percents: [25, 50]"):
        sizes = once("summarise_training_sizes") | figures("training_sizes") | PAGE
        assert smoke.stale() == {"ablate_layers": 18, **sizes}


def test_more_examples_of_reverts_are_scored_alone(smoke):
    with smoke.edited(
        "studies/smoke.yaml", "transplants: {examples: 10}", "transplants: {examples: 12}"
    ):
        assert smoke.stale() == {"revert_layers": 6, **REVERTS}


def test_layout_of_the_configuration_costs_nothing(smoke):
    with smoke.edited("studies/smoke.yaml", "  tokens: 100", "  # Few.\n  tokens: 100"):
        assert smoke.stale() == {}
