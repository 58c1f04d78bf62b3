"""Write the grammar's sentences as a treebank, in CoNLL-U."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bertology.corpora.grammar.annotations import Sentence
from bertology.corpora.grammar.generate import Passage, documents, sample_splits
from bertology.files import atomic_folder


def write_treebank(domain: str, sizes: dict[str, int], seed: int, folder: Path) -> None:
    """Write `{split}.conllu` with `sizes[split]` sentences of a domain for each split."""
    with atomic_folder(folder) as unfinished:
        for split, passages in sample_splits(domain, sizes, seed).items():
            text = "".join(conllu_blocks(split, passages))
            (unfinished / f"{split}.conllu").write_text(text, encoding="utf-8")


def conllu_blocks(split: str, passages: Iterable[Passage]) -> Iterator[str]:
    """One block of CoNLL-U for each sentence, with its empty line; a passage is a document."""
    for document, passage in documents(split, passages):
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
