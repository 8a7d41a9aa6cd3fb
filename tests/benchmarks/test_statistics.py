"""What statistics cost at full size: 1,000 calibration suites, models of time of many workers, long histories."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.history import check
from harness.stats.calibration import measure
from harness.stats.queue import speedup
from harness.stats.simulation import Flat, Law, Racks, Service, simulate
from harness.stats.worlds import autoregressive, sound


def test_1000_calibration_suites(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "1,000 calibration suites, R = 60"
    world = sound(autoregressive)[0]
    benchmark.pedantic(measure, (world, ("AR(1)", autoregressive), 60, 1_000), rounds=3)


def test_queue_of_10000_workers(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "queue model, 10,000 workers × 1,000 clocks"
    service = np.random.default_rng(0).exponential(size=(10_000, 1_000))
    benchmark.pedantic(speedup, (service, 3), rounds=3)


@pytest.mark.parametrize("law", Law)
def test_simulation_of_100000_workers(benchmark: BenchmarkFixture, law: Law) -> None:
    benchmark.group = "simulation, 100,000 workers × 1,000 clocks"
    racks = Racks(64, Flat(1e-5, 1e10), Flat(5e-5, 1e9))
    run = partial(simulate, workers=100_000, clocks=1_000, staleness=3, message_bytes=1e8)
    benchmark.pedantic(run, (Service(0.1, law), racks), rounds=1)


@pytest.mark.parametrize("clocks", [5_000, 10_000])
def test_history_checker(benchmark: BenchmarkFixture, clocks: int) -> None:
    """Twice the history must take about twice the time; reads are four workers wide."""
    benchmark.group = "history checker, 4 workers"
    steps = [
        event
        for clock in range(clocks)
        for p in range(4)
        for event in (
            {"kind": "read", "worker": p, "clock": clock, "view": [clock] * 4, "time": 0.0},
            {"kind": "write", "worker": p, "clock": clock, "time": 0.0, "digest": "d"},
        )
    ]
    benchmark.pedantic(check, ([{"kind": "header", "version": 1, "workers": 4, "staleness": 3}, *steps],), rounds=5)
