from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from harness.stats.signed_rank import location_interval, positive_p_value

samples = st.lists(st.integers(-20, 20), min_size=12, max_size=80).map(lambda v: np.array(v, dtype=float))


@given(samples)
def test_p_value_is_that_of_scipy(values: np.ndarray) -> None:
    if not values.any():
        assert positive_p_value(values) == 1
        return
    expected = wilcoxon(values, alternative="greater", method="approx", correction=True, zero_method="wilcox").pvalue
    assert positive_p_value(values) == pytest.approx(expected, abs=1e-9)


def test_infinite_values_are_the_largest() -> None:
    values = np.array([np.inf] * 12 + [-1.0, 2.0, -3.0])
    large = np.where(np.isinf(values), 1e9, values)
    assert positive_p_value(values) == pytest.approx(positive_p_value(large))


@given(samples, st.floats(-5, 5))
def test_estimate_moves_with_the_sample_and_lies_within_its_bounds(values: np.ndarray, shift: float) -> None:
    estimate, low, high = location_interval(values, 0.05)
    assert low <= estimate <= high
    expected = estimate + shift, low + shift, high + shift
    np.testing.assert_allclose(location_interval(values + shift, 0.05), expected, atol=1e-9)


def test_bounds_hold_as_often_as_they_should() -> None:
    draws = np.random.default_rng(0).standard_t(3, size=(2_000, 25))
    bounds = np.array([location_interval(sample, 0.05) for sample in draws])
    margin = 3 * np.sqrt(0.05 * 0.95 / len(draws))
    assert np.mean(bounds[:, 1] > 0) < 0.05 + margin
    assert np.mean(bounds[:, 2] < 0) < 0.05 + margin


def test_too_few_values_have_no_bounds() -> None:
    assert location_interval(np.array([1.0, 2.0]), 0.05) == (1.5, -np.inf, np.inf)
