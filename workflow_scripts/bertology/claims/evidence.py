"""What the claims rest on: each quantity on the text and in resamples of it, run by run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bertology.ablations import files_by_task, recovered, scores_of_task
from bertology.depth import two_thirds
from bertology.probing.files import SCORES
from bertology.probing.inputs import MIXES
from bertology.probing.summary import PRETRAINED, RANDOM, draws_of_probes
from bertology.similarity.summary import read_draws
from bertology.statistics import Intervals
from bertology.table_files import read_csv
from bertology.transplants.names import FIRST, SINGLE
from bertology.transplants.recovery import revert_draws
from bertology.variants import FULL

Files = Sequence[tuple[Mapping[str, object], Path]]
Draws = Mapping[tuple[str, str], np.ndarray]
"""By text (stimuli) and task: (layers with the embeddings, draws, seeds)."""

AT_BEST_LAYER = ("uuas", "root_accuracy")
"""The metrics of probes that read single layers alone; all are in points."""
BEST_LAYER = "best layer"


@dataclass(frozen=True)
class Design:
    """What the configuration says of the study. layers: of each encoder, without the embeddings.

    tasks: the kind of each. own_texts: the stimuli from each task's own corpus in its own form, if
    there are any; own_stimuli: those in any form. single_texts: in single segments; common_texts:
    those of them from corpora that no task was tuned on. contrasts: from `similarity.contrasts`.
    """

    layers: Mapping[str, int]
    tasks: Mapping[str, str]
    own_texts: Mapping[str, str]
    own_stimuli: Mapping[str, Sequence[str]]
    single_texts: Sequence[str]
    common_texts: Sequence[str]
    contrasts: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Results:
    """Files of single jobs, each with its wildcards.

    comparisons: resamples of RSA. runs: scores of test examples; reverts: those with parts put
    back. probes: scores of test sentences; probe_scores: those of the whole test text, of the same
    jobs in the same order.
    """

    comparisons: Files
    runs: Files
    reverts: Files
    probes: Files
    probe_scores: Files


@dataclass(frozen=True)
class Change:
    """By how much a probe's score changes by fine-tuning, in points: draws (draws, seeds).

    input: a mix, `layer` (then `layer` is its number), or BEST_LAYER: that of the tuned encoder
    less that of the pretrained one, each its own best, with the same seed.
    """

    text: str
    phenomenon: str
    task: str
    input: str
    layer: str
    metric: str
    draws: np.ndarray

    @property
    def probe(self) -> str:
        """Its name: text/phenomenon, and the metric where it is not F1."""
        name = f"{self.text}/{self.phenomenon}"
        return name if self.metric == "f1" else f"{name} ({self.metric})"


@dataclass(frozen=True)
class Similarities:
    """RSA of encoders, by text and task (of the floor by text alone: (layers, draws, 1)).

    tuned, perturbed: to the pretrained encoder. ceiling: of runs of a task. own_change: of each
    layer's output to the pretrained layer's, from the same input.
    """

    tuned: Draws = field(default_factory=dict)
    ceiling: Draws = field(default_factory=dict)
    perturbed: Draws = field(default_factory=dict)
    own_change: Draws = field(default_factory=dict)
    floor: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """All that is known of one encoder.

    tasks, layers, texts and contrasts: as of the design. recovered: of ablations, by task and
    variant: percent, (draws, seeds). kept: with the embeddings and the first so many layers put
    back, by task and these: percent. lost: points that a task loses when a layer is put back, by
    task and layer. changes: of probes. unfinished: how many edge probes on mixes of layers, before
    and after tuning, were best in the last epoch that they were allowed, and of how many.
    """

    tasks: Mapping[str, str]
    layers: int
    own_texts: Mapping[str, str]
    own_stimuli: Mapping[str, Sequence[str]]
    single_texts: Sequence[str]
    common_texts: Sequence[str]
    contrasts: Sequence[Mapping[str, str]]
    similarity: Similarities
    recovered: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)
    kept: Mapping[tuple[str, int], np.ndarray] = field(default_factory=dict)
    lost: Mapping[tuple[str, int], np.ndarray] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    unfinished: tuple[int, int] = (0, 0)

    def tasks_of(self, *kinds: str) -> list[str]:
        """Return the tasks of some kinds."""
        return [task for task, kind in self.tasks.items() if kind in kinds]


def read_evidence(encoder: str, design: Design, results: Results, intervals: Intervals) -> Evidence:
    """Read all that the claims rest on."""
    kept, lost = read_reverts(results.reverts, encoder, intervals)
    return Evidence(
        tasks=design.tasks,
        layers=design.layers[encoder],
        own_texts=design.own_texts,
        own_stimuli=design.own_stimuli,
        single_texts=design.single_texts,
        common_texts=design.common_texts,
        contrasts=design.contrasts,
        similarity=read_similarities(results.comparisons, encoder),
        recovered=read_recoveries(results.runs, encoder, intervals),
        kept=kept,
        lost=lost,
        changes=list(read_changes(results.probes, encoder, intervals)),
        unfinished=count_unfinished(results.probe_scores, encoder),
    )


def read_recoveries(
    runs: Files, encoder: str, intervals: Intervals
) -> dict[tuple[str, str], np.ndarray]:
    """Read what tasks recover, as of `Evidence`."""
    return {
        (task, variant): draws
        for (name, task), files in files_by_task(runs).items()
        if name == encoder
        for variant, draws in recovered(scores_of_task(task, files, intervals)[2]).items()
    }


def read_reverts(
    reverts: Files, encoder: str, intervals: Intervals
) -> tuple[dict[tuple[str, int], np.ndarray], dict[tuple[str, int], np.ndarray]]:
    """Read what is kept and what is lost when layers are put back, as of `Evidence`."""
    kept: dict[tuple[str, int], np.ndarray] = {}
    lost: dict[tuple[str, int], np.ndarray] = {}
    for (name, task), files in files_by_task(reverts).items():
        if name == encoder:
            found = revert_draws(task, files[FULL], [], intervals)
            kept |= {(task, k): of for (part, k), of in found.kept().items() if part == FIRST}
            lost |= {(task, k): of for (part, k), of in found.losses().items() if part == SINGLE}
    return kept, lost


def read_similarities(files: Files, encoder: str) -> Similarities:
    """Read the similarities of an encoder's models."""
    of_encoder = [(wildcards, path) for wildcards, path in files if wildcards["encoder"] == encoder]
    found: dict[str, dict[tuple[str, str], np.ndarray]] = {}
    for model, draws in read_draws(of_encoder).items():
        found.setdefault(model[4], {})[model[1], model[5]] = draws
    floor = {text: draws for (text, _), draws in found.pop("floor", {}).items()}
    names = ("tuned", "ceiling", "perturbed", "own_change")
    return Similarities(**{name: found.get(name, {}) for name in names}, floor=floor)


