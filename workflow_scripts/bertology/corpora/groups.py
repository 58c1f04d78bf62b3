"""What of a text is sampled, and so resampled, as a whole.

The questions on a passage, the hypotheses on a premise and the sentences of a document resemble one
another. Whoever drew the text drew passages, premises and documents, and intervals that resample
single examples are too narrow (Field & Welsh 2007, "Bootstrapping clustered data").
"""

from collections.abc import Sequence

from bertology.corpora.shapes import Question, SentencePair, TreeSentence

Example = TreeSentence | SentencePair | Question


def group_names(examples: Sequence[Example]) -> list[str]:
    """Name each example's group by the identifier of the first example in it.

    A group is what has the same passage, premise or document; a sentence whose document is not
    known is one by itself.
    """
    first: dict[str, str] = {}
    return [first.setdefault(_origin(example), example.identifier) for example in examples]


def group_numbers(documents: Sequence[str | None]) -> list[int]:
    """Give each sentence's group a number, the place of its first sentence, from 0.

    documents: each sentence's; one whose document is not known (None) is a group by itself.
    """
    first: dict[str, int] = {}
    return [
        number if document is None else first.setdefault(document, number)
        for number, document in enumerate(documents)
    ]


def _origin(example: Example) -> str:
    if isinstance(example, Question):
        return example.passage
    if isinstance(example, SentencePair):
        return example.premise
    return example.document or example.identifier
