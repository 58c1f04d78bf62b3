"""Semantic proto-roles as labelled spans, from UDS 2.0's raw annotation and a treebank's words.

Universal Decompositional Semantics (White et al. 2016, http://decomp.io; the protocol is SPR2)
publishes what its annotators said as one JSON file without words, protoroles.json:
{"data": {"ewt-dev-7": {"ewt-dev-7-semantics-pred-2%%ewt-dev-7-semantics-arg-1": {"protoroles":
{<property>: {"value": {<annotator>: 0 to 4}, "confidence": {<annotator>: 0 or 1}}}}}}}.

ewt-dev-7 is sentence 7, from 1, of the dev split of the English Web Treebank in Universal
Dependencies 1.x; pred and arg are numbers of its words, from 1. Later releases of UD English EWT
have split and joined sentences: SHIFTS says by how much the numbers of the others have moved.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bertology.corpora.reading import parsed_json, shown
from bertology.corpora.shapes import TreeSentence
from bertology.corpora.spans.annotated import Annotated, Span
from bertology.corpora.spans.packed import packed_texts
from bertology.corpora.spans.proto_roles import (
    LOWEST,
    Rated,
    RatedSentence,
    rated_alike,
    rated_pair,
)
from bertology.corpora.treebank import read_with_withheld
from bertology.corpora.withheld import with_text
from bertology.errors import InputError

SUFFIX = ".json"
SENTENCE = re.compile(r"ewt-(?P<split>train|dev|test)-(?P<number>[1-9][0-9]*)")
PAIR = re.compile(
    r"(?P<sentence>.+)-semantics-pred-(?P<predicate>[1-9][0-9]*)"
    r"%%(?P=sentence)-semantics-arg-(?P<argument>[1-9][0-9]*)"
)
PROPERTIES = frozenset(
    (
        *("awareness", "change_of_location", "change_of_possession", "change_of_state"),
        *("change_of_state_continuous", "existed_after", "existed_before", "existed_during"),
        *("instigation", "partitive", "sentient", "volition", "was_for_benefit", "was_used"),
        # Of adjuncts.
        *("location", "manner", "purpose", "time"),
    )
)
VALUES, CONFIDENCES = {0, 1, 2, 3, 4}, {0, 1}
SHIFTS = {"train": (11_477, 1), "dev": (344, -1), "test": (1, 0)}
"""By split: the first sentence whose number is another one in release 2.16, and how much higher.

