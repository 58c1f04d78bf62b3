"""Which jobs of the smoke study a change makes stale: how many of each rule.

Of rules that make different things, each is a key of its own: "plot_figure similarity".
"""


def once(*rules: str) -> dict[str, int]:
    return dict.fromkeys(rules, 1)


def figures(*names: str) -> dict[str, int]:
    return once(*(f"plot_figure {name}" for name in names))


def tables(*names: str) -> dict[str, int]:
    return once(*(f"tabulate_results {name}" for name in names))


PAGE = once("write_summary_page", "lock_study")
CLAIMS = once("judge_claims") | PAGE
# Of the steps that say what they leave out, for the first seed or the pretrained encoder.
LEFT_OUT = once("tabulate_left_out") | PAGE
TRAJECTORY = once("tabulate_trajectory") | figures("trajectory") | PAGE
RESAMPLED_TABLES = {
    **once("summarise_similarity", "compare_domains"),
    **figures("similarity", "transplants", "domains"),
    **CLAIMS,
}
SIMILARITY_TABLES = {
    **tables("similarity"),
    **figures("measures", "token_classes"),
    **RESAMPLED_TABLES,
}
# On each of three stimulus sets: tuned (with the other seed too), floor and null (6 + 1 + 1); on
# one of them two steps of three runs. On the neutral set and on a task's own, of two seeds: own
# changes (of inference, which has no text here, on the neutral set alone) and perturbed encoders
# (those of inference on the first set too). All but the steps have intervals.
RESAMPLED = {"resample_similarity": 46, **RESAMPLED_TABLES}
SIMILARITY = {
    "compare_representations": 52,
    "resample_similarity": 46,
    **once("tabulate_perturbed"),
    **SIMILARITY_TABLES,
    **TRAJECTORY,
}
PERTURBED = {"perturb_encoder": 6, "cache_activations": 12}
WEIGHTS = {"compare_weights": 7, **tables("weights"), **figures("weights"), **PAGE}
REVERTS = once("summarise_reverts") | figures("transplants") | CLAIMS
ABLATIONS = {
    **once("summarise_ablations", "summarise_training_sizes"),
    **figures("ablations", "finetuning", "training_sizes"),
    **CLAIMS,
}
PROBE_FIGURES = figures("probes", "probe_changes", "structure")
PROBE_TABLES = {
    **tables("probes"),
    **figures("mix_weights"),
    **once("summarise_probes"),
    **PROBE_FIGURES,
    **CLAIMS,
}
EDGE_PROBES = {"probe_edges": 20, **PROBE_TABLES, **LEFT_OUT}
# The trees are probed at each step too.
STRUCTURAL_PROBES = {"probe_structure": 16, **PROBE_TABLES, **TRAJECTORY, **LEFT_OUT}
# Two phenomena and the trees, each with two seeds on five models: base, random, three tasks.
PROBES = EDGE_PROBES | STRUCTURAL_PROBES
INTERVALS = RESAMPLED | ABLATIONS | REVERTS | {"summarise_probes": 1, **PROBE_FIGURES}

# Two seeds: each fine-tuned, ablated three times, and trained three times on half of the data;
# cached on three stimulus sets and on the text of the probes, and one of them at two steps on one
# set and that text; on each set compared with the base, and with one another. The task is parsing:
# its own changes and its perturbed encoders are looked at on two sets.
ONE_TASK = {
    "finetune_encoder": 2,
    "trace_encoder": 1,
    "ablate_layers": 12,
    **tables("finetuning"),
    **ABLATIONS,
    "perturb_encoder": 2,
    "cache_activations": 16,
    "transplant_layers": 4,
    "revert_layers": 2,
    **REVERTS,
    **SIMILARITY,
    "compare_representations": 16,
    "resample_similarity": 14,
    **WEIGHTS,
    "compare_weights": 2,
    **PROBES,
    "probe_edges": 4,
    "probe_structure": 4,
}
