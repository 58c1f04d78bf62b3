"""The four claims of Merchant et al. (2020), each in parts that can be tested.

The claims are those of the paper's abstract; how they are tested is ours, and was written down
before any study was run. `layer` counts from 1, the embeddings are left out. Change is 1 - RSA to
the pretrained encoder. A part that compares has a null that was measured in the same study: two
seeds of a task, noise that changes the encoder as much, other tasks' encoders on the same texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bertology.claims.evidence import (
    BEST_LAYER,
    Change,
    Draws,
    Evidence,
    freezing,
)
from bertology.claims.verdict import Cell, Claim, Part, Rules, judge
from bertology.depth import centre_of_mass, share_of_top, top_less_bottom, two_thirds
from bertology.probing.inputs import MIX, MIX_NORMALISED, MIXES
from bertology.statistics import CountDifference, Estimate, holm

DEEP, SHALLOW = ("parsing",), ("inference", "question_answering")
"""Kinds of tasks that the paper calls deep and shallow."""
RSA, SIMILARITY_TABLE = "RSA", "similarity_summary.csv"
OF_A_CEILING = 3
"""The least seeds where a ceiling enters: of two there is one pair."""
KINDS_OF_PROBES = {
    "edge probes on the mix of all layers": MIX,
    "edge probes on the mix of normalised layers": MIX_NORMALISED,
    "structural probes": BEST_LAYER,
}
"""That C1b asks for, by what they read."""
MORE = 0.5
"""The boundary between as many and at least one more."""


@dataclass(frozen=True)
class Margins:
    """What counts, from the configuration.

    change_rsa: of similarity, for a change beyond the ceiling; layer_rsa: the same, for a layer
    that counts as changed. catastrophic_points, loss_points: of a probe's score.
    recovered_percent: of what full tuning gains over an untuned encoder.
    """

    change_rsa: float
    layer_rsa: float
    catastrophic_points: float
    loss_points: float
    recovered_percent: float


PAPER = {
    "C1": (
        "The paper finds significant changes and no catastrophic forgetting, in BERT base, by edge"
        " probes on OntoNotes and by structural probes. Others found forgetting for some tasks"
        " (Mosbach 2020, Perez-Mayos 2021, Durrani 2021), in the last layers (Fayyaz 2021), or"
        " hidden by the words that probe data repeat (Choudhury 2022)."
    ),
    "C2": (
        "The paper finds a conservative process that primarily affects the top layers, by"
        " similarity, with variation across tasks. Here the null is noise of the same size, and"
        " layers are put back to see what a task owes to them. Zhou and Srikumar (2022) find that"
        " lower layers change less; Mehrafarin et al. (2022) that change follows the number of"
        " updates; Phang et al. (2021) that top layers of tuned models can be left out."
    ),
    "C3": (
        "The paper finds that dependency parsing reconfigures most of the model and that SQuAD and"
        " MNLI involve much shallower processing; their scores hardly drop with the first 8 of 12"
        " layers frozen. Here scores are given as recovery, since an untuned encoder has part of"
        " them already, and all tasks are compared on one text."
    ),
    "C4": (
        "The paper finds a weaker effect on representations of out-of-domain sentences. Here the"
        " null is what other tasks' encoders make of the same two texts, since texts differ in how"
        " similar any encoder finds them; texts are cut into single segments, since pairs differ"
        " in form."
    ),
}
"""What the paper says of each claim, and where the set-up here is another one."""

ZEROS = (
    "A recovery of 0 is a head that was trained, as long as all others, on the encoder as it was"
    " pretrained. Where that head needs longer (its training.csv says whether its last epoch was"
    " the best), longer training makes all recoveries smaller: that speaks against C3c, and may"
    " turn C3d. Of layers put back, 0 is the pretrained encoder under the tuned head, and 100 the"
    " tuned one."
)


def claims_of(evidence: Evidence, margins: Margins, rules: Rules) -> list[Claim]:
    """Test all claims on one encoder."""
    parts = {
        "C1": [
            top_layer(evidence, margins),
            nothing_lost(evidence, "C1b", margins.catastrophic_points, decides=True),
            nothing_lost(evidence, "C1c", margins.loss_points, decides=False),
        ],
        "C2": [
            top_share(evidence),
            top_more_by_itself(evidence),
            above_the_floor(evidence),
            top_costs_more(evidence),
        ],
        "C3": [
            more_layers(evidence, margins),
            nearer_to_the_input(evidence),
            recovered_by_shallow(evidence, margins),
            recovers_less(evidence),
            keeps_less(evidence),
        ],
        "C4": [out_of_domain(evidence, form) for form in ("single", "own")],
    }
    notes = {
        "C1": [layers_lost(evidence.changes, margins, rules), *still_learning(evidence)],
        "C3": [ZEROS],
    }
    return [
        Claim(name, statement, judge(parts[name], rules), notes.get(name, []), PAPER[name])
        for name, statement in STATEMENTS.items()
    ]


STATEMENTS = {
    "C1": "Fine-tuning changes representations, but does not make them forget linguistic"
    " phenomena.",
    "C2": "Fine-tuning is conservative: it primarily affects the top layers.",
    "C3": "Parsing reconfigures most of the model; inference and question answering involve much"
    " shallower processing.",
    "C4": "Fine-tuning affects representations of out-of-domain sentences less.",
}


def top_layer(evidence: Evidence, margins: Margins) -> Part:
    """C1a: in the top layer, runs are less like the pretrained encoder than like one another."""
    missing, cells = _without_own_text(evidence), []
    for task, text in _measured(evidence, _ceilings(evidence), "three seeds", missing):
        excess = _beyond_ceiling(evidence, text, task)[-1]
        where = {"task": task, "text": text, "layer": str(evidence.layers)}
        rows = "comparison ceiling less tuned"
        boundary = (margins.change_rsa, "above", RSA, SIMILARITY_TABLE, rows)
        cells.append(_cell(where, excess, *boundary))
    statement = (
        "In the top layer, fine-tuned encoders are less similar to the pretrained one than to one"
        f" another (two seeds of a task), by more than {margins.change_rsa:g}."
    )
    return Part("C1a", statement, cells, missing)


def nothing_lost(evidence: Evidence, name: str, points: float, decides: bool) -> Part:
    """C1b, C1c: no probe loses more than so many points (non-inferiority)."""
    changes = [each for each in evidence.changes if each.input in (*MIXES, BEST_LAYER)]
    statement = (
        f"No probe loses more than {points:g} points: edge probes on both mixes of all layers,"
        " structural probes at their best layer."
    )
    found = {each.input for each in changes}
    missing = [kind for kind, read in KINDS_OF_PROBES.items() if read not in found]
    cells = [_change_cell(each, points) for each in changes]
    return Part(name, statement, cells, missing, decides)


def still_learning(evidence: Evidence) -> Iterator[str]:
    """Say how many of the probes that C1b rests on would have gained by longer training."""
    unfinished, every = evidence.unfinished
    if unfinished:
        yield (
            f"{unfinished} of the {every} edge probes on mixes were best in the last epoch that"
            " they were allowed: what they lose is what can be read after equal training, not all"
            " that is there. The best layer of structural probes is chosen on the test text."
        )


def layers_lost(changes: Sequence[Change], margins: Margins, rules: Rules) -> str:
    """Name the single layers in which a probe loses more than the margin, corrected for all."""
    points = margins.loss_points
    cells = [_change_cell(change, points) for change in changes if change.input == "layer"]
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
        f" {points:g} points, corrected for their number{scope};"
        f" {'they are' if lost else 'the greatest loss found is'}"
        f" {'; '.join(_loss(cell, rules) for cell in named)}."
    )


def _loss(cell: Cell, rules: Rules) -> str:
    low, high = cell.estimate.interval(rules.level)
    named = "{task}, {probe}, layer {layer}".format(**cell.where)
    return f"{named}: {cell.estimate.value:.1f} [{low:.1f}, {high:.1f}]"


def top_share(evidence: Evidence) -> Part:
    """C2a: more of the change falls to the top third than in encoders changed at random.

    Change accumulates from layer to layer, so that any disturbance seems to grow upwards.
    """
    missing, cells = _without_own_text(evidence), []
    perturbed = evidence.similarity.perturbed
    for task, text in _measured(evidence, perturbed, "perturbed encoders", missing):
        draws = np.subtract(
            *[share_of_top(1 - of[text, task][1:]) for of in (evidence.similarity.tuned, perturbed)]
        )
        rows = "comparison tuned less perturbed: share of the top third in 1 - similarity"
        where = {"task": task, "text": text}
        cells.append(_cell(where, draws, 0, "above", "share", SIMILARITY_TABLE, rows))
    statement = (
        "A larger share of the change falls to the top third of the layers than where noise changes"
        " the encoder about as much (perturbed.csv has both changes)."
    )
    return Part("C2a", statement, cells, missing)


def top_more_by_itself(evidence: Evidence) -> Part:
    """C2b: the layers of the top third change more by themselves than those of the bottom third."""
    missing, cells = _without_own_text(evidence), []
    own = evidence.similarity.own_change
    for task, text in _measured(evidence, own, "layers' own changes", missing):
        draws = top_less_bottom(1 - own[text, task][1:])
        where, rows = {"task": task, "text": text}, "comparison own_change: 1 - similarity"
        cells.append(_cell(where, draws, 0, "above", RSA, SIMILARITY_TABLE, rows))
    statement = (
        "The layers of the top third change more by themselves, fed what the pretrained layer is"
        " fed, than those of the bottom third."
    )
    return Part("C2b", statement, cells, missing)


def above_the_floor(evidence: Evidence) -> Part:
    """C2c: on text that no task was tuned on, every layer stays above the floor."""
    cells: list[Cell] = []
    missing = [] if evidence.common_texts else ["a text that no task was tuned on"]
    for text in evidence.common_texts:
        for task in evidence.tasks:
            draws = evidence.similarity.tuned[text, task] - evidence.similarity.floor[text]
            for layer in range(1, evidence.layers + 1):
                where = {"task": task, "text": text, "layer": str(layer)}
                rows = "comparison tuned less floor"
                boundary = (0, "above", RSA, SIMILARITY_TABLE, rows)
                cells.append(_cell(where, draws[layer], *boundary))
    statement = (
        "On text that no task was tuned on, every layer is more similar to the pretrained encoder"
        " than a random encoder is."
    )
    return Part("C2c", statement, cells, missing)


def top_costs_more(evidence: Evidence) -> Part:
    """C2d: putting back a layer of the top third costs the task more than one of the bottom."""
    cells, missing = [], []
    for task in evidence.tasks:
        if (task, 1) not in evidence.lost:
            missing.append(f"layers of {task} put back")
            continue
        lost = [evidence.lost[task, layer] for layer in range(1, evidence.layers + 1)]
        rows = "part layer, loss: mean of the top third less that of the bottom third"
        draws = top_less_bottom(np.stack(lost))
        cells.append(_cell({"task": task}, draws, 0, "above", "points", "reverts.csv", rows))
    statement = (
        "Putting a layer of the top third back to its pretrained weights costs the task more than"
        " putting back one of the bottom third."
    )
    return Part("C2d", statement, cells, missing)


def more_layers(evidence: Evidence, margins: Margins) -> Part:
    """C3a: parsing changes more layers than the shallow tasks do, on one text.

    A layer is changed if it lies below the ceiling by more than the margin; all layers of both
    tasks are tested together, so that the difference has bounds, and none from a single count.
    """
    cells: list[Cell] = []
    missing: list[str] = []
    for text, deep, shallow in _pairs_on_common_text(evidence, missing):
        if not {(text, deep), (text, shallow)} <= set(_ceilings(evidence)):
            missing.append(f"three seeds of {deep} and {shallow}")
            continue
        excess = {
            task: [Estimate.of(of_layer) for of_layer in _beyond_ceiling(evidence, text, task)]
            for task in (deep, shallow)
        }
        count = CountDifference.of(excess[deep], excess[shallow], margins.layer_rsa)
        where = {"task": deep, "other_task": shallow, "text": text}
        rows = f"layers whose similarity (tuned) is more than {margins.layer_rsa:g} below ceiling"
        boundary = (MORE, "above", "layers", SIMILARITY_TABLE, rows)
        cells.append(Cell(where, count, *boundary))
    statement = (
        f"Parsing changes more layers by more than {margins.layer_rsa:g} beyond what two seeds"
        " differ by, on one text for all tasks."
    )
    return Part("C3a", statement, cells, missing)


def nearer_to_the_input(evidence: Evidence) -> Part:
    """C3b: the centre of mass of the layers' own change lies nearer to the input for parsing."""
    cells, missing = [], list[str]()
    own = evidence.similarity.own_change
    for text, deep, shallow in _pairs_on_common_text(evidence, missing):
        if not {(text, deep), (text, shallow)} <= set(own):
            missing.append(f"layers' own changes of {deep} and {shallow}")
            continue
        draws = np.subtract(*[centre_of_mass(1 - own[text, task][1:]) for task in (deep, shallow)])
        where = {"task": deep, "other_task": shallow, "text": text}
        rows = "comparison own_change: mean layer, weighted by 1 - similarity"
        cells.append(_cell(where, draws, 0, "below", "layers", SIMILARITY_TABLE, rows))
    statement = "The centre of the layers' own change lies nearer to the input for parsing."
    return Part("C3b", statement, cells, missing)


