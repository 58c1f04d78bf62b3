"""Parts of speech and dependencies as labelled spans, from CoNLL-U treebanks.

The tasks of Tenney et al. (2019, https://openreview.net/forum?id=SJzSgnRcKX) on Universal
Dependencies. Words are the syntactic words of the treebank (see bertology.corpora.treebank, whose
errors these readers raise too).
"""

from collections import Counter
from pathlib import Path

from bertology.corpora.shapes import SpanSentence, SpanTarget
from bertology.corpora.spans.annotated import Annotated, tag_targets, with_targets
from bertology.corpora.treebank import read_treebank

NO_TAG = "_"


def read_part_of_speech(path: Path | str, universal: bool = False) -> Annotated:
    """Read each word as a target whose label is its XPOS, or its UPOS if `universal`.

    Words without a tag ("_") are no targets, and are counted as left out.
    Raises InputError with the file for a broken treebank, or if no word has a tag.
    """
    sentences: list[SpanSentence] = []
    left_out: Counter[str] = Counter()
    reason = f"word without {'UPOS' if universal else 'XPOS'}"
    for sentence in read_treebank(path, left_out):
        tags = sentence.universal_tags if universal else sentence.treebank_tags
        left_out[reason] += tags.count(NO_TAG)
        targets = tag_targets(tags, NO_TAG)
        sentences.append(SpanSentence(sentence.words, targets, sentence.document))
    return with_targets(sentences, path, left_out)


def read_dependencies(path: Path | str) -> Annotated:
    """Read each word but the root as a target: span1 the word, span2 its head.

    The label is the relation with its subtype ("nsubj:pass").
    Raises InputError with the file for a broken treebank, or if all sentences have one word.
    """
    left_out: Counter[str] = Counter()
    sentences = [
        SpanSentence(
            sentence.words,
            tuple(
                SpanTarget((position, position + 1), (head - 1, head), (relation,))
                for position, (head, relation) in enumerate(
                    zip(sentence.heads, sentence.relations, strict=True)
                )
                if head != 0
            ),
            sentence.document,
        )
        for sentence in read_treebank(path, left_out)
    ]
    return with_targets(sentences, path, left_out)
