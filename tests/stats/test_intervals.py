from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from harness.errors import BadInputError
from harness.stats.intervals import (
    binomial_lower,
    binomial_upper,
    exceedances_to_refute,
    median_interval,
    replicates_to_certify,
    smallest_detectable_probability,
)

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.01, 0.05, 0.2]))
def test_bounds_are_those_of_scipy(count: tuple[int, int], alpha: float) -> None:
    exact = binomtest(*count).proportion_ci(1 - 2 * alpha, method="exact")
    assert binomial_lower(*count, alpha) == pytest.approx(exact.low, abs=1e-9)
    assert binomial_upper(*count, alpha) == pytest.approx(exact.high, abs=1e-9)


@pytest.mark.parametrize(
    ("delta", "needed"),
    [
        (0.20, [14, 22, 30, 37]),
        (0.10, [29, 46, 61, 76]),
        (0.05, [59, 93, 124, 153]),
        (0.02, [149, 236, 313, 386]),
        (0.01, [299, 473, 628, 773]),
    ],
)
def test_replicates_to_certify_are_the_published_ones(delta: float, needed: list[int]) -> None:
    assert [replicates_to_certify(k, delta, 0.05) for k in range(4)] == needed


@given(st.integers(1, 200), st.sampled_from([0.05, 0.1, 0.3]))
def test_refuting_count_is_the_smallest(trials: int, delta: float) -> None:
    count = exceedances_to_refute(trials, delta, 0.05)
    if count is None:
        assert binomial_lower(trials, trials, 0.05) <= delta
    else:
        assert binomial_lower(count, trials, 0.05) > delta >= binomial_lower(count - 1, trials, 0.05)


def test_detectable_probability_is_refuted_with_the_power() -> None:
    probability = smallest_detectable_probability(64, 0.10, 0.05, 0.95)
    count = exceedances_to_refute(64, 0.10, 0.05)
    assert probability is not None
    assert count is not None
    assert binom.sf(count - 1, 64, probability) == pytest.approx(0.95)
    assert smallest_detectable_probability(1, 0.10, 0.05, 0.95) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    for bound in (binomial_lower, binomial_upper):
        with pytest.raises(BadInputError, match="not a count"):
            bound(successes, trials, 0.05)


def test_median_interval_lies_between_order_statistics() -> None:
    median, low, high = median_interval(np.arange(1.0, 11.0), 0.05)
    assert (median, low, high) == (5.5, 2.0, 9.0)  # Pr(X_(2) ≤ m ≤ X_(9)) = 0.979 for n = 10
    assert median_interval(np.array([3.0]), 0.05) == (3.0, -np.inf, np.inf)
    with pytest.raises(BadInputError):
        median_interval(np.array([]), 0.05)
