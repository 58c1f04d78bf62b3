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
    `document` names the document that the sentence stands in, where the file says so.
    """

    identifier: str
    words: tuple[str, ...]
    universal_tags: tuple[str, ...]
    treebank_tags: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]
    document: str | None = None


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
    """Labels on one span or a pair of spans; spans are (first word, end word), end exclusive.

    Most tasks have exactly one label a target; proto-roles have any number, none included.
    """

    span1: tuple[int, int]
    span2: tuple[int, int] | None
    labels: tuple[str, ...]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Give the one span, or both."""
        return (self.span1,) if self.span2 is None else (self.span1, self.span2)


@dataclass(frozen=True, slots=True)
class SpanSentence:
    """A text as words, and the labelled spans over them (edge probing, Tenney et al. 2019).

    `document` names the document that the text stands in, where the file says so.
    """

    words: tuple[str, ...]
    targets: tuple[SpanTarget, ...]
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A text to read representations from, as the encoder gets it.

    One segment is a single text, two are a pair; a segment is a tuple of words. `tags` has the
    shape of `segments`, one universal part of speech a word, or is None. `item` names the pair,
    question or sentence of the corpus that it is, or was cut from, and `group` what is resampled
    with it (see `corpora.groups`). `texts` are the segments as running text, where that is what the
    encoder reads; its words are then what stands between blanks. There are none where the words are
    given, which may have blanks inside ("10 000").
    """

    identifier: str
    segments: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...] | None
    item: str
    group: str
    texts: tuple[str, ...] = ()

    @classmethod
    def of_texts(cls, identifier: str, texts: tuple[str, ...], item: str, group: str) -> "Stimulus":
        """Make a stimulus of running text."""
        segments = tuple(tuple(text.split()) for text in texts)
        return cls(identifier, segments, None, item, group, texts)
