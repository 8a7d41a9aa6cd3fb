from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine import folding
from harness.engine.folding import Addends, Folding
from harness.engine.memory import pages
from harness.errors import BadInputError

KINDS = ("float32", "float64")
# Views of so many bytes are written past the caches.
LARGE_BYTES = 8 << 20


def drawn(seed: int, size: int, kind: str) -> np.ndarray:
    weights = pages((size,), kind)
    weights[...] = np.random.default_rng(seed).normal(size=size)
    return weights


def added(weights: np.ndarray, place: int, steps: list[Addends]) -> np.ndarray:
    """By NumPy, in the same order."""
    for gain, changes in steps:
        total = changes[0][place].copy()
        for change in changes[1:]:
            total += change[place]
        weights = weights + total * weights.dtype.type(gain)
    return weights


def each_by_itself(count: int) -> list[tuple[int, int]]:
    return [(number, 0) for number in range(count)]


clocks = st.lists(st.tuples(st.sampled_from([1.0, -0.1, 1 / 3]), st.integers(1, 4)), max_size=3)


sizes = st.lists(st.sampled_from([1, 3, 255, 256, 257, 1030]), min_size=1, max_size=3)


@given(sizes=sizes, kind=st.sampled_from(KINDS), complete=clocks, window=clocks)
def test_sums_are_the_bits_that_numpy_makes_in_the_same_order(
    sizes: list[int], kind: str, complete: list[tuple[float, int]], window: list[tuple[float, int]]
) -> None:
    seeds = iter(range(1000))

    def arrays() -> list[np.ndarray]:
        return [drawn(next(seeds), size, kind) for size in sizes]

    base, view = arrays(), arrays()
    whole, rest = ([(g, [arrays() for _ in range(n)]) for g, n in steps] for steps in (complete, window))
    before, unseen = [w.copy() for w in base], [w.copy() for w in view]
    Folding(base, view, each_by_itself(len(sizes))).add(whole, rest)
    for place in range(len(sizes)):
        np.testing.assert_array_equal(base[place], added(before[place], place, whole))
        np.testing.assert_array_equal(view[place], added(base[place], place, rest) if rest else unseen[place])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [-1, 0, 5])
def test_a_large_view_is_written_to_its_end(kind: str, more: int) -> None:
    size = LARGE_BYTES // np.dtype(kind).itemsize + more
    base, view, change = (drawn(seed, size, kind) for seed in range(3))
    before = base.copy()
    Folding([base], [view], each_by_itself(1)).add([], [(1.0, [[change]])])
    np.testing.assert_array_equal(view, before + change)
    np.testing.assert_array_equal(base, before)


@pytest.mark.parametrize("wrong", [np.zeros(4), np.zeros(3, np.float32), np.zeros(6)[::2]])
def test_what_would_be_read_as_other_numbers_is_refused(wrong: np.ndarray) -> None:
    folding_ = Folding([pages((3,), "float64")], [pages((3,), "float64")], each_by_itself(1))
    with pytest.raises(ValueError, match="3 numbers of <f8 in one piece"):
        folding_.add([(1.0, [[wrong]])], [])


def test_a_library_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folding, "LIBRARY", tmp_path / "libfolding.so")
    with pytest.raises(BadInputError, match=r"libfolding\.so: cannot be loaded .* uv pip install"):
        folding.library.__wrapped__()
