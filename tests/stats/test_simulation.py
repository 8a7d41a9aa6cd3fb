"""The simulation against the queue, against formulas, and against what must be so."""

from __future__ import annotations

import tracemalloc
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.stats.queue import finish_times
from harness.stats.simulation import Flat, Law, OneMachine, Racks, Service, simulate

FREE = Flat(0.0, 1e30)
LAWS, COUNTS = st.sampled_from(Law), st.integers(1, 20)


@settings(deadline=None, max_examples=60)
@given(LAWS, COUNTS, st.integers(1, 30), st.integers(0, 5), st.integers(0, 99))
def test_without_an_exchange_it_is_the_queue(law: Law, workers: int, clocks: int, staleness: int, seed: int) -> None:
    service = Service(0.1, law)
    found = simulate(service, FREE, workers=workers, clocks=clocks, staleness=staleness, message_bytes=0.0, seed=seed)
    draw = service.draws(workers, seed)
    times = np.stack([draw(clock) for clock in range(clocks)], axis=1)
    assert found.seconds == pytest.approx(finish_times(times, staleness)[-1].max(), rel=1e-12)
    assert found.compute_seconds == pytest.approx(times.mean(axis=0).sum())


@settings(deadline=None, max_examples=40)
@given(LAWS, COUNTS, st.integers(0, 6), st.floats(1e3, 1e8), st.integers(0, 99))
def test_slack_and_bandwidth_never_cost_time(law: Law, workers: int, staleness: int, size: float, seed: int) -> None:
    def seconds(slack: int, bandwidth: float) -> float:
        network = Flat(1e-5, bandwidth)
        return simulate(
            Service(0.1, law), network, workers=workers, clocks=25, staleness=slack, message_bytes=size, seed=seed
        ).seconds

    assert seconds(staleness + 1, 1e9) <= seconds(staleness, 1e9) + 1e-9
    assert seconds(staleness, 2e9) <= seconds(staleness, 1e9) + 1e-9


@pytest.mark.parametrize(("compute", "exchange"), [(0.3, 0.1), (0.1, 0.3)])
def test_slack_hides_the_shorter_of_computing_and_exchange(compute: float, exchange: float) -> None:
    network, clocks = Flat(exchange / 2, inf), 40
    run = {
        s: simulate(Service(compute), network, workers=2, clocks=clocks, staleness=s, message_bytes=0) for s in (0, 1)
    }
    assert run[0].exchange_seconds == pytest.approx(exchange)
    assert run[0].seconds == pytest.approx(clocks * (compute + exchange))
    assert run[1].seconds == pytest.approx(clocks * max(compute, exchange) + min(compute, exchange))
    assert run[0].efficiency == pytest.approx(compute / (compute + exchange))
    assert run[1].clocks_per_second > run[0].clocks_per_second


def test_topologies_take_what_their_formulas_say() -> None:
    flat, machine = Flat(1e-5, 1e9), OneMachine(1e-5, 1e9)
    assert flat.allreduce_seconds(2, 1e6) == pytest.approx(2e-5 + 1e-3)
    assert flat.allreduce_seconds(8, 1e8) == pytest.approx(14e-5 + 2 * 7 / 8 * 0.1)
    assert machine.allreduce_seconds(4, 1e6) == pytest.approx(6 * (1e-5 + 1e-3))
    assert flat.allreduce_seconds(100_000, 1e3) == pytest.approx(2 * 17 * (1e-5 + 1e-6))
    for topology in (flat, machine, Racks(4, flat, flat)):
        assert topology.allreduce_seconds(1, 1e6) == 0
    uplink = Flat(1e-4, 1e8)
    racks = Racks(16, flat, uplink)
    assert racks.allreduce_seconds(16, 1e6) == flat.allreduce_seconds(16, 1e6)
    expected = flat.allreduce_seconds(16, 1e6) + uplink.allreduce_seconds(3, 1e6)
    assert racks.allreduce_seconds(33, 1e6) == pytest.approx(expected)


@pytest.mark.parametrize("law", [Law.STEADY, Law.LOGNORMAL, Law.PAUSES])
def test_laws_have_the_same_mean(law: Law) -> None:
    draw = Service(0.2, law).draws(1000, 0)
    assert np.mean([draw(clock) for clock in range(200)]) == pytest.approx(0.2, rel=0.02)


def test_one_slow_worker_slows_everyone_whatever_the_slack() -> None:
    service = Service(0.1, Law.SLOW_WORKER, factor=2.0)
    for staleness in (0, 10):
        run = simulate(service, FREE, workers=8, clocks=400, staleness=staleness, message_bytes=0)
        assert run.seconds == pytest.approx(400 * 0.2)


def test_memory_grows_with_workers_and_not_with_clocks() -> None:
    peaks = []
    for clocks in (3, 60):
        tracemalloc.start()
        simulate(Service(1.0, Law.LOGNORMAL), FREE, workers=100_000, clocks=clocks, staleness=3, message_bytes=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 20e6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workers": 0}, "workers = 0 must be 1 or more"),
        ({"clocks": 0}, "clocks = 0 must be 1 or more"),
        ({"staleness": -1}, "staleness = -1 must be 0 or more"),
        ({"message_bytes": -1.0}, "message_bytes = -1.0 must be 0 or more"),
        ({"service": Service(0.0)}, "mean_seconds = 0.0 must be positive"),
        ({"service": Service(1.0, share=2.0)}, "share = 2.0 must be in"),
    ],
)
def test_what_cannot_be_simulated_is_refused(change: dict[str, object], said: str) -> None:
    arguments = {
        "service": Service(1.0),
        "topology": FREE,
        "workers": 2,
        "clocks": 2,
        "staleness": 0,
        "message_bytes": 0,
    }
    with pytest.raises(BadInputError, match=said):
        simulate(**(arguments | change))  # type: ignore[arg-type]
