"""Which sentences the tasks of a study were trained or chosen on: no probe may use them.

A probe that is tested on what an encoder was tuned on, or learns from it, says nothing of what the
encoder forgets.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import Any

from bertology.corpora.kinds import read_kind, split_path
from bertology.corpora.shapes import Question, SentencePair, TreeSentence
from bertology.corpora.stimuli import passage_sentences

CHOSEN_ON = ("train", "dev")
"""The splits that a task learns from, and by which its epoch is chosen."""
LEAST_WORDS = 6
"""A trained text of so many words is found wherever it stands, a shorter one only where the
splitter sees a sentence: "I know ." ends many that no task was trained on."""


@dataclass(frozen=True)
class TaskText:
    """The data of a task as they were prepared, the kind of its corpus, and the language."""

    kind: str
    language: str
    folder: Path


@dataclass(frozen=True)
class Trained:
    """The text that the tasks of a study were trained or chosen on."""

    tasks: Sequence[TaskText]

    def has(self, words: Sequence[str]) -> bool:
        """Say whether a text is, or has in it, a task's text or sentence."""
        text, runs = " ".join(words), set(map(text_key, runs_of_words(words)))
        return any(
            not keys.isdisjoint(runs.union(map(text_key, sentences_of(text, language))))
            for language, keys in self._keys.items()
        )

    @cached_property
    def _keys(self) -> dict[str, set[bytes]]:
        """Give the names of the tasks' texts and sentences, by language."""
        keys: dict[str, set[bytes]] = {task.language: set() for task in self.tasks}
        for task in self.tasks:
            # Each different text once: many questions share a passage, and pairs a premise.
            for text in dict.fromkeys(_texts(task)):
                keys[task.language].update(map(text_key, sentences_of(text, task.language)))
        return keys


def text_key(text: str) -> bytes:
    """Name a text by its characters without blanks and case, whatever was taken for a word."""
    return blake2b("".join(text.split()).casefold().encode(), digest_size=8).digest()


def sentences_of(text: str, language: str) -> Iterator[str]:
    """Give a text, and the sentences in it where there are several."""
    yield text
    yield from passage_sentences(text, language)


def runs_of_words(words: Sequence[str]) -> Iterator[str]:
    """Give all that LEAST_WORDS or more consecutive words spell, without blanks."""
    compact = ["".join(word.split()) for word in words]
    ends = list(accumulate(map(len, compact), initial=0))
    text = "".join(compact)
    for first, start in enumerate(ends[:-LEAST_WORDS]):
        for end in ends[first + LEAST_WORDS :]:
            yield text[start:end]


def _texts(task: TaskText) -> Iterator[str]:
    for split in CHOSEN_ON:
        for example in read_kind(task.kind, split_path(task.kind, task.folder, split)):
            yield from TEXTS[task.kind](example)


def _of_sentence(sentence: TreeSentence) -> Iterable[str]:
    return (" ".join(sentence.words),)


def _of_pair(pair: SentencePair) -> Iterable[str]:
    return pair.premise, pair.hypothesis


def _of_question(question: Question) -> Iterable[str]:
    return question.question, question.passage


TEXTS: dict[str, Callable[[Any], Iterable[str]]] = {
    "treebank": _of_sentence,
    "inference": _of_pair,
    "questions": _of_question,
}
