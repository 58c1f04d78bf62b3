"""The in-memory shape of each kind of corpus, whatever file or hub data set it came from."""

from dataclasses import dataclass

SPLITS = ("train", "dev", "test")
INFERENCE_LABELS = ("entailment", "neutral", "contradiction")
"""In the order of the integer codes 0, 1, 2 that GLUE uses for MNLI."""


@dataclass(frozen=True, slots=True)
class TreeSentence:
    """One sentence of a treebank: its syntactic words and their dependency tree.

    All tuples have one entry per word. `heads` holds 0 for the root and otherwise the 1-based
    number of the head among `words`; multiword-token rows and empty nodes are not words.
    """

    identifier: str
    words: tuple[str, ...]
    universal_tags: tuple[str, ...]
    treebank_tags: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A premise and a hypothesis, with one of INFERENCE_LABELS."""

    identifier: str
    premise: str
    hypothesis: str
    label: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands in the passage; `start` counts characters from 0."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question on a passage with one or more accepted answers (SQuAD 1.1)."""

    identifier: str
    title: str
    passage: str
    question: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class SpanTarget:
    """A label on one span or a pair of spans; spans are (first word, end word), end exclusive."""

    span1: tuple[int, int]
    span2: tuple[int, int] | None
    label: str


@dataclass(frozen=True, slots=True)
class SpanSentence:
    """A text as words, and the labelled spans over them (edge probing, Tenney et al. 2019)."""

    words: tuple[str, ...]
    targets: tuple[SpanTarget, ...]
