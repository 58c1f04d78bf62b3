"""Make the data of a fine-tuning task from a corpus: splits without leakage, cut to a size.

Development data choose, test data are scored once: so no test input may stand in train or dev, and
dev is never taken from test.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bertology.corpora.kinds import format_of, read_kind, split_path, write_kind
from bertology.corpora.shapes import SPLITS, Question, SentencePair, TreeSentence
from bertology.corpora.words import count_words
from bertology.errors import InputError
from bertology.files import atomic_folder, write_json
from bertology.left_out import records, warn_of

logger = logging.getLogger(__name__)

IN_TEST = "input that test has too"


@dataclass(frozen=True, slots=True)
class Views:
    """What preparing needs to know of an example of one kind.

    `text`: what the encoder reads, equal for duplicates. `group`: what must not be torn apart
    between train and dev. `unit`: what a sample takes or leaves as a whole. `words`: how many words
    an example has.
    """

    text: Callable[[Any], tuple[str, ...]]
    group: Callable[[Any], Hashable]
    unit: Callable[[Any], Hashable]
    words: Callable[[Any], int]
    label: Callable[[Any], str] | None = None


def _words(sentence: TreeSentence) -> tuple[str, ...]:
    return sentence.words


def _document(sentence: TreeSentence) -> str:
    return sentence.document or sentence.identifier


def _pair(pair: SentencePair) -> tuple[str, ...]:
    return pair.premise, pair.hypothesis


def _question_and_passage(question: Question) -> tuple[str, ...]:
    return question.question, question.passage


VIEWS = {
    "treebank": Views(
        text=_words,
        group=_document,
        unit=lambda sentence: sentence.identifier,
        words=lambda sentence: len(sentence.words),
    ),
    "inference": Views(
        text=_pair,
        group=lambda pair: pair.premise,
        unit=lambda pair: pair.identifier,
        words=lambda pair: sum(map(count_words, _pair(pair))),
        label=lambda pair: pair.label,
    ),
    "questions": Views(
        text=_question_and_passage,
        group=lambda question: question.title,
        unit=lambda question: question.passage,
        words=lambda question: sum(map(count_words, _question_and_passage(question))),
    ),
}


def prepare_task(
    kind: str,
    corpus_folder: Path | str,
    task_folder: Path | str,
    limits: dict[str, int | None],
    dev_fraction: float | None,
    seed: int,
) -> None:
    """Write the train, dev and test data of a task, in the format of the corpus's kind.

    `kind` is treebank, inference or questions; `corpus_folder` holds the corpus's splits. Train and
    dev lose each input that test has too. A corpus without dev gives `dev_fraction` (between 0 and
    1) of its train examples to dev, in whole groups: documents, premises, articles. Of each split
    remain `limits[split]` examples (None or no such key: all), drawn with `seed` and in their old
    order; a smaller sample is part of a larger one, and questions are drawn by whole passages but
    for the last. `summary.json` beside them counts all this. Raises InputError for a corpus
    without train or test, or without dev where `dev_fraction` is None, and where test has all
    inputs of train or of dev.
    """
    if kind not in VIEWS:
        raise InputError(f"task data: found the kind {kind}; allowed: {', '.join(VIEWS)}")
    views = VIEWS[kind]
    splits = read_splits(kind, Path(corpus_folder))
    in_corpus = {split: len(examples) for split, examples in splits.items()}
    shared, left_out = _drop_test_inputs(splits, views, format_of(kind).unit)
    if "dev" not in splits:
        splits["train"], splits["dev"] = _carve_dev(splits["train"], dev_fraction, seed, views)
    samples = {
        split: sample(splits[split], limits.get(split), [seed, number], views.unit)
        for number, split in enumerate(SPLITS)
    }
    counts = {
        split: {
            "in_corpus": in_corpus.get(split, 0),
            "available": len(splits[split]),
            **_describe(samples[split], views),
        }
        for split in SPLITS
    }
    summary = {
        "kind": kind,
        "seed": seed,
        "dev": origin_of_dev(in_corpus),
        **shared,
        "splits": counts,
        "left_out": left_out,
    }
    logger.info("%s", json.dumps(summary))
    write_prepared(kind, Path(task_folder), samples, summary)


def origin_of_dev(in_corpus: Mapping[str, Any]) -> str:
    """Say in words where development data come from: in_corpus has the corpus's own splits."""
    return "the corpus's" if "dev" in in_corpus else "carved out of train"


