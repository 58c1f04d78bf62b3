"""Write the embedded corpus in the public format of each kind of annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from bertology.corpora.edges import write_edges
from bertology.corpora.grammar.annotations import Mention, Sentence, Span
from bertology.corpora.grammar.generate import Passage, sample_splits
from bertology.corpora.shapes import SPLITS, SpanSentence, SpanTarget
from bertology.errors import InputError
from bertology.files import atomic_folder

KINDS = ("treebank", "inference", "questions", "edges")


def write_grammar_corpus(
    domain: str, kind: str, sizes: dict[str, int], seed: int, folder: Path
) -> None:
    """Write one kind of annotation of one domain as a folder of train, dev and test files.

    `sizes` holds the number of sentences (treebank, edges), pairs (inference) or passages
    (questions) of each split. Kind "treebank" writes `{split}.conllu`; "edges" writes
    `{phenomenon}/{split}.jsonl` for the same sentences. The same arguments give the same bytes.
    Raises InputError for an unknown domain, kind or split.
    """
    if kind not in KINDS:
        raise InputError(f"found kind {kind!r}; allowed: {', '.join(KINDS)}")
    if not set(sizes) <= set(SPLITS):
        raise InputError(f"found splits {', '.join(sizes)}; allowed: {', '.join(SPLITS)}")
    if kind == "inference":
        from bertology.corpora.grammar.pairs import write_pairs

        write_pairs(domain, sizes, seed, folder)
    elif kind == "questions":
        from bertology.corpora.grammar.passages import write_passages

        write_passages(domain, sizes, seed, folder)
    else:
        _write_sentences(kind, sample_splits(domain, sizes, seed), seed, folder)


def _write_sentences(kind: str, splits: dict[str, list[Passage]], seed: int, folder: Path) -> None:
    with atomic_folder(folder) as unfinished:
        for split, passages in splits.items():
            if kind == "treebank":
                text = "".join(conllu_blocks(split, passages))
                (unfinished / f"{split}.conllu").write_text(text, encoding="utf-8")
            else:
                generator = np.random.default_rng((seed, SPLITS.index(split)))
                _write_edges(passages, split, unfinished, generator)


def conllu_blocks(split: str, passages: Iterable[Passage]) -> Iterator[str]:
    """One block of CoNLL-U for each sentence, with its empty line; a passage is a document."""
    for number, passage in enumerate(passages, start=1):
        document = f"{split}-{number:05d}"
        for position, sentence in enumerate(passage, start=1):
            opening = [f"# newdoc id = {document}"] if position == 1 else []
            comments = [f"# sent_id = {document}-{position}", f"# text = {sentence.text}"]
            yield "\n".join([*opening, *comments, *_rows(sentence)]) + "\n\n"


def _rows(sentence: Sentence) -> Iterator[str]:
    for number, token in enumerate(sentence.tokens, start=1):
        columns = (
            str(number),
            token.form,
            token.lemma,
            token.universal_tag,
            token.treebank_tag,
            token.features,
            str(token.head),
            token.relation,
            "_",
            "_" if token.space_after else "SpaceAfter=No",
        )
        yield "\t".join(columns)


# Edge probing


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
PHENOMENA = (*SENTENCE_PHENOMENA, "coreference")


def _write_edges(
    passages: list[Passage], split: str, folder: Path, generator: np.random.Generator
) -> None:
    """Write one file for each phenomenon: a line a sentence, for coreference a line a passage."""
    sentences = [sentence for passage in passages for sentence in passage]
    for phenomenon, find in SENTENCE_PHENOMENA.items():
        annotated = [SpanSentence(each.words, tuple(find(each))) for each in sentences]
        write_edges(folder / phenomenon / f"{split}.jsonl", annotated)
    annotated = [
        SpanSentence(_words(passage), tuple(_coreference(passage, generator)))
        for passage in passages
    ]
    write_edges(folder / "coreference" / f"{split}.jsonl", annotated)


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
