"""Memory of a process that trains many nets side by side; no framework is imported."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def keep_memory() -> None:
    """Let the process keep what it has been given: otherwise large tensors are mapped anew each clock, page by page.

    The gradient of a layer of 64 nets is such a tensor, that of one net is not. Numbers stay what they are.
    Does nothing where the C library is not glibc.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        library.mallopt(_ARENA_MAX, 1)