def recovered_by_shallow(evidence: Evidence, margins: Margins) -> Part:
    """C3c: shallow tasks recover their score with the first two thirds of the layers frozen."""
    variant, cells, missing = freezing(evidence.layers), [], []
    for task in evidence.tasks_of(*SHALLOW):
        if (task, variant) not in evidence.recovered:
            missing.append(f"{variant} and untuned of {task}")
            continue
        draws, rows = evidence.recovered[task, variant], f"variant {variant}, recovery"
        boundary = (margins.recovered_percent, "above", "% recovered", "ablations.csv", rows)
        cells.append(_cell({"task": task}, draws, *boundary))
    if not evidence.tasks_of(*SHALLOW):
        missing.append("a task of inference or question answering")
    statement = (
        "With the first two thirds of the layers frozen, inference and question answering recover"
        f" at least {margins.recovered_percent:g} % of what full tuning gains over an untuned"
        " encoder."
    )
    return Part("C3c", statement, cells, missing)


def recovers_less(evidence: Evidence) -> Part:
    """C3d: parsing recovers less than the shallow tasks do, with layers frozen."""
    variant = freezing(evidence.layers)
    recovered = {task: of for (task, each), of in evidence.recovered.items() if each == variant}
    place = ("points of recovery", "ablations.csv", f"variant {variant}, recovery")
    cells, missing = _less(evidence, recovered, f"{variant} and untuned", *place)
    return Part("C3d", "With them frozen, parsing recovers less than they do.", cells, missing)