def read_changes(sentences: Files, encoder: str, intervals: Intervals) -> Iterator[Change]:
    """Read how the scores of probes on an encoder change, in the order of the files."""
    of_encoder = [each for each in sentences if each[0]["encoder"] == encoder]
    layers: dict[tuple[str, ...], list[tuple[np.ndarray, np.ndarray]]] = {}
    for place, found in draws_of_probes(of_encoder, intervals):
        before = next(draws for model, draws in found.items() if model[3] == PRETRAINED)
        for model, after in found.items():
            if model[3] != "tuned":
                continue
            names = {"text": model[0], "phenomenon": model[1], "task": model[4]}
            if place["metric"] in AT_BEST_LAYER:
                probe = (*names.values(), place["metric"])
                layers.setdefault(probe, []).append((after, before))
            if place["metric"] in ("f1", *AT_BEST_LAYER):
                yield Change(**names, **place, draws=after - before)
    for (text, phenomenon, task, metric), of_layers in layers.items():
        after, before = (np.stack(each) for each in zip(*of_layers, strict=True))
        draws = at_best_layer(after) - at_best_layer(before)
        yield Change(text, phenomenon, task, BEST_LAYER, "", metric, draws)


def count_unfinished(scores: Files, encoder: str) -> tuple[int, int]:
    """Count edge probes on mixes that were best in their last epoch, as of `Evidence`."""
    of_encoder = [
        read_csv(path, SCORES, ["value"])
        for wildcards, path in scores
        if wildcards["encoder"] == encoder and wildcards["comparison"] != RANDOM
    ]
    rows = pd.concat(of_encoder) if of_encoder else pd.DataFrame(columns=SCORES)
    last = rows.loc[rows["input"].isin(MIXES) & (rows["metric"] == "last_epoch"), "value"]
    return int(last.sum()), len(last)


def at_best_layer(scores: np.ndarray) -> np.ndarray:
    """Take the layer with the highest score on the text, of each run: (layers, draws, runs)."""
    best = scores[:, 0].argmax(axis=0)
    chosen: np.ndarray = np.take_along_axis(scores, best[None, None], axis=0)[0]
    return chosen


def freezing(layers: int) -> str:
    """Name the variant that freezes the first two thirds of the layers."""
    return f"freeze-{two_thirds(layers)}"