The change lies somewhere between these and the annotated sentence before, so that these need not
be the very first ones.
"""
PREDICATES = ("VERB", "AUX")
LEAST_FITTING = 0.99
"""Share of pairs whose predicate is a verb: in release 2.16 it is at least 99.7%, by split. One
sentence further on it is 22%, so that a treebank with other numbers falls below it."""
KNOWN = "the same split of UD English EWT 2.16, whose numbers of sentences are known"


def read_proto_roles(path: Path | str, annotations: Path | str, split: str) -> Annotated:
    """Read each pair as a target: span1 the predicate, span2 the argument's head word.

    path: the treebank's `split` (train, dev or test), CoNLL-U. annotations: protoroles.json, in a
    .zip, a .tar.gz or a folder, or by itself. The labels are the properties whose mean rating is at
    least 4, in the order of the file. Ratings are on the scale 1 to 5: an annotator's value plus 1,
    and 1 where the confidence is 0, which says that the property does not apply. Pairs that were
    rated on the adverbial properties alone are left out and counted (see `proto_roles`). There are
    the sentences that have annotation, in the order of the treebank, with their pairs in the order
    of predicate and argument.

    Raises InputError with file and key for names, properties or ratings of another form, sentences
    and words that the treebank has not, and a broken archive or treebank, and with the file if too
    few predicates are verbs, which is so in a treebank of another release, or if no pair is left.
    """
    place, data = _data(annotations)
    treebank = read_with_withheld(path)
    rated: dict[int, list[Rated]] = defaultdict(list)
    for name, pairs in data.items():
        of_split, position = _position(name, place)
        if of_split == split:
            sentence = _sentence(name, position, treebank, path, place)
            rated[position] += _pairs(name, pairs, sentence, place)
    joined = [(treebank[position], rated[position]) for position in sorted(rated)]
    _check_fit(joined, path)
    left_out: Counter[str] = Counter()
    with_words = with_text(
        joined, lambda each: each[0].words, lambda each: each[0].document, path, left_out
    )
    rated_sentences = [
        RatedSentence(each.words, pairs, each.document) for each, pairs in with_words
    ]
    return rated_alike(rated_sentences, path, left_out)


def _data(annotations: Path | str) -> tuple[str, dict[str, Any]]:
    """Give the place of the file, for messages, and its pairs by sentence."""
    texts = list(packed_texts(annotations, SUFFIX))
    if len(texts) > 1:
        found = f"{len(texts)} files *{SUFFIX}: {', '.join(place for place, _ in texts)}"
        raise InputError.at(annotations, None, found, "one, protoroles.json of the raw annotation")
    place, text = texts[0]
    content = parsed_json(text, place, None, "one JSON object with the key data")
    return place, _object(_object(content, "the file", place).get("data"), "data", place)


def _object(value: Any, key: str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        found = f"{key} = {shown(value)}"
        raise InputError.at(place, None, found, "an object with at least one key")
    return value


def _position(name: str, place: str) -> tuple[str, int]:
    """Give the split of a sentence of UDS, and where it is among those of release 2.16, from 0."""
    match = SENTENCE.fullmatch(name)
    if match is None:
        allowed = "ewt-train-<number from 1>, ewt-dev-... or ewt-test-..."
        raise InputError.at(place, None, f"the sentence {name} in data", allowed)
    number = int(match["number"])
    first, shift = SHIFTS[match["split"]]
    return match["split"], number - 1 + (shift if number >= first else 0)


def _sentence(
    name: str, position: int, treebank: list[TreeSentence], path: Path | str, place: str
) -> TreeSentence:
    if position >= len(treebank):
        found = f"data.{name}, which is sentence {position + 1} of the treebank"
        raise InputError.at(place, None, found, f"1 to {len(treebank)} in {path}, {KNOWN}")
    return treebank[position]


def _pairs(name: str, pairs: Any, sentence: TreeSentence, place: str) -> list[Rated]:
    """Give the rated pairs of a sentence, in the order of predicate and argument."""
    rated = []
    for key, entry in _object(pairs, f"data.{name}", place).items():
        match = PAIR.fullmatch(key)
        if match is None or match["sentence"] != name:
            allowed = f"{name}-semantics-pred-<number>%%{name}-semantics-arg-<number>"
            raise InputError.at(place, None, f"the pair {key} in data.{name}", allowed)
        predicate, argument = (
            _word(int(match[end]), f"the {end} of {key}", sentence, place)
            for end in ("predicate", "argument")
        )
        rated.append(rated_pair(predicate, argument, dict(_ratings(key, entry, place))))
    return sorted(rated, key=lambda pair: pair[0].spans)


def _word(number: int, what: str, sentence: TreeSentence, place: str) -> Span:
    """Give the span of the word with this number, from 1."""
    if number > len(sentence.words):
        found = f"{what}, the word {number} of the treebank's sentence {sentence.identifier}"
        allowed = f"1 to {len(sentence.words)}, the words it has, and {KNOWN}"
        raise InputError.at(place, None, found, allowed)
    return number - 1, number


def _ratings(pair: str, entry: Any, place: str) -> Iterator[tuple[str, float]]:
    """Give the properties that a pair was rated on, and the mean rating, on the scale 1 to 5."""
    key = f"{pair}.protoroles"
    properties = _object(_object(entry, pair, place).get("protoroles"), key, place)
    for name, answers in properties.items():
        if name not in PROPERTIES:
            allowed = ", ".join(sorted(PROPERTIES))
            raise InputError.at(place, None, f"the property {name} in {key}", allowed)
        yield name, _mean(answers, f"{key}.{name}", place)


def _mean(answers: Any, key: str, place: str) -> float:
    """Give the mean of the annotators' ratings."""
    found = _object(answers, key, place)
    values = _object(found.get("value"), f"{key}.value", place)
    confidences = _object(found.get("confidence"), f"{key}.confidence", place)
    known = _all_in(values, VALUES) and _all_in(confidences, CONFIDENCES)
    if not known or set(values) != set(confidences):
        allowed = "value 0 to 4 and confidence 0 or 1 of the same annotators"
        raise InputError.at(place, None, f"{key} = {shown(found)}", allowed)
    ratings = [
        LOWEST + (value if confidences[annotator] else 0) for annotator, value in values.items()
    ]
    return sum(ratings) / len(ratings)


def _all_in(answers: Mapping[str, Any], allowed: set[int]) -> bool:
    # In JSON true is no number, in Python it equals 1.
    return all(type(answer) is int and answer in allowed for answer in answers.values())


def _check_fit(joined: list[tuple[TreeSentence, list[Rated]]], path: Path | str) -> None:
    """Raise InputError if too few of the predicates are verbs."""
    tags = [
        sentence.universal_tags[target.span1[0]]
        for sentence, pairs in joined
        for target, _ in pairs
    ]
    verbs = sum(tag in PREDICATES for tag in tags)
    if verbs < LEAST_FITTING * len(tags):
        found = f"a verb (UPOS VERB or AUX) as the predicate of {verbs} of {len(tags)} pairs only"
        allowed = f"at least {LEAST_FITTING:.0%} of them, and {KNOWN}"
        raise InputError.at(path, None, found, allowed)
