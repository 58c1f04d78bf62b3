"""Corpora from the Hugging Face hub, at a pinned revision and without remote code.

Read are the columns of nyu-mll/glue (subset mnli) and of rajpurkar/squad. What the numbers of a
label column mean differs between data sets: labels are read by the names that the data set gives
its classes, and only where it has none by the names that the source gives.
"""

import importlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bertology.corpora.kinds import format_of
from bertology.corpora.reading import is_visible, refuse_repeated, required, shown
from bertology.corpora.shapes import INFERENCE_LABELS
from bertology.errors import InputError

TEXT_COLUMNS = {
    "inference": ("premise", "hypothesis"),
    "questions": ("id", "title", "context", "question"),
}
OTHER_COLUMN = {"inference": "label", "questions": "answers"}
ALLOWED_LABELS = (
    f"{', '.join(INFERENCE_LABELS)} as names, in any order; or the numbers 0, 1, 2 if the source "
    "has labels: [the three names in the order of the numbers]"
)
LABEL_TYPE = re.compile(r"(large_)?string|u?int[0-9]+")
REVISION = re.compile(r"[0-9a-f]{40}")


def fetch_hub(
    kind: str,
    repository: str,
    subset: str | None,
    revision: str,
    split: str,
    left_out: Counter[str] | None = None,
    labels: Sequence[str] | None = None,
) -> list[Any]:
    """Load one split of a hub data set as SentencePairs (inference) or Questions (questions).

    labels: INFERENCE_LABELS in the order of the numbers, for a data set that does not name them.
    Rows with an empty text or without a label are left out, since nobody can mend a published data
    set, and counted in `left_out` by reason.

    Raises InputError for another kind, a revision that is not a full commit hash, a data set that
    cannot be loaded, missing columns, labels whose meaning is not known, a repeated identifier,
    and rows that the readers of files refuse too.
    """
    left_out = Counter() if left_out is None else left_out
    if kind not in TEXT_COLUMNS:
        allowed = f"{', '.join(TEXT_COLUMNS)} (others from files)"
        raise InputError.at(f"hub corpus {repository}", None, f"the kind {kind}", allowed)
    if not REVISION.fullmatch(revision):
        allowed = "a commit hash of 40 hexadecimal digits"
        raise InputError.at(f"hub corpus {repository}", None, f"the revision {revision}", allowed)
    place = f"hub corpus {repository}@{revision}, subset {subset}, split {split}"
    rows = _load(repository, subset, revision, split, place)
    numbered = _with_text(rows, kind, place, left_out)
    if kind == "questions":
        return _questions(numbered, place)
    return _pairs(numbered, label_names(rows, labels, place), place, left_out)


def _load(repository: str, subset: str | None, revision: str, split: str, place: str) -> Any:
    """Load the rows; whatever hinders that is the user's to mend, so it becomes an InputError."""
    datasets = importlib.import_module("datasets")
    try:
        return datasets.load_dataset(repository, subset, revision=revision, split=split)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        allowed = "a data set, subset and split of the hub (or of its cache) within reach"
        raise InputError.at(place, None, found, allowed) from error


def _with_text(
    rows: Any, kind: str, place: str, left_out: Counter[str]
) -> list[tuple[int, dict[str, Any]]]:
    """Rows that have a text in all columns of text, each with its 0-based number."""
    texts, other = TEXT_COLUMNS[kind], OTHER_COLUMN[kind]
    if not {*texts, other} <= set(rows.column_names):
        found = f"columns {', '.join(rows.column_names)}"
        raise InputError.at(place, None, found, f"columns {', '.join((*texts, other))}")
    kept = [
        (number, row)
        for number, row in enumerate(rows)
        if all(is_visible(str(row[column] or "")) for column in texts)
    ]
    if not kept:
        raise InputError.at(place, None, "no row with text", "at least one")
    left_out[f"{format_of(kind).unit} without text"] += len(rows) - len(kept)
    return kept