def keeps_less(evidence: Evidence) -> Part:
    """C3e: parsing keeps less than the shallow tasks do, with the first layers put back."""
    layers = two_thirds(evidence.layers)
    kept = {task: of for (task, each), of in evidence.kept.items() if each == layers}
    place = ("points", "reverts.csv", f"part first, layers {layers}, kept")
    cells, missing = _less(evidence, kept, f"the first {layers} layers put back", *place)
    statement = (
        "With the first two thirds of the layers put back to their pretrained weights, parsing"
        " keeps less than they do of what the tuned encoder gives its head beyond the pretrained"
        " one."
    )
    return Part("C3e", statement, cells, missing)


def _less(
    evidence: Evidence, of_task: Mapping[str, np.ndarray], what: str, unit: str, *place: str
) -> tuple[list[Cell], list[str]]:
    """Compare parsing with the shallow tasks, and say what is missing of whom."""
    cells: list[Cell] = []
    missing: list[str] = []
    for deep, shallow in _pairs(evidence, missing):
        if not {deep, shallow} <= set(of_task):
            missing.append(f"{what} of {deep} and {shallow}")
            continue
        where = {"task": deep, "other_task": shallow}
        draws = of_task[deep] - of_task[shallow]
        cells.append(_cell(where, draws, 0, "below", unit, *place))
    return cells, missing


