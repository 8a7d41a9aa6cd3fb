"""What judging costs: one suite of 200 replicates and 16 checkpoints, and 1,000 calibration suites."""

from __future__ import annotations

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from harness.stats.calibration import measure
from harness.stats.convergence import judge
from harness.stats.worlds import autoregressive, sound

CLOCKS = 32 * np.exp2(np.arange(16) / 2)


def test_judge_200_by_16(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "judge, 200 × 16"
    noise = np.exp(0.3 * np.random.default_rng(0).normal(size=(200, 16)))
    gaps = 0.2 * np.sqrt(CLOCKS[-1] / CLOCKS) * noise
    benchmark(judge, gaps, CLOCKS, epsilon=1.0, delta=0.1)


def test_1000_calibration_suites(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "1,000 calibration suites, R = 60"
    world = sound(autoregressive)[0]
    benchmark.pedantic(measure, (world, ("AR(1)", autoregressive), 60, 1_000), rounds=3)
