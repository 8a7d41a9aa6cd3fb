"""Pieces that run in one process, small enough for many rounds: what `harness compare` holds against a baseline.

A round lasts about 10 ms or more, so that neither the call nor the clock's resolution counts. What is timed is the
processor's time, all threads of the process together: wall time would tell how busy the machine is with other things.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from test_replicates import engine_step

from harness.engine import gaps
from harness.engine.trajectory import Trajectory
from harness.history import check
from harness.spec import Precision
from harness.stats.convergence import judge
from harness.stats.queue import speedup
from harness.stats.simulation import Flat, Law, Racks, Service, simulate

pytestmark = pytest.mark.benchmark(timer=time.process_time)
ROUNDS = 120
DRAWS = np.random.default_rng(0)


def time_rounds(benchmark: BenchmarkFixture, group: str, unit: str, work: Callable[[], object], calls: int = 4) -> None:
    """Rounds of some calls each, after three that do not count."""
    benchmark.group = group
    benchmark.extra_info["unit"] = f"processor seconds per {unit}"
    benchmark.pedantic(work, rounds=ROUNDS, iterations=calls, warmup_rounds=3)


def test_gaps(benchmark: BenchmarkFixture) -> None:
    sizes = {"layer 1": 2080, "layer 2": 330}
    initial = {layer: DRAWS.normal(size=(16, size)) for layer, size in sizes.items()}
    trained = [{layer: DRAWS.normal(size=(14, 16, size)) for layer, size in sizes.items()} for _ in range(2)]
    one, other = (Trajectory(2 ** np.arange(14), initial, layers) for layers in trained)
    unit = "relative gap of 16 replicates × 14 checkpoints × 2,410 weights"
    time_rounds(benchmark, "gaps", unit, lambda: gaps.relative(one, other))


def test_history_checker(benchmark: BenchmarkFixture) -> None:
    steps = [
        event
        for clock in range(250)
        for p in range(4)
        for event in (
            {"kind": "read", "worker": p, "clock": clock, "view": [clock] * 4, "time": 0.0},
            {"kind": "write", "worker": p, "clock": clock, "time": 0.0, "digest": "d"},
        )
    ]
    events = [{"kind": "header", "version": 1, "workers": 4, "staleness": 3}, *steps]
    time_rounds(benchmark, "histories", "history of 4 workers × 250 clocks", lambda: check(events))


def test_judge(benchmark: BenchmarkFixture) -> None:
    clocks = 32 * np.exp2(np.arange(16) / 2)
    values = 0.2 * np.sqrt(clocks[-1] / clocks) * np.exp(0.3 * DRAWS.normal(size=(200, 16)))
    unit = "judgement of 200 replicates × 16 checkpoints"
    time_rounds(benchmark, "statistics", unit, lambda: judge(values, clocks, epsilon=1.0, delta=0.1))


def test_queue(benchmark: BenchmarkFixture) -> None:
    service = DRAWS.exponential(size=(64, 1_000))
    time_rounds(benchmark, "models of time", "queue of 64 workers × 1,000 clocks", lambda: speedup(service, 3))


@pytest.mark.parametrize("law", Law)
def test_simulation(benchmark: BenchmarkFixture, law: Law) -> None:
    racks = Racks(64, Flat(1e-5, 1e10), Flat(5e-5, 1e9))

    def run() -> object:
        return simulate(Service(0.1, law), racks, workers=1_000, clocks=500, staleness=3, message_bytes=1e8)

    time_rounds(benchmark, "models of time", "simulation of 1,000 workers × 500 clocks", run)


@pytest.mark.parametrize("replicates", [1, 64])
def test_training_step(benchmark: BenchmarkFixture, replicates: int) -> None:
    unit = f"step of {replicates} × 64–32–10, batch 32 per replicate, float32, one thread"
    calls = 64 if replicates == 1 else 8
    time_rounds(benchmark, "training", unit, engine_step(replicates, 32, Precision.FLOAT32), calls)
