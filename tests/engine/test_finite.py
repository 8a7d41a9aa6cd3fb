from __future__ import annotations

import numpy as np
import pytest

from harness.engine.finite import is_finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_every_number_of_a_small_array_is_looked_at(bad: float) -> None:
    for shape in ((7,), (3, 4), (1, 3, 4)):
        for place in range(int(np.prod(shape))):
            array = np.ones(shape)
            assert is_finite(array)
            array.flat[place] = bad
            assert not is_finite(array)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(600, 700), (1, 600, 700)])
def test_a_whole_row_or_column_of_a_large_matrix_is_seen(shape: tuple[int, ...], bad: float) -> None:
    """What is not finite in an activation fills a row of the gradient, and in an error a column."""
    # Of the latter two, one number in a thousand holds none.
    for row, column in ((0, 0), (300, 348), (597, 696)):
        for place in ((..., row, slice(None)), (..., column)):
            array = np.ones(shape)
            assert is_finite(array)
            array[place] = bad
            assert not is_finite(array)


def test_every_number_of_a_large_vector_is_looked_at() -> None:
    array = np.ones(1 << 18)
    array[123_457] = np.nan
    assert not is_finite(array)
