"""Control tasks (Hewitt & Liang 2019, "Designing and interpreting probes with control tasks").

A control task has the targets of a probe, but its labels are drawn at random by word type, so that
they can be learnt from the identity of the words alone. Selectivity is a probe's score less the
score of the same probe on its control task.

Hewitt & Liang draw for single words. Were longer spans and pairs drawn for as a whole, most of them
would be new in the test data, and nothing that is learnt would tell their labels. So here each word
type has a label and a priority, and a target has the label of that of its words which has the
highest priority: types that were seen tell the labels of new combinations. It is what the probe can
do, whose attention picks a word of a span and whose hidden layer sees both spans.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from bertology.probing.targets import Words


def control_labels(words: Sequence[Words], training: np.ndarray, seed: int) -> np.ndarray:
    """Give each target the labels of a training target, drawn by its words: bool (targets, labels).

    training: labels of all training targets, bool, (targets, labels); each type draws one of them
    with all its labels, so that frequent ones are drawn as often as they are there. The draw
    depends on the type, the seed and `training` alone: a type has the same labels in every split.
    """
    drawn = {word: _draw(word, len(training), seed) for each in words for word in types_of(each)}
    rows = [max(drawn[word] for word in types_of(each))[1] for each in words]
    return training[np.array(rows, dtype=np.int64)]


def types_of(words: Words) -> set[str]:
    """Give the word types of a target, of all its spans together."""
    return {word for span in words for word in span}


def _draw(word: str, targets: int, seed: int) -> tuple[float, int]:
    """Draw the priority of a word type, and the training target from which it has its labels."""
    digest = blake2b(f"{seed}\t{word}".encode(), digest_size=8).digest()
    generator = np.random.default_rng(int.from_bytes(digest, "big"))
    number = int(generator.integers(targets))
    return float(generator.random()), number


def of_known_types(words: Sequence[Words], training: Sequence[Words]) -> np.ndarray:
    """Say of which targets every word type is in a training target: bool, (targets,)."""
    known = {word for each in training for word in types_of(each)}
    return np.array([types_of(each) <= known for each in words], dtype=bool)


def of_unseen_words(words: Sequence[Words], training: Sequence[Words]) -> np.ndarray:
    """Say which targets have words that had no label in training: bool, (targets,).

    Of one span: none of its words is in a training target. Of two: no training target has this pair
    of spans. What a probe gets right there it has not memorised, which can hide how encoders differ
    (Choudhury, Bhutani & Augenstein 2022, "Can edge probing tasks reveal linguistic knowledge in QA
    models?").
    """
    pairs, known = set(training), {word for each in training for word in types_of(each)}
    unseen = [
        each not in pairs if len(each) > 1 else types_of(each).isdisjoint(known) for each in words
    ]
    return np.array(unseen, dtype=bool)
