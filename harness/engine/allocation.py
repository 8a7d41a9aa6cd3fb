"""Memory of a process that is timed; no framework is imported."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def keep_memory() -> None:
    """Let the process keep what it has been given: otherwise every large tensor is mapped anew, page by page.

    For timing: memory that was needed once is not given back. Does nothing where the C library is not glibc.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        library.mallopt(_ARENA_MAX, 1)