def write_prepared(
    kind: str, folder: Path, splits: Mapping[str, list[Any]], summary: Mapping[str, Any]
) -> None:
    """Write all splits and `summary.json`; warn of what the summary says was left out."""
    warn_of(summary["left_out"])
    with atomic_folder(folder) as temporary:
        for split in SPLITS:
            write_kind(kind, split_path(kind, temporary, split), splits[split])
        write_json(temporary / "summary.json", summary)


def sample(
    examples: Sequence[Any],
    limit: int | None,
    seed: int | Sequence[int],
    unit: Callable[[Any], Hashable],
) -> list[Any]:
    """Draw at most `limit` examples at random, in whole units but for the last, order kept.

    With the same seed a smaller sample is part of a larger one.
    """
    if limit is None or limit >= len(examples):
        return list(examples)
    members = _members(examples, unit)
    order = np.random.default_rng(seed).permutation(len(members))
    drawn = [position for number in order for position in members[number]]
    return [examples[position] for position in sorted(drawn[:limit])]


def _members(examples: Sequence[Any], group: Callable[[Any], Hashable]) -> list[list[int]]:
    """Positions of the examples of each group, groups in order of their first example."""
    members: dict[Hashable, list[int]] = {}
    for position, example in enumerate(examples):
        members.setdefault(group(example), []).append(position)
    return list(members.values())


def read_splits(kind: str, folder: Path) -> dict[str, list[Any]]:
    """Read the splits that a corpus has; InputError if train or test is not there."""
    splits: dict[str, list[Any]] = {}
    for split in SPLITS:
        path = split_path(kind, folder, split)
        if path.is_file():
            splits[split] = read_kind(kind, path)
        elif split != "dev":
            raise InputError.at(folder, None, f"no {path.name}", "a corpus with train and test")
    return splits


def _drop_test_inputs(
    splits: dict[str, list[Any]], views: Views, unit: str
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Take out of train and dev the inputs that test has too.

    Returns how many examples of test have such an input, by split, and records of what is gone.
    """
    in_test = [views.text(example) for example in splits["test"]]
    shared, left_out = {}, []
    for split in [split for split in ("train", "dev") if split in splits]:
        of = len(splits[split])
        inputs = set(map(views.text, splits[split]))
        shared[f"test_inputs_in_{split}"] = sum(text in inputs for text in in_test)
        inputs.intersection_update(in_test)
        splits[split] = [each for each in splits[split] if views.text(each) not in inputs]
        left_out += records(split, unit, of, {IN_TEST: of - len(splits[split])})
        if not splits[split]:
            raise InputError(f"task data: found every {split} input in test; allowed: others too")
    return shared, left_out


def _carve_dev(
    train: list[Any], dev_fraction: float | None, seed: int, views: Views
) -> tuple[list[Any], list[Any]]:
    """Split train into train and dev, by groups drawn at random until dev is large enough."""
    if dev_fraction is None:
        raise InputError(
            "dev_fraction: found null, in a task whose corpus has no dev split; "
            "allowed: a number between 0 and 1"
        )
    groups = _members(train, views.group)
    # A stream of its own: `sample` uses [seed, 0] to [seed, 2].
    order = np.random.default_rng([seed, len(SPLITS)]).permutation(len(groups))
    dev: set[int] = set()
    for number in order:
        if len(dev) >= dev_fraction * len(train):
            break
        dev.update(groups[number])
    if len(dev) == len(train):
        found = f"{len(groups)} groups of {len(train)} examples, all needed for dev"
        raise InputError.at(f"dev_fraction {dev_fraction}", None, found, "more groups, or less")
    return (
        [example for position, example in enumerate(train) if position not in dev],
        [example for position, example in enumerate(train) if position in dev],
    )


def _describe(examples: list[Any], views: Views) -> dict[str, Any]:
    """Count examples, words for each, and labels where there are any."""
    words = sum(map(views.words, examples))
    description = {"prepared": len(examples), "mean_words": round(words / len(examples), 2)}
    if views.label is None:
        return description
    counts = Counter(views.label(example) for example in examples)
    return {**description, "labels": dict(sorted(counts.items()))}