def label_names(rows: Any, labels: Sequence[str] | None, place: str) -> dict[Any, str | None]:
    """Give the one of INFERENCE_LABELS that each value of the column `label` means; None is none.

    Raises InputError, with all names or numbers of the column, if one cannot be mapped.
    """
    inference = _inference()
    unlabelled = dict.fromkeys(inference.NO_LABEL)
    feature = rows.features["label"]
    if hasattr(feature, "names"):
        return {
            **unlabelled,
            **dict(enumerate(_of_classes([*map(str, feature.names)], labels, place))),
        }
    if not LABEL_TYPE.fullmatch(str(getattr(feature, "dtype", ""))):
        raise InputError.at(place, None, f"labels of the type {feature}", ALLOWED_LABELS)
    values = [value for value in rows.unique("label") if value not in unlabelled]
    by_name = {value: inference.label_by_name(value) for value in values}
    if all(by_name.values()):
        return {**unlabelled, **by_name}
    in_order = dict(enumerate(labels or ()))
    if all(type(value) is int and value in in_order for value in values):
        return {**unlabelled, **in_order}
    found = f"labels {', '.join(sorted(map(shown, values)))}"
    raise InputError.at(place, None, found, ALLOWED_LABELS)


def _of_classes(
    classes: Sequence[str], labels: Sequence[str] | None, place: str
) -> list[str | None]:
    """Labels of the classes of a data set in their order, by name or else by `labels`."""
    by_name = [_inference().label_by_name(name) for name in classes]
    known = [name or label == "-" for name, label in zip(by_name, classes, strict=True)]
    found = f"classes named {', '.join(classes)}"
    if labels is None:
        if not all(known):
            raise InputError.at(place, None, found, ALLOWED_LABELS)
        return by_name
    agree = len(classes) == len(labels) and all(
        name in (None, label) for name, label in zip(by_name, labels, strict=True)
    )
    if not agree:
        found = f"{found}, but labels: [{', '.join(labels)}] in the source"
        raise InputError.at(place, None, found, "no labels, or such as agree with the names")
    return list(labels)


def _pairs(
    rows: Iterable[tuple[int, dict[str, Any]]],
    names: dict[Any, str | None],
    place: str,
    left_out: Counter[str],
) -> list[Any]:
    inference = _inference()
    pairs = []
    seen: set[str] = set()
    for number, row in rows:
        at = f"{place}, row {number}"
        if row["label"] not in names:
            raise InputError.at(at, None, f"label {shown(row['label'])}", ALLOWED_LABELS)
        label = names[row["label"]]
        if label is None:
            left_out[inference.UNLABELLED] += 1
            continue
        identifier, _ = inference.identifier_of(row, at, None, default=number)
        refuse_repeated(identifier, seen, at)
        pairs.append(inference.pair_from_record({**row, "label": label}, identifier, at, None))
    if not pairs:
        raise InputError.at(place, None, "no pair with a label", "at least one pair")
    return pairs


def _inference() -> Any:
    # Loaded only here, so that a change to it leaves questions as they are.
    return importlib.import_module("bertology.corpora.inference")


def _questions(rows: Iterable[tuple[int, dict[str, Any]]], place: str) -> list[Any]:
    make = importlib.import_module("bertology.corpora.questions").question_from_entry
    questions = []
    seen: set[str] = set()
    for number, row in rows:
        at = f"{place}, row {number}"
        title, passage = (required(row, column, str, at) for column in ("title", "context"))
        question = make({**row, "answers": _answers(row["answers"], at)}, title, passage, at)
        refuse_repeated(question.identifier, seen, at)
        questions.append(question)
    return questions


def _answers(answers: Any, place: str) -> list[Any]:
    """Give answers the layout of a SQuAD file; the hub has lists of texts and of offsets."""
    match answers:
        case {"text": [*texts], "answer_start": [*starts]} if len(texts) == len(starts):
            pairs = zip(texts, starts, strict=True)
            return [{"text": text, "answer_start": start} for text, start in pairs]
        case [*entries]:
            return entries
    allowed = "as many texts as answer_start, as in rajpurkar/squad"
    raise InputError.at(place, None, f"answers = {shown(answers)}", allowed)
