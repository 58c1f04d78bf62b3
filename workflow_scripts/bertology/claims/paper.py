"""The four claims of Merchant et al. (2020), each in parts that can be tested.

The claims are those of the paper's abstract; how they are tested is ours, and was written down
before any study was run. `layer` counts from 1, the embeddings are left out. Change is 1 - RSA to
the pretrained encoder on held-out text of the task's own corpus, in the task's own input form.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from bertology.claims.evidence import Change, Evidence, freezing
from bertology.claims.verdict import Cell, Claim, Part, Rules, judge
from bertology.statistics import Estimate, holm

DEEP, SHALLOW = ("parsing",), ("inference", "question_answering")
"""Kinds of tasks that the paper calls deep and shallow."""
RSA, SIMILARITY_TABLE = "RSA", "similarity_summary.csv"


@dataclass(frozen=True)
class Margins:
    """What counts as a loss. probe_points: of a probe's score; kept_percent: of full tuning."""

    probe_points: float
    kept_percent: float


def claims_of(evidence: Evidence, margins: Margins, rules: Rules) -> list[Claim]:
    """Test all claims on one encoder."""
    return [
        Claim(
            "C1",
            "Fine-tuning changes representations, but does not make them forget linguistic"
            " phenomena.",
            judge([top_layer(evidence), no_probe_lost(evidence, margins)], rules),
            [layers_lost(evidence.changes, margins, rules)],
        ),
        Claim(
            "C2",
            "Fine-tuning is conservative: it primarily affects the top layers.",
            judge([growing(evidence), top_more_than_bottom(evidence)], rules),
            [rank_correlations(evidence)],
        ),
        Claim(
            "C3",
            "Parsing reconfigures most of the model; inference and question answering involve much"
            " shallower processing.",
            judge(
                [
                    *[part(evidence) for part in (more_layers, nearer_to_the_input)],
                    *[part(evidence, margins) for part in (kept_by_shallow, less_kept)],
                ],
                rules,
            ),
        ),
        Claim(
            "C4",
            "Fine-tuning affects representations of out-of-domain sentences less.",
            judge([out_of_domain(evidence, form) for form in ("own", "single")], rules),
        ),
    ]


def top_layer(evidence: Evidence) -> Part:
    """C1a: in the top layer, runs are less like the pretrained encoder than like one another."""
    missing, cells = _without_own_text(evidence), []
    for task, text in evidence.own_texts.items():
        if (text, task) not in evidence.ceiling:
            missing.append(f"a second seed of {task}")
            continue
        draws = evidence.similarity[text, task][-1] - evidence.ceiling[text, task][-1]
        where = {"task": task, "text": text, "layer": str(evidence.layers)}
        rows = "comparison tuned less ceiling"
        cells.append(_cell(where, draws, 0, "below", RSA, SIMILARITY_TABLE, rows))
    statement = (
        "In the top layer, fine-tuned encoders are less similar to the pretrained one than to one"
        " another (two seeds of a task)."
    )
    return Part("C1a", statement, cells, missing)


def no_probe_lost(evidence: Evidence, margins: Margins) -> Part:
    """C1b: no probe on the mix of all layers loses more than the margin (non-inferiority)."""
    changes = [change for change in evidence.changes if change.input == "mix"]
    statement = (
        f"No probe on the mix of all layers loses more than {margins.probe_points:g} points."
    )
    missing = [] if changes else ["probes on the mix of all layers"]
    return Part("C1b", statement, [_change_cell(each, margins) for each in changes], missing)


def layers_lost(changes: Sequence[Change], margins: Margins, rules: Rules) -> str:
    """Name the single layers in which a probe loses more than the margin, corrected for all."""
    cells = [_change_cell(change, margins) for change in changes if change.input == "layer"]
    if not cells:
        return "No probe on single layers was run."
    corrected = holm(np.array([cell.p_against() for cell in cells]))
    lost = [cell for cell, p in zip(cells, corrected, strict=True) if p <= rules.error]
    enough = min(cell.estimate.seeds for cell in cells) >= rules.least_seeds
    scope = "" if enough else ", of this one run (other seeds may differ)"
    named = sorted(lost, key=lambda cell: cell.estimate.value)
    if not named:
        named = [min(cells, key=lambda cell: cell.estimate.value)]
    return (
        f"{len(lost)} of {len(cells)} probes on single layers are certain to lose more than"
        f" {margins.probe_points:g} points, corrected for their number{scope};"
        f" {'they are' if lost else 'the greatest loss found is'}"
        f" {'; '.join(_loss(cell, rules) for cell in named)}."
    )


def _loss(cell: Cell, rules: Rules) -> str:
    low, high = cell.estimate.interval(rules.level)
    named = "{task}, {probe}, layer {layer}".format(**cell.where)
    return f"{named}: {cell.estimate.value:.1f} [{low:.1f}, {high:.1f}]"