def out_of_domain(evidence: Evidence, form: str) -> Part:
    """C4a, C4b: text of other domains stays more similar, beyond what other encoders make of it.

    A difference of differences: similarity on another text less that on the task's own, less the
    same for the encoders of tasks to which neither text belongs; mean over texts and layers.
    """
    cells, missing = [], []
    for task in evidence.tasks:
        differences = _domain_effects(evidence, task, form)
        if not differences:
            missing.append(f"texts of {task}'s domain and of another, and a task of neither")
            continue
        draws = np.mean(list(differences.values()), axis=(0, 1))
        where = {"task": task, "text": ", ".join(differences)}
        rows = f"contrast domain, form {form}: less other tasks' encoders; mean over layers"
        cells.append(_cell(where, draws, 0, "above", RSA, "domains.csv", rows))
    name, text = {
        "single": ("C4a", "in single segments, so that the input form cannot be the reason"),
        "own": ("C4b", "in the task's own input form"),
    }[form]
    statement = (
        "Text of other domains stays more similar than the task's own, more so than for the"
        f" encoders of other tasks, {text}."
    )
    return Part(name, statement, cells, missing, decides=form == "single")


def _domain_effects(evidence: Evidence, task: str, form: str) -> dict[str, np.ndarray]:
    """Give by how much a task's change differs on each other text: (layers, draws, seeds).

    From its own text, the first if there are more. The encoders held against it are those whose
    own domain is neither of the two texts.
    """
    tuned, own = evidence.similarity.tuned, evidence.own_stimuli
    effects: dict[str, np.ndarray] = {}
    for here, there in _other_texts(evidence, task, form):
        others = [name for name in evidence.tasks if not {here, there} & set(own[name])]
        if others and there not in effects:
            effect = {
                name: (tuned[there, name] - tuned[here, name])[1:] for name in (task, *others)
            }
            effects[there] = effect[task] - np.mean([effect[name] for name in others], axis=0)
    return effects


