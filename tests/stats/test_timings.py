from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import BadInputError
from harness.stats.intervals import binomial_lower
from harness.stats.timings import FASTER, NO_DIFFERENCE, PRACTICAL, SLOWER, Timings, compare, ratio_interval

Seconds = NDArray[np.float64]
Law = Callable[[np.random.Generator, int], Seconds]
PAIRS = 500


def lognormal(draws: np.random.Generator, rounds: int) -> Seconds:
    return np.exp(0.5 * draws.normal(size=rounds))


def exponential(draws: np.random.Generator, rounds: int) -> Seconds:
    return 1 + draws.exponential(size=rounds)


def two_speeds(draws: np.random.Generator, rounds: int) -> Seconds:
    return np.where(draws.random(rounds) < 0.3, 2.0, 1.0) * np.exp(0.1 * draws.normal(size=rounds))


def coarse_clock(draws: np.random.Generator, rounds: int) -> Seconds:
    return np.round(np.exp(0.5 * draws.normal(size=rounds)), 1) + 0.1


def drifting(draws: np.random.Generator, rounds: int) -> Seconds:
    """First-order autoregression of the logarithm, with correlation 0.7."""
    noise, level = 0.2 * draws.normal(size=rounds), 0.0
    levels = [level := 0.7 * level + shock for shock in noise]
    return np.exp(np.array(levels))


def timings(**seconds: Seconds) -> Timings:
    return Timings("here", seconds)


def words(
    law: Law, rounds: int, factor: float, benchmarks: int = 1, practical: float = PRACTICAL
) -> Iterator[list[str]]:
    draws = np.random.default_rng(0)
    names = [f"b{i}" for i in range(benchmarks)]
    for _ in range(PAIRS):
        before, after = ({name: law(draws, rounds) for name in names} for _ in range(2))
        slow = {name: factor * values for name, values in after.items()}
        yield [change.word for change in compare(timings(**before), timings(**slow), practical=practical)]


def share(events: list[bool]) -> float:
    return sum(events) / len(events)


@pytest.mark.calibration
@pytest.mark.parametrize("benchmarks", [1, 6])
@pytest.mark.parametrize(
    ("law", "rounds"),
    [(lognormal, 9), (lognormal, 60), (exponential, 30), (two_speeds, 60), (coarse_clock, 30), (drifting, 600)],
)
def test_nothing_is_said_of_equal_distributions(law: Law, rounds: int, benchmarks: int) -> None:
    """Even where every change would matter, at most 5 % of comparisons call anything slower or faster."""
    said = [set(found) != {NO_DIFFERENCE} for found in words(law, rounds, 1.0, benchmarks, practical=0.0)]
    assert binomial_lower(sum(said), PAIRS, 0.01) <= 0.05


@pytest.mark.calibration
def test_level_is_used() -> None:
    """The test above would also pass if nothing were ever said."""
    assert share([found != [NO_DIFFERENCE] for found in words(lognormal, 60, 1.0, practical=0.0)]) > 0.02


@pytest.mark.calibration
@pytest.mark.parametrize(("factor", "word"), [(1.2, SLOWER), (1 / 1.2, FASTER)])
@pytest.mark.parametrize("benchmarks", [1, 8])
def test_a_fifth_is_nearly_always_found(factor: float, word: str, benchmarks: int) -> None:
    def steady(draws: np.random.Generator, rounds: int) -> Seconds:
        return np.exp(0.1 * draws.normal(size=rounds))

    found = [row == word for found in words(steady, 120, factor, benchmarks) for row in found]
    assert share(found) > 0.95


@pytest.mark.calibration
def test_a_change_that_does_not_matter_is_not_reported() -> None:
    def exact(draws: np.random.Generator, rounds: int) -> Seconds:
        return np.exp(0.01 * draws.normal(size=rounds))

    assert share([found == [SLOWER] for found in words(exact, 60, 1.08)]) < 0.05
    assert share([found == [SLOWER] for found in words(exact, 60, 1.08, practical=0.05)]) > 0.95


@pytest.mark.parametrize(("n", "m"), [(6, 6), (7, 7), (6, 11), (9, 4), (30, 30)])
def test_interval_keeps_its_level_exactly(n: int, m: int) -> None:
    """All orders of n and m values that are alike are equally probable: count those whose interval misses 1."""
    if n + m > 20:
        draws = np.random.default_rng(0)
        orders = [draws.permutation(n + m)[:n] for _ in range(4_000)]
    else:
        orders = [np.flatnonzero(bits) for bits in product((0, 1), repeat=n + m) if sum(bits) == n]
        assert len(orders) == comb(n + m, n)
    missed = 0
    for mine in orders:
        _, low, high = ratio_interval(mine + 1.0, np.setdiff1d(np.arange(n + m), mine) + 1.0, 0.05)
        missed += low > 1 or high < 1
    assert missed / len(orders) <= 0.05


def test_ratio_lies_within_its_interval_which_turns_with_it() -> None:
    draws = np.random.default_rng(1)
    above, below = np.exp(draws.normal(size=30)), np.exp(draws.normal(size=20))
    ratio, low, high = ratio_interval(above, below, 0.05)
    assert low < ratio < high
    np.testing.assert_allclose(ratio_interval(below, above, 0.05), (1 / ratio, 1 / high, 1 / low))


@pytest.mark.parametrize("rounds", [1, 3])
def test_too_few_rounds_show_nothing(rounds: int) -> None:
    (change,) = compare(timings(b=np.ones(rounds)), timings(b=np.full(rounds, 100.0)))
    assert (change.ratio, change.word) == ((100.0, 0.0, np.inf), NO_DIFFERENCE)


def test_only_what_both_hold_is_compared_in_the_order_of_the_baseline() -> None:
    old = {name: np.linspace(1, 1.1, 20) for name in ("b", "a", "gone")}
    new = {"a": np.linspace(2, 2.2, 20), "b": np.linspace(1, 1.1, 20), "new": np.ones(20)}
    changes = compare(timings(**old), timings(**new))
    assert [(change.benchmark, change.word) for change in changes] == [("b", NO_DIFFERENCE), ("a", SLOWER)]
    assert changes[1].ratio[0] == 2
    with pytest.raises(BadInputError, match="no benchmark is in both files"):
        compare(timings(a=np.ones(9)), timings(b=np.ones(9)))


def test_two_machines_are_refused() -> None:
    with pytest.raises(BadInputError, match="two machines cannot be compared: here; there"):
        compare(timings(a=np.ones(9)), Timings("there", {"a": np.ones(9)}))
