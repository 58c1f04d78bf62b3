"""What a verdict is about: the encoder, the text that it was tuned on, and how much of that."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertology.titles import display_name

UNITS = {"treebank": "sentences", "inference": "pairs", "questions": "questions"}
"""What an example of each kind of text is called."""
CHECK = "A check of the software, and no verdict on the paper: its text was written by a grammar."


@dataclass(frozen=True)
class Tuned:
    """The text of a task: its corpus, its kind, whether a grammar wrote it, training examples."""

    corpus: str
    kind: str
    grammar: bool
    examples: int


@dataclass(frozen=True)
class About:
    """An encoder by its title, its layers, the texts that it was tuned on, and the seeds."""

    encoder: str
    layers: int
    texts: Sequence[Tuned]
    seeds: int

    @property
    def is_check(self) -> bool:
        """Say whether some of the text is the grammar's, so that no verdict is one on the paper."""
        return any(text.grammar for text in self.texts)

    def __str__(self) -> str:
        """Name encoder, text and size in one line."""
        grammar = all(text.grammar for text in self.texts)
        texts = _listed([_amount(text, origin=not grammar) for text in self.texts])
        seeds = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        written = ", written by a grammar" if grammar else ""
        return f"{self.encoder}, {self.layers} layers; tuned on {texts}{written}; {seeds}"


def read_texts(tasks: Mapping[str, Mapping[str, str]], folders: Sequence[Path]) -> list[Tuned]:
    """Count the training examples of tasks, each with `corpus`, `kind` and `source`.

    folders: of the tasks' prepared data, in the same order.
    """
    found = []
    for task, folder in zip(tasks.values(), folders, strict=True):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        examples = summary["splits"]["train"]["prepared"]
        found.append(Tuned(task["corpus"], task["kind"], task["source"] == "grammar", examples))
    return found


def _amount(text: Tuned, origin: bool) -> str:
    of = "a grammar's text" if text.grammar else display_name(text.corpus)
    return f"{text.examples:,} {UNITS[text.kind]}{f' of {of}' if origin else ''}"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