def _other_texts(evidence: Evidence, task: str, form: str) -> Iterator[tuple[str, str]]:
    """Pair a task's own texts with texts of other domains that come in the same form.

    A text without pairs is in single segments as it is.
    """
    for each in evidence.contrasts:
        texts = each["stimuli"], each["other_stimuli"]
        single = set(texts) <= set(evidence.single_texts)
        alike = single if form == "single" else each["form"] == form
        if (each["contrast"], each["task"]) == ("domain", task) and alike:
            yield texts


def _ceilings(evidence: Evidence) -> Draws:
    """Give the ceilings of several pairs of seeds: one pair has no variance, hence no interval."""
    ceilings = evidence.similarity.ceiling.items()
    return {place: draws for place, draws in ceilings if draws.shape[-1] >= OF_A_CEILING}


def _beyond_ceiling(evidence: Evidence, text: str, task: str) -> np.ndarray:
    """Return by how much runs are less like the pretrained encoder than like one another."""
    place = text, task
    excess: np.ndarray = evidence.similarity.ceiling[place] - evidence.similarity.tuned[place]
    return excess[1:]


def _measured(
    evidence: Evidence, quantity: Draws, name: str, missing: list[str]
) -> Iterator[tuple[str, str]]:
    """Give the tasks for which a quantity was measured on their own text; note the others."""
    for task, text in evidence.own_texts.items():
        if (text, task) in quantity:
            yield task, text
        else:
            missing.append(f"{name} of {task}")


def _pairs(evidence: Evidence, missing: list[str]) -> Iterator[tuple[str, str]]:
    """Pair deep with shallow tasks; note if there is no pair."""
    deep, shallow = evidence.tasks_of(*DEEP), evidence.tasks_of(*SHALLOW)
    if not deep or not shallow:
        missing.append("a task of parsing, and one of inference or question answering")
    return ((one, other) for one in deep for other in shallow)


def _pairs_on_common_text(evidence: Evidence, missing: list[str]) -> Iterator[tuple[str, str, str]]:
    """Pair deep with shallow tasks, on each text that none of the tasks was tuned on."""
    if not evidence.common_texts:
        missing.append("a text that no task was tuned on")
    pairs = list(_pairs(evidence, missing))
    return ((text, *pair) for text in evidence.common_texts for pair in pairs)


def _without_own_text(evidence: Evidence) -> list[str]:
    return [
        f"a text of {task}'s own corpus among the stimuli"
        for task in evidence.tasks
        if task not in evidence.own_texts
    ]


def _change_cell(change: Change, points: float) -> Cell:
    layer = change.layer or change.input  # a mix has no number
    where = {"task": change.task, "text": change.text, "probe": change.probe, "layer": layer}
    rows = f"input {change.input}, metric {change.metric}, change"
    return _cell(where, change.draws, -points, "above", "points", "probe_summary.csv", rows)


def _cell(
    where: Mapping[str, str],
    draws: np.ndarray,
    boundary: float,
    direction: str,
    unit: str,
    table: str,
    rows: str,
) -> Cell:
    estimate = Estimate.of(draws)
    return Cell(dict(where), estimate, boundary, direction, unit, table, rows)
