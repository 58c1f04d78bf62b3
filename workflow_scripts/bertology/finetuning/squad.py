"""The metrics of SQuAD 1.1 (Rajpurkar et al. 2016, section 6.1), as in its official script."""

import re
import string
from collections import Counter
from collections.abc import Sequence

PUNCTUATION = str.maketrans("", "", string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


def exact_match(prediction: str, answers: Sequence[str]) -> bool:
    """Say whether a prediction equals one of the answers, both normalised."""
    return any(normalise(prediction) == normalise(answer) for answer in answers)


def f1(prediction: str, answers: Sequence[str]) -> float:
    """Return the best F1 (0 to 1) over the answers, of normalised words counted with repetition."""
    return max(_f1_of_words(normalise(prediction), normalise(answer)) for answer in answers)


def normalise(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation and articles."""
    return ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split()


def _f1_of_words(predicted: list[str], answer: list[str]) -> float:
    common = (Counter(predicted) & Counter(answer)).total()
    if common == 0:
        # So too for two answers of articles alone, which have no words.
        return 0.0
    return 2 * common / (len(predicted) + len(answer))
