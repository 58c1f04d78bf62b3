"""What the claims rest on: each quantity on the text and in resamples of it, run by run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertology.ablations import files_by_task, scores_of_task
from bertology.probing.summary import PRETRAINED, draws_of_probes
from bertology.similarity.summary import CEILING, TUNED, read_draws
from bertology.statistics import Intervals

Files = Sequence[tuple[Mapping[str, object], Path]]
IN_PERCENT = ("f1", "uuas", "root_accuracy")
"""The metrics of probes that a margin in points fits."""


@dataclass(frozen=True)
class Design:
    """What the configuration says of the study. layers: of each encoder, without the embeddings.

    tasks: the kind of each. own_texts: the stimuli from each task's own corpus in its own form, if
    there are any. contrasts: from `similarity.contrasts`.
    """

    layers: Mapping[str, int]
    tasks: Mapping[str, str]
    own_texts: Mapping[str, str]
    contrasts: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Results:
    """Files of single jobs, each with its wildcards.

    comparisons: resamples of RSA. runs: scores of test examples. probes: scores of test sentences.
    """

    comparisons: Files
    runs: Files
    probes: Files


@dataclass(frozen=True)
class Change:
    """By how much a probe's score changes by fine-tuning, in points: draws (draws, seeds)."""

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
class Evidence:
    """All that is known of one encoder.

    tasks, layers, own_texts, contrasts: as of the design. similarity: RSA to the pretrained
    encoder, and ceiling: RSA of runs of a task, by (stimuli, task): (layers with the embeddings,
    draws, seeds). kept: scores by task and variant, in percent of full fine-tuning: (draws, seeds).
    changes: of probes.
    """

    tasks: Mapping[str, str]
    layers: int
    own_texts: Mapping[str, str]
    contrasts: Sequence[Mapping[str, str]]
    similarity: Mapping[tuple[str, str], np.ndarray]
    ceiling: Mapping[tuple[str, str], np.ndarray]
    kept: Mapping[tuple[str, str], np.ndarray]
    changes: Sequence[Change]

    def change(self, task: str) -> np.ndarray:
        """Return 1 - RSA on a task's own text, without the embeddings: (layers, draws, seeds)."""
        distance: np.ndarray = 1 - self.similarity[self.own_texts[task], task][1:]
        return distance

    def tasks_of(self, *kinds: str) -> list[str]:
        """Return the tasks of some kinds."""
        return [task for task, kind in self.tasks.items() if kind in kinds]


def read_evidence(encoder: str, design: Design, results: Results, intervals: Intervals) -> Evidence:
    """Read all that the claims rest on."""
    similarity, ceiling = read_similarity(results.comparisons, encoder)
    return Evidence(
        tasks=design.tasks,
        layers=design.layers[encoder],
        own_texts=design.own_texts,
        contrasts=design.contrasts,
        similarity=similarity,
        ceiling=ceiling,
        kept=read_kept(results.runs, encoder, intervals),
        changes=read_changes(results.probes, encoder, intervals),
    )


def read_similarity(
    files: Files, encoder: str
) -> tuple[dict[tuple[str, str], np.ndarray], dict[tuple[str, str], np.ndarray]]:
    """Read an encoder's similarities to the pretrained one, and its ceilings."""
    of_encoder = [(wildcards, path) for wildcards, path in files if wildcards["encoder"] == encoder]
    tuned, ceiling = {}, {}
    for model, draws in read_draws(of_encoder).items():
        place = model[1], model[5]
        if model[4] == TUNED:
            tuned[place] = draws
        elif model[4] == CEILING:
            ceiling[place] = draws
    return tuned, ceiling


def read_kept(runs: Files, encoder: str, intervals: Intervals) -> dict[tuple[str, str], np.ndarray]:
    """Read the scores of an encoder's ablations in percent of full fine-tuning."""
    kept = {}
    for (name, task), files in files_by_task(runs).items():
        if name == encoder:
            _, _, scores = scores_of_task(task, files, intervals)
            for variant, draws in scores.items():
                kept[task, variant] = 100 * (draws / scores["full"])
    return kept


def read_changes(sentences: Files, encoder: str, intervals: Intervals) -> list[Change]:
    """Read how the scores of probes on an encoder change, in the order of the files."""
    of_encoder = [each for each in sentences if each[0]["encoder"] == encoder]
    changes = []
    for place, found in draws_of_probes(of_encoder, intervals):
        if place["metric"] in IN_PERCENT:
            before = next(draws for model, draws in found.items() if model[3] == PRETRAINED)
            for model, draws in found.items():
                if model[3] == TUNED:
                    names = {"text": model[0], "phenomenon": model[1], "task": model[4]}
                    changes.append(Change(**names, **place, draws=draws - before))
    return changes


def freezing(layers: int) -> str:
    """Name the variant that freezes the first two thirds of the layers."""
    return f"freeze-{round(2 * layers / 3)}"
