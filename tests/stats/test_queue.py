from __future__ import annotations

import itertools
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.errors import BadInputError
from harness.stats.queue import finish_times, speedup

DRAWS = np.random.default_rng(2026)
services = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(0.01, 10))


def by_definition(service: np.ndarray, staleness: float, exchange: float = 0.0) -> np.ndarray:
    workers, clocks = service.shape
    finish: dict[tuple[int, int], float] = {}
    arrived: dict[int, float] = {}
    for k in range(clocks):
        for i in range(workers):
            waits = arrived[int(k - 1 - staleness)] if k - 1 - staleness >= 0 else 0.0
            finish[i, k] = max(finish.get((i, k - 1), 0.0), waits) + service[i, k]
        arrived[k] = max(arrived.get(k - 1, 0.0), *(finish[i, k] for i in range(workers))) + exchange
    return np.array([[finish[i, k] for i in range(workers)] for k in range(clocks)])


@given(services, st.sampled_from([0, 1, 2, 5, inf]), st.sampled_from([0.0, 0.3, 20.0]))
def test_recursion_is_the_one_defined(service: np.ndarray, staleness: float, exchange: float) -> None:
    found = finish_times(service, staleness, exchange)
    np.testing.assert_allclose(found, by_definition(service, staleness, exchange))


def test_an_exchange_hides_behind_computing_where_there_is_slack() -> None:
    service = np.ones((3, 40))
    assert finish_times(service, 0, 0.5)[-1].max() == pytest.approx(40 + 39 * 0.5)
    assert finish_times(service, 1, 0.5)[-1].max() == pytest.approx(40)
    assert np.diff(finish_times(service, 2, 1.7).max(axis=1))[-10:] == pytest.approx(1.7)


@given(services)
def test_more_slack_is_never_slower(service: np.ndarray) -> None:
    gains = [speedup(service, s).speedup for s in (0, 1, 2, 4, inf)]
    assert gains[0] == 1
    assert all(later >= earlier - 1e-12 for earlier, later in itertools.pairwise(gains))
    assert speedup(service, inf).ssp_seconds == pytest.approx(service.sum(axis=1).max())


SERVICES = {
    "normal": lambda shape: np.maximum(DRAWS.normal(1, 0.1, shape), 0),
    "exponential": lambda shape: DRAWS.exponential(1, shape),
    "lognormal": lambda shape: DRAWS.lognormal(0, 0.5, shape),
    "pauses": lambda shape: np.where(DRAWS.random(shape) < 0.05, 5.0, 1.0),
    "one slow": lambda shape: np.ones(shape) + (np.arange(shape[0]) == 0)[:, None],
}


@pytest.mark.parametrize(
    ("service", "workers", "efficiency", "gains"),
    [
        ("normal", 8, 0.88, (1.13, 1.14, 1.14, 1.14)),
        ("exponential", 4, 0.486, (1.37, 1.65, 1.90, 2.02)),
        ("exponential", 8, 0.377, (1.52, 1.96, 2.38, 2.59)),
        ("lognormal", 8, 0.535, (1.45, 1.68, 1.81, 1.85)),
        ("pauses", 8, 0.520, (1.26, 1.58, 1.82, 1.90)),
    ],
)
def test_published_speedups(service: str, workers: int, efficiency: float, gains: tuple[float, ...]) -> None:
    seconds = SERVICES[service]((workers, 20_000))
    assert speedup(seconds, 0).bsp_efficiency == pytest.approx(efficiency, rel=0.03)
    assert [speedup(seconds, s).speedup for s in (1, 3, 10, 30)] == pytest.approx(gains, rel=0.04)


@pytest.mark.parametrize("workers", [2, 8])
def test_slack_does_not_help_against_one_worker_that_is_always_slow(workers: int) -> None:
    seconds = SERVICES["one slow"]((workers, 1_000))
    assert [speedup(seconds, s).speedup for s in (1, 3, 10, 30)] == pytest.approx([1.0] * 4)


@pytest.mark.parametrize(
    ("service", "staleness", "named"),
    [
        (np.ones(3), 0, "service"),
        (np.ones((0, 3)), 0, "service"),
        (np.array([[1.0, -1.0]]), 0, r"service\[0, 1\]"),
        (np.array([[np.nan]]), 0, r"service\[0, 0\]"),
        (np.zeros((2, 2)), 0, "no worker ever computes"),
        (np.ones((2, 3)), -1, "staleness"),
        (np.ones((2, 3)), 0.5, "staleness"),
    ],
)
def test_bad_arguments_are_named(service: np.ndarray, staleness: float, named: str) -> None:
    with pytest.raises(BadInputError, match=named):
        speedup(service, staleness)