def growing(evidence: Evidence) -> Part:
    """C2a: the deeper a layer, the more it changes.

    The slope is tested, not the rank correlation: where layers change alike, noise alone orders
    them, and a bootstrap takes that order for certain (measured: 9.5 % errors instead of 2.5 %).
    """
    statement = "The nearer a layer is to the top, the more it changes (slope over layers)."
    return _of_change(evidence, ("C2a", statement), slope, 0, "RSA per layer")


def rank_correlations(evidence: Evidence) -> str:
    """Give the rank correlation of depth and change in each task."""
    found = [
        f"{task} {rank_correlation(evidence.change(task)[:, 0]).mean():.2f}"
        for task in evidence.own_texts
    ]
    return f"Rank correlation of depth and change: {', '.join(found) or 'not known'}."


def top_more_than_bottom(evidence: Evidence) -> Part:
    """C2b: the top third of the layers changes more than the bottom third."""
    statement = "The top third of the layers changes more than the bottom third."
    return _of_change(evidence, ("C2b", statement), top_less_bottom, 0, RSA)


def more_layers(evidence: Evidence) -> Part:
    """C3a: parsing changes more layers than the shallow tasks do."""
    cells, missing = [], _without_own_text(evidence)
    for deep, shallow in _pairs(evidence, missing):
        both = [(evidence.own_texts[task], task) for task in (deep, shallow)]
        if not all(place in evidence.ceiling for place in both):
            missing.append(f"second seeds of {deep} and {shallow}")
            continue
        draws = np.subtract(*[_layers_changed(evidence, *place) for place in both])
        where = {"task": deep, "other_task": shallow}
        rows = "layers whose similarity (tuned) is below the ceiling's"
        cells.append(_cell(where, draws, 0, "above", "layers", SIMILARITY_TABLE, rows))
    statement = "Parsing changes more layers beyond what two seeds differ by."
    return Part("C3a", statement, cells, missing)


def nearer_to_the_input(evidence: Evidence) -> Part:
    """C3b: the centre of mass of parsing's change lies nearer to the input."""
    cells, missing = [], _without_own_text(evidence)
    for deep, shallow in _pairs(evidence, missing):
        draws = np.subtract(*[centre_of_mass(evidence.change(task)) for task in (deep, shallow)])
        where = {"task": deep, "other_task": shallow}
        rows = "comparison tuned on each task's own text"
        cells.append(_cell(where, draws, 0, "below", "layers", SIMILARITY_TABLE, rows))
    statement = "The centre of parsing's change lies nearer to the input."
    return Part("C3b", statement, cells, missing)


def kept_by_shallow(evidence: Evidence, margins: Margins) -> Part:
    """C3c: shallow tasks keep their score with the first two thirds of the layers frozen."""
    variant, cells, missing = freezing(evidence.layers), [], []
    for task in evidence.tasks_of(*SHALLOW):
        if (task, variant) not in evidence.kept:
            missing.append(f"{variant} of {task}")
            continue
        where, rows = {"task": task}, f"variant {variant}, relative"
        cells.append(
            _cell(
                where,
                evidence.kept[task, variant],
                margins.kept_percent,
                *("above", "% of full tuning", "ablations.csv", rows),
            )
        )
    if not evidence.tasks_of(*SHALLOW):
        missing.append("a task of inference or question answering")
    statement = (
        "With the first two thirds of the layers frozen, inference and question answering keep at"
        f" least {margins.kept_percent:g} % of the score of full tuning."
    )
    return Part("C3c", statement, cells, missing)


def less_kept(evidence: Evidence, _: Margins) -> Part:
    """C3d: parsing keeps less of its score than they do."""
    variant, cells = freezing(evidence.layers), []
    missing: list[str] = []
    for deep, shallow in _pairs(evidence, missing, own_text=False):
        if not {(deep, variant), (shallow, variant)} <= set(evidence.kept):
            missing.append(f"{variant} of {deep} and {shallow}")
            continue
        draws = evidence.kept[deep, variant] - evidence.kept[shallow, variant]
        where, rows = {"task": deep, "other_task": shallow}, f"variant {variant}, relative"
        cells.append(_cell(where, draws, 0, "below", "points", "ablations.csv", rows))
    statement = "Parsing keeps less of its score than they do."
    return Part("C3d", statement, cells, missing)


