"""Steps that only add, in one pass over memory: `folding.cpp`, which is compiled where the harness is installed."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError

# Not a name that Python would take for a module.
LIBRARY = Path(__file__).with_name("libfolding.so")
Arrays = Sequence[NDArray[np.float64]]
# What the sum of some changes is multiplied by, and the changes, as few arrays each as they travel in.
Addends = tuple[float, Sequence[Arrays]]


class Folding:
    """Adds changes to weights, all of them in one call, which lets other threads run.

    Args:
        base: weights from `memory.pages`, all float32 or all float64.
        view: the same shapes and kind, in other memory.
        places: where each weight's change lies: number of the array, and elements before it there.
    """

    def __init__(self, base: Arrays, view: Arrays, places: Sequence[tuple[int, int]]) -> None:
        self._held = [*base, *view]
        bytes_each = base[0].itemsize
        self._lies = [(number, before * bytes_each) for number, before in places]
        self._sizes = [0] * (1 + max(number for number, _ in places))
        for array, (number, _) in zip(base, places, strict=True):
            self._sizes[number] += array.size
        self._kind = base[0].__array_interface__["typestr"]
        self._fold = library()[f"fold_{base[0].dtype.name}"]
        self._weights = (
            ctypes.c_size_t(len(base)),
            *(_pointers([array.ctypes.data for array in arrays]) for arrays in (base, view)),
            (ctypes.c_size_t * len(base))(*[array.size for array in base]),
        )

    def add(self, complete: Sequence[Addends], window: Sequence[Addends]) -> None:
        """Base ← base + Σ gain · Σ changes of complete clocks; view ← base + those of a window, where there is one.

        Per clock changes are added in their order, then multiplied, then added to the weight: the same bits everywhere.

        Args:
            complete: clocks that go into the base.
            window: clocks on top of it.

        Raises:
            ValueError: a change is of another size or kind, or not in one piece.
        """
        steps = [*complete, *window]
        self._fold(
            *self._weights,
            ctypes.c_size_t(len(complete)),
            ctypes.c_size_t(len(steps)),
            (ctypes.c_double * len(steps))(*[gain for gain, _ in steps]),
            (ctypes.c_size_t * len(steps))(*[len(changes) for _, changes in steps]),
            self._addresses([change for _, changes in steps for change in changes]),
        )

    def _addresses(self, changes: Sequence[Arrays]) -> ctypes.Array[ctypes.c_void_p]:
        found = []
        for change in changes:
            starts = [self._start(array, size) for array, size in zip(change, self._sizes, strict=True)]
            found += [starts[number] + before for number, before in self._lies]
        return _pointers(found)

    def _start(self, array: NDArray[np.float64], size: int) -> int:
        known = array.__array_interface__
        if array.size != size or known["typestr"] != self._kind or known["strides"] is not None:
            raise ValueError(f"{size} numbers of {self._kind} in one piece were expected, not {known}")
        return int(known["data"][0])


def _pointers(addresses: Sequence[int]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(addresses))(*addresses)


@cache
def library() -> ctypes.CDLL:
    """What was compiled.

    Returns:
        The library.

    Raises:
        BadInputError: it is not there.
    """
    try:
        return ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise BadInputError(
            f"cannot be loaded ({error})",
            where=LIBRARY.name,
            remedy="compile it: uv pip install --reinstall-package lockstep -e .",
        ) from error
