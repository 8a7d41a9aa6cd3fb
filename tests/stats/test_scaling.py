"""Laws of speed against cores: they find what they were drawn from, and refuse where points are too few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.stats.scaling import POINTS_NEEDED, Estimate, Fit, Law, NoFit, fit, karp_flatt

SHARES, RATES = st.floats(0.0, 0.6), st.floats(1.0, 1e4)
COUNTS = st.lists(st.integers(1, 64), min_size=5, max_size=8, unique=True)


def drawn(law: Law, workers: list[int], rate: float, serial: float, crosstalk: float) -> dict[int, list[float]]:
    """Rates of a law, written out once more."""
    formula = {
        Law.AMDAHL: lambda n: rate / (serial + (1 - serial) / n),
        Law.GUSTAFSON: lambda n: rate * (n - serial * (n - 1)),
        Law.UNIVERSAL: lambda n: rate * n / (1 + serial * (n - 1) + crosstalk * n * (n - 1)),
    }[law]
    return {n: [formula(n)] for n in workers}


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(Law), COUNTS, RATES, SHARES, st.floats(0.0, 0.05))
def test_what_follows_a_law_is_found(law: Law, workers: list[int], rate: float, serial: float, kappa: float) -> None:
    found = fit(law, drawn(law, workers, rate, serial, kappa))
    assert isinstance(found, Fit)
    assert found.worst < 1e-6
    assert found.rate.value == pytest.approx(rate, rel=1e-4)
    assert found.serial.value == pytest.approx(serial, abs=1e-4)
    assert found.crosstalk.value == pytest.approx(kappa if law is Law.UNIVERSAL else 0.0, abs=1e-4)
    np.testing.assert_allclose(found.at(workers), [r for (r,) in drawn(law, workers, rate, serial, kappa).values()])


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(Law), st.integers(0, 100), st.floats(0.01, 100.0))
def test_the_unit_of_the_rate_changes_the_rate_alone(law: Law, seed: int, unit: float) -> None:
    noise = np.random.default_rng(seed).lognormal(sigma=0.1, size=(5, 3))
    rates = {n: 10 * n**0.8 * row for n, row in zip((1, 2, 4, 8, 16), noise, strict=True)}
    one, other = fit(law, rates), fit(law, {n: unit * row for n, row in rates.items()})
    assert isinstance(one, Fit)
    assert isinstance(other, Fit)
    assert other.rate.value == pytest.approx(unit * one.rate.value, rel=1e-6)
    assert other.serial.low == pytest.approx(one.serial.low, rel=1e-6, abs=1e-9)
    assert other.crosstalk.high == pytest.approx(one.crosstalk.high, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(Law), st.lists(st.integers(1, 64), min_size=1, max_size=3, unique=True))
def test_too_few_points_give_no_fit_and_a_sentence(law: Law, workers: list[int]) -> None:
    assume(len(workers) < POINTS_NEEDED[law])
    found = fit(law, {n: [1.0] for n in workers})
    assert isinstance(found, NoFit)
    assert f"needs {POINTS_NEEDED[law]} numbers of workers; there are {len(workers)}" in found.reason
    assert found.reason.endswith(".")


@settings(deadline=None, max_examples=25)
@given(SHARES, st.integers(2, 100))
def test_karp_and_flatt_find_the_serial_share_of_amdahl(serial: float, workers: int) -> None:
    found = karp_flatt(drawn(Law.AMDAHL, [1, workers], 7.0, serial, 0.0))
    assert isinstance(found, dict)
    assert found[workers].value == pytest.approx(serial, abs=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rounds", [1, 9])
def test_rates_that_fall_with_every_worker_are_none_of_amdahls(rounds: int) -> None:
    falling = {4: 20.0, 8: 5.0, 16: 1.0}
    found = fit(Law.AMDAHL, {n: [rate * (1 + 0.01 * turn) for turn in range(rounds)] for n, rate in falling.items()})
    assert isinstance(found, NoFit)
    assert "no finite rate of one worker" in found.reason


@pytest.mark.filterwarnings("error")
def test_rounds_of_which_some_have_no_finite_rate_leave_an_interval_without_end() -> None:
    rates = {2: [10.0, 10.0, 100.0], 4: [11.0, 11.0, 20.0], 8: [12.0, 12.0, 5.0]}
    found = fit(Law.AMDAHL, rates)
    assert isinstance(found, Fit)
    assert np.isfinite(found.rate.low)
    assert found.rate.high == np.inf


def test_karp_and_flatt_need_a_base() -> None:
    assert "needs the rate of one worker" in karp_flatt({2: [1.0], 4: [2.0]})
    assert "and that of some more" in karp_flatt({1: [1.0]})


def test_more_workers_than_the_peak_are_slower() -> None:
    found = fit(Law.UNIVERSAL, drawn(Law.UNIVERSAL, [1, 2, 4, 8, 16, 32], 5.0, 0.04, 0.01))
    assert isinstance(found, Fit)
    peak = found.peak
    assert peak == pytest.approx((0.96 / 0.01) ** 0.5, rel=1e-3)
    around = found.at([peak - 1, peak, peak + 1])
    assert around.argmax() == 1


def test_intervals_cover_the_truth() -> None:
    """Percentiles of 15 rounds are a little too narrow: 0.85 is asked of 0.95."""
    truth, hits = drawn(Law.AMDAHL, [1, 2, 4, 8], 10.0, 0.1, 0.0), 0
    for seed in range(100):
        noise = np.random.default_rng(seed).lognormal(sigma=0.05, size=(4, 15))
        found = fit(Law.AMDAHL, {n: rate[0] * row for (n, rate), row in zip(truth.items(), noise, strict=True)})
        assert isinstance(found, Fit)
        hits += found.serial.low <= 0.1 <= found.serial.high
    assert 85 <= hits <= 99


def test_a_drift_that_all_share_leaves_the_serial_share_alone() -> None:
    """Whole rounds are drawn: a machine that is slower in some of them is slower for every number of workers."""
    drift = np.array([1.0, 0.5, 0.9, 0.7, 0.6])
    rates = {n: rate[0] * drift for n, rate in drawn(Law.AMDAHL, [1, 2, 4, 8], 10.0, 0.1, 0.0).items()}
    found = fit(Law.AMDAHL, rates)
    assert isinstance(found, Fit)
    assert found.serial == Estimate(*[pytest.approx(0.1)] * 3)
    assert found.rate.low < 0.8 * found.rate.high


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({1: [1.0], 2: [0.0]}, "2 workers have rates that are not positive"),
        ({1: [1.0], 2: [float("nan")]}, "2 workers have rates that are not positive"),
        ({0: [1.0], 2: [1.0]}, "0 workers have rates"),
        ({1: [1.0], 2: []}, "2 workers have rates"),
        ({1: [1.0], 2: [1.0, 2.0]}, "numbers of rounds differ"),
    ],
)
def test_what_is_no_rate_is_refused(rates: dict[int, list[float]], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        fit(Law.AMDAHL, rates)
    with pytest.raises(BadInputError, match=said):
        karp_flatt(rates)
