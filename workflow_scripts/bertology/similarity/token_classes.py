"""Classes of tokens that are compared on their own, since averages over all tokens hide them."""

import numpy as np
import pandas as pd

ALL, FIRST = "all", "first_token"
FEWEST = 20
"""Tokens that a class must have to be compared: with fewer, chance is all there is."""
TAGS = {
    "content_words": ("NOUN", "VERB", "ADJ", "ADV", "NUM"),
    "function_words": ("ADP", "AUX", "CCONJ", "DET", "PART", "PRON", "SCONJ"),
    "names": ("PROPN",),
    "punctuation": ("PUNCT", "SYM"),
}
"""Universal parts of speech of each class."""


def token_classes(tokens: pd.DataFrame, sample: np.ndarray) -> dict[str, np.ndarray]:
    """Give the rows of a token table that belong to each class.

    sample: rows of the tokens that comparisons use, special ones excluded. Classes of words are
    parts of it, where the stimuli have parts of speech. `first_token` is the first token of every
    stimulus ([CLS] or its like), which is in no sample.
    """
    tags = tokens["tag"].to_numpy()[sample]
    classes = {ALL: sample}
    classes |= {name: sample[np.isin(tags, chosen)] for name, chosen in TAGS.items()}
    special = tokens["special"].to_numpy(dtype=bool)
    first = tokens["position"].to_numpy() == 0
    classes[FIRST] = np.flatnonzero(special & first)
    return {name: rows for name, rows in classes.items() if name == ALL or len(rows) >= FEWEST}
