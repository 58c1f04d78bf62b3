"""Make the data of a probe from an annotated corpus: splits without leakage, cut to a size.

No sentence is in two splits, and none is one that a task of the study was trained or chosen on.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bertology.corpora.shapes import SPLITS, SpanSentence, SpanTarget, TreeSentence
from bertology.corpora.sources import left_out_by_reader
from bertology.corpora.tasks import origin_of_dev, read_splits, write_prepared
from bertology.errors import InputError
from bertology.left_out import records
from bertology.probing.texts import sentence_key
from bertology.probing.trained import Trained

logger = logging.getLogger(__name__)

REPEATED = "repeated in a later split"
TRAINED = "a task of the study was trained on it"
LEAST_LEFT = 0.5
"""The share that must remain of a split that no limit cuts, without the sentences of tasks."""

Sentence = SpanSentence | TreeSentence
Splits = dict[str, list[Any]]


def prepare_probe(
    kind: str,
    corpus_folder: Path | str,
    folder: Path | str,
    limits: Mapping[str, int | None],
    dev_fraction: float | None,
    seed: int,
    text: str,
    trained: Trained,
) -> None:
    """Write a probe's train, dev and test data and `summary.json`, which counts all this.

    kind: edges (labelled spans) or treebank (for structural probes). Sentences without a target are
    left out, and so is what stands word for word in a later split (of train, dev, test). A corpus
    without dev gives `dev_fraction` of its train sentences to dev. From all splits goes what a task
    of the study was `trained` or chosen on. Of each remain `limits[split]` sentences (None: all) in
    their old order. Which ones is decided by a hash of `seed` and their words, so that the probes
    of one text choose the same sentences. text: its name in the configuration, for messages.

    Raises InputError for a corpus without train or test, a split in which nothing remains, and one
    in which the tasks leave fewer than its limit or, where that cuts nothing, less than LEAST_LEFT.
    """
    in_corpus = read_splits(kind, Path(corpus_folder))
    splits = {name: list(filter(_has_target, each)) for name, each in in_corpus.items()}
    apart, repeated = _apart(splits)
    if "dev" not in apart:
        apart["train"], apart["dev"] = _carve_dev(apart["train"], dev_fraction, seed)
    clean = _clean(apart, trained, text, limits)
    chosen = {split: _first_by_key(clean[split], limits[split], seed) for split in SPLITS}
    for split in [split for split in SPLITS if not chosen[split]]:
        found = f"no sentence with a target that is left for {split}"
        raise InputError.at(corpus_folder, None, found, "at least one")
    counts = _counts(in_corpus, splits, chosen)
    summary = {
        "kind": kind,
        "seed": seed,
        "dev": origin_of_dev(in_corpus),
        "sentences": counts,
        "left_out": _dropped(in_corpus, repeated, apart, clean),
        "left_out_by_the_reader": left_out_by_reader(corpus_folder),
        **describe(chosen),
    }
    logger.info("%s", json.dumps(counts))
    write_prepared(kind, Path(folder), chosen, summary)


def _counts(in_corpus: Splits, with_target: Splits, chosen: Splits) -> dict[str, dict[str, int]]:
    """Count the sentences of each split: all, those without a target, those that are used."""
    return {
        split: {
            "in_corpus": len(in_corpus.get(split, [])),
            "without_target": len(in_corpus.get(split, [])) - len(with_target.get(split, [])),
            "used": len(chosen[split]),
        }
        for split in SPLITS
    }


def describe(splits: Mapping[str, Sequence[Sentence]]) -> dict[str, Any]:
    """Count the targets of each split and the targets with each label (of labelled spans)."""
    targets = {split: [t for each in splits[split] for t in _targets(each)] for split in splits}
    labels = {
        split: Counter(label for target in targets[split] for label in target.labels)
        for split in splits
    }
    names = sorted(set().union(*labels.values()), key=lambda name: (-labels["train"][name], name))
    words = {split: sum(len(each.words) for each in splits[split]) for split in splits}
    return {
        "words": words,
        "targets": {split: len(found) for split, found in targets.items()},
        "labels": {name: {split: labels[split][name] for split in splits} for name in names},
        "labels_unknown_in_train": [name for name in names if not labels["train"][name]],
    }


def _targets(sentence: Sentence) -> tuple[SpanTarget, ...]:
    return sentence.targets if isinstance(sentence, SpanSentence) else ()


def _has_target(sentence: Sentence) -> bool:
    """Say whether there is something to learn: a labelled span, or an edge of a tree."""
    if isinstance(sentence, SpanSentence):
        return bool(sentence.targets)
    return len(sentence.words) > 1


def _apart(splits: Splits) -> tuple[Splits, dict[str, int]]:
    """Give each split without the sentences of later ones, and how many that were."""
    later: set[str] = set()
    kept: Splits = {}
    for split in reversed([split for split in SPLITS if split in splits]):
        keys = [sentence_key(each.words) for each in splits[split]]
        pairs = zip(keys, splits[split], strict=True)
        kept[split] = [each for key, each in pairs if key not in later]
        later.update(keys)
    return kept, {split: len(splits[split]) - len(kept[split]) for split in kept}


def _clean(splits: Splits, trained: Trained, text: str, limits: Mapping[str, int | None]) -> Splits:
    """Give each split without what a task was trained on; InputError where that leaves too few."""
    clean: Splits = {}
    for split in SPLITS:
        clean[split] = [each for each in splits[split] if not trained.has(each.words)]
        _refuse_too_few(text, split, len(clean[split]), len(splits[split]), limits[split])
    return clean


def _refuse_too_few(text: str, split: str, left: int, before: int, limit: int | None) -> None:
    """Raise InputError if what the tasks were trained on leaves too little of a split."""
    least = LEAST_LEFT * before if limit is None or limit >= before else limit
    if left >= least:
        return
    place = f"probes.{text}.limits.{split}: found {'null' if limit is None else limit}"
    found = f"{left} of {before} sentences on which no task of the study was trained"
    lower = f"a limit of at most {left}, " if left else ""
    raise InputError(
        f"{place}, with {found}; allowed: {lower}tasks with fewer examples, or a text that no task "
        "was trained on"
    )


def _dropped(
    in_corpus: Splits, repeated: Mapping[str, int], apart: Splits, clean: Splits
) -> list[dict[str, Any]]:
    """Give the records of what is left out of each split of the corpus, or of what became dev.

    Sentences without a target are none: there is nothing in them that a probe could use.
    """
    return [
        record
        for split in SPLITS
        for record in records(
            split,
            "sentence",
            len(in_corpus.get(split, apart[split])),
            {
                REPEATED: repeated.get(split, 0),
                TRAINED: len(apart[split]) - len(clean[split]),
            },
        )
    ]


def _carve_dev(train: list[Any], dev_fraction: float | None, seed: int) -> tuple[list[Any], ...]:
    """Split train into train and dev by hash; equal sentences stay together."""
    if dev_fraction is None:
        found = "dev_fraction: found null, for a corpus without a dev split"
        raise InputError(f"{found}; allowed: a number between 0 and 1")
    # A hash of its own: with that of the sample, a small sample of train would sit beside dev.
    keys = [sentence_key(each.words, seed + 1) for each in train]
    different = sorted(set(keys))
    chosen = set(different[: round(dev_fraction * len(different))])
    parts: tuple[list[Any], list[Any]] = ([], [])
    for key, each in zip(keys, train, strict=True):
        parts[key in chosen].append(each)
    return parts


def _first_by_key(sentences: list[Any], limit: int | None, seed: int) -> list[Any]:
    keys = [sentence_key(each.words, seed) for each in sentences]
    order = sorted(range(len(keys)), key=lambda position: (keys[position], position))
    return [sentences[position] for position in sorted(order[:limit])]
