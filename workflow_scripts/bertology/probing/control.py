"""Control tasks (Hewitt & Liang 2019, "Designing and interpreting probes with control tasks").

A control task has the sentences, spans and labels of a probe, but each word type (or pair of types)
has a label drawn at random: it can be learnt from the identity of the words alone. Selectivity is a
probe's score less the score of the same probe on its control task.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from bertology.corpora.shapes import SpanSentence, SpanTarget

Labels = tuple[str, ...]


def control_task(
    sentences: Sequence[SpanSentence], training: Sequence[SpanSentence], seed: int
) -> list[SpanSentence]:
    """Give each target the labels that its words' types draw from the labels of training targets.

    The type of a span is its words in lower case; of a pair, both. The draw depends on the type and
    the seed alone, so that a type has the same labels in every split, whether or not another split
    has been seen; frequent labels are drawn as often as they stand in `training`.
    """
    drawn_from = [target.labels for sentence in training for target in sentence.targets]
    return [
        replace(
            sentence,
            targets=tuple(
                replace(target, labels=_draw(sentence, target, drawn_from, seed))
                for target in sentence.targets
            ),
        )
        for sentence in sentences
    ]


def _draw(
    sentence: SpanSentence, target: SpanTarget, drawn_from: Sequence[Labels], seed: int
) -> Labels:
    types = "\t".join(" ".join(sentence.words[first:end]).lower() for first, end in target.spans)
    digest = blake2b(f"{seed}\t{types}".encode(), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(digest, "big"))
    return drawn_from[int(generator.integers(len(drawn_from)))]
