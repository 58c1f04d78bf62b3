"""How what is put back of an encoder is named in files and tables: a part, and a number of layers.

NONE: nothing (0). SINGLE: one layer, by its number from 1. FIRST: the embeddings and the first so
many layers, with 0 the embeddings alone. LAST: the last so many layers.
"""

NONE = "none"
SINGLE = "layer"
FIRST = "first"
LAST = "last"
