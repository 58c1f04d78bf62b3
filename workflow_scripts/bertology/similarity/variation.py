"""What all measures refuse: representations that do not vary from token to token."""

from bertology.errors import InputError

SMALLEST_SHARE = 1e-9
"""Of a vector's length: what equal vectors lie from their mean by rounding is less."""


class NoVariationError(InputError):
    """Vectors, or their similarities, are all but equal, so that they cannot be compared."""
