"""Write what the grammar knows of its sentences as spans with labels, for edge probing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bertology.corpora import edges
from bertology.corpora.grammar.annotations import Mention, Sentence, Span
from bertology.corpora.grammar.generate import Passage, documents, sample_splits
from bertology.corpora.shapes import SPLITS, SpanSentence, SpanTarget
from bertology.files import atomic_folder


def write_edges(
    domain: str, sizes: dict[str, int], seed: int, folder: Path, phenomenon: str
) -> None:
    """Write `{split}.jsonl`: targets of one of `write.PHENOMENA` in `sizes[split]` sentences.

    They are the sentences of the treebank that the same arguments give, with the same names of
    documents: a line for each sentence, for coreference a line for each passage.
    """
    with atomic_folder(folder) as unfinished:
        for split, passages in sample_splits(domain, sizes, seed).items():
            if phenomenon == COREFERENCE:
                generator = np.random.default_rng((seed, SPLITS.index(split)))
                annotated = [
                    SpanSentence(_words(passage), tuple(_coreference(passage, generator)), document)
                    for document, passage in documents(split, passages)
                ]
            else:
                find = SENTENCE_PHENOMENA[phenomenon]
                annotated = [
                    SpanSentence(sentence.words, tuple(find(sentence)), document)
                    for document, passage in documents(split, passages)
                    for sentence in passage
                ]
            edges.write_edges(unfinished / f"{split}.jsonl", annotated)


def _part_of_speech(sentence: Sentence) -> list[SpanTarget]:
    tags = [token.treebank_tag for token in sentence.tokens]
    return [_target(tag, (index, index + 1)) for index, tag in enumerate(tags)]


def _constituents(sentence: Sentence) -> list[SpanTarget]:
    return [_target(each.label, each.span) for each in sentence.constituents]


def _dependencies(sentence: Sentence) -> list[SpanTarget]:
    """Give each word but the root with its head."""
    return [
        _target(token.relation, (index, index + 1), (token.head - 1, token.head))
        for index, token in enumerate(sentence.tokens)
        if token.head > 0
    ]


def _entities(sentence: Sentence) -> list[SpanTarget]:
    return [_target(each.label, each.span) for each in sentence.entities]


def _semantic_roles(sentence: Sentence) -> list[SpanTarget]:
    return [
        _target(argument.label, frame.predicate, argument.span)
        for frame in sentence.frames
        for argument in frame.arguments
    ]


def _proto_roles(sentence: Sentence) -> list[SpanTarget]:
    roles = sentence.proto_roles
    return [SpanTarget(each.predicate, each.argument, each.properties) for each in roles]


def _target(label: str, span1: Span, span2: Span | None = None) -> SpanTarget:
    return SpanTarget(span1, span2, (label,))


SENTENCE_PHENOMENA: dict[str, Callable[[Sentence], list[SpanTarget]]] = {
    "part_of_speech": _part_of_speech,
    "constituents": _constituents,
    "dependencies": _dependencies,
    "entities": _entities,
    "semantic_roles": _semantic_roles,
    "proto_roles": _proto_roles,
}
COREFERENCE = "coreference"


def _words(passage: Passage) -> tuple[str, ...]:
    return tuple(word for sentence in passage for word in sentence.words)


def _coreference(passage: Passage, generator: np.random.Generator) -> list[SpanTarget]:
    """All pairs of coreferent mentions, and as many pairs of others as there are, at random."""
    mentions = _mentions(passage)
    pairs = [(a, b) for index, b in enumerate(mentions) for a in mentions[:index]]
    same = [(a, b) for a, b in pairs if a.referent == b.referent]
    others = [(a, b) for a, b in pairs if a.referent != b.referent]
    drawn = generator.permutation(len(others))[: len(same)]
    targets = [("1", *pair) for pair in same] + [("0", *others[index]) for index in sorted(drawn)]
    return [_target(label, a.span, b.span) for label, a, b in targets]


def _mentions(passage: Passage) -> list[Mention]:
    """Give the mentions of all sentences, with spans over the words of the passage."""
    mentions, offset = [], 0
    for sentence in passage:
        for each in sentence.mentions:
            span = (each.span[0] + offset, each.span[1] + offset)
            mentions.append(Mention(span, each.referent))
        offset += len(sentence.tokens)
    return mentions
