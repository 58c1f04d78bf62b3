"""Memory that a training step frees is kept for the next one."""

import ctypes

# Parameters of glibc's mallopt, from malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have the C library reuse freed memory instead of giving it back to the system at once.

    Each training step allocates the same large tensors. By default the system hands them out anew
    and zeroed, page by page, every time: a sixth of the time of a step on a CPU. Returns whether
    the C library can do this (glibc); elsewhere nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _LARGEST_INT))