def out_of_domain(evidence: Evidence, form: str) -> Part:
    """C4a, C4b: text of other domains stays more similar, on average over texts and layers."""
    cells, missing = [], []
    for task in evidence.tasks:
        pairs = [
            ((each["stimuli"], task), (each["other_stimuli"], task))
            for each in evidence.contrasts
            if (each["contrast"], each["task"], each["form"]) == ("domain", task, form)
        ]
        if not pairs:
            missing.append(f"texts of {task}'s domain and of another one in this form")
            continue
        differences = [evidence.similarity[b][1:] - evidence.similarity[a][1:] for a, b in pairs]
        draws = np.mean(differences, axis=(0, 1))
        where = {"task": task, "text": ", ".join(dict.fromkeys(other for _, (other, _) in pairs))}
        rows = f"contrast domain, form {form}: mean over texts and layers 1 to {evidence.layers}"
        cells.append(_cell(where, draws, 0, "above", RSA, "domains.csv", rows))
    name, text = {
        "own": ("C4a", "in the task's own input form"),
        "single": ("C4b", "in single segments, so that the input form cannot be the reason"),
    }[form]
    statement = f"Text of other domains stays more similar than the task's own, {text}."
    return Part(name, statement, cells, missing)


def rank_correlation(change: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of depth and change (layers, ...), over layers: (...)."""
    ranks = rankdata(change, axis=0)
    depths = np.arange(len(change), dtype=float).reshape(-1, *[1] * (change.ndim - 1))
    ranks, depths = ranks - ranks.mean(axis=0), depths - depths.mean()
    spread = np.sqrt((ranks**2).sum(axis=0) * (depths**2).sum(axis=0))
    correlations: np.ndarray = (ranks * depths).sum(axis=0) / np.where(spread > 0, spread, np.inf)
    return correlations


def slope(change: np.ndarray) -> np.ndarray:
    """Return the slope of the least-squares line of change (layers, ...) over layers: (...)."""
    depths = np.arange(len(change)) - (len(change) - 1) / 2
    slopes: np.ndarray = np.tensordot(depths, change, axes=1) / (depths**2).sum()
    return slopes


def top_less_bottom(change: np.ndarray) -> np.ndarray:
    """Subtract the mean change of the bottom third of the layers from that of the top third."""
    third = max(1, round(len(change) / 3))
    difference: np.ndarray = change[-third:].mean(axis=0) - change[:third].mean(axis=0)
    return difference


def centre_of_mass(change: np.ndarray) -> np.ndarray:
    """Return the mean layer, counted from 1, weighted by change (layers, ...): (...)."""
    numbers = np.arange(1, len(change) + 1).reshape(-1, *[1] * (change.ndim - 1))
    centre: np.ndarray = (numbers * change).sum(axis=0) / change.sum(axis=0)
    return centre


def _of_change(
    evidence: Evidence,
    name_and_statement: tuple[str, str],
    function: Callable[[np.ndarray], np.ndarray],
    boundary: float,
    unit: str,
) -> Part:
    """Test in each task whether a function of its change by layer lies above a boundary."""
    rows = "comparison tuned, layers from 1 to the top"
    cells = [
        _cell(
            {"task": task, "text": text},
            function(evidence.change(task)),
            *(boundary, "above", unit, SIMILARITY_TABLE, rows),
        )
        for task, text in evidence.own_texts.items()
    ]
    return Part(*name_and_statement, cells, _without_own_text(evidence))


def _layers_changed(evidence: Evidence, text: str, task: str) -> np.ndarray:
    """Count the layers that are less like the pretrained encoder than like another seed's."""
    below = evidence.similarity[text, task][1:] < evidence.ceiling[text, task][1:]
    count: np.ndarray = below.sum(axis=0).astype(float)
    return count


def _pairs(
    evidence: Evidence, missing: list[str], own_text: bool = True
) -> Iterator[tuple[str, str]]:
    """Pair deep with shallow tasks (that have a text of their own); say if there is no pair."""
    deep, shallow = (
        [task for task in evidence.tasks_of(*kinds) if not own_text or task in evidence.own_texts]
        for kinds in (DEEP, SHALLOW)
    )
    if not deep or not shallow:
        missing.append("a task of parsing, and one of inference or question answering")
    return ((one, other) for one in deep for other in shallow)


def _without_own_text(evidence: Evidence) -> list[str]:
    return [
        f"a text of {task}'s own corpus among the stimuli"
        for task in evidence.tasks
        if task not in evidence.own_texts
    ]


def _change_cell(change: Change, margins: Margins) -> Cell:
    layer = change.layer or change.input  # the mix has no number
    where = {"task": change.task, "text": change.text, "probe": change.probe, "layer": layer}
    rows = f"input {change.input}, metric {change.metric}, change"
    return _cell(
        where, change.draws, -margins.probe_points, "above", "points", "probe_summary.csv", rows
    )


def _cell(
    where: Mapping[str, str],
    draws: np.ndarray,
    boundary: float,
    direction: str,
    unit: str,
    table: str,
    rows: str,
) -> Cell:
    return Cell(dict(where), Estimate.of(draws), boundary, direction, unit, table, rows)
