"""What the replicate axis saves: time per replicate-step of 64 nets side by side against one at a time.

Two ways of training one net at a time: this engine with one replicate, and TensorFlow's usual way (a net
without a replicate axis under `GradientTape`). The three are interleaved; ratios are medians over rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.engine import runtime
from harness.engine.nets import DenseNet
from harness.engine.optimizers import Descent
from harness.engine.runtime import tf
from harness.spec import Activation, Optimizer, Precision, StepSize
from harness.stats.intervals import median_interval

NET = DenseNet((64, 32, 10), Activation.TANH)
ROUNDS, STEPS, REPLICATES = 21, 40, 64
runtime.limit_threads(1)
Step = Callable[[], None]


def engine_step(replicates: int, batch: int, precision: Precision) -> Step:
    """One training step of some replicates, traced and ready."""
    kind, draws = runtime.dtype(precision), np.random.default_rng(0)
    weights = [tf.Variable(w, dtype=kind) for w in NET.initial_weights(range(replicates))]
    features = tf.constant(draws.normal(size=(replicates, batch, 64)), kind)
    labels = tf.constant(draws.integers(10, size=(replicates, batch)))
    rule = Descent(Optimizer.SGD, StepSize(0.1))

    clock = tf.constant(0)

    def step() -> None:
        for weight, gradient in zip(weights, NET.gradients(weights, features, labels, 1 / batch), strict=True):
            rule.apply(weight, (), [gradient], clock)

    return traced(step)


def usual_step(batch: int, precision: Precision) -> Step:
    """The same step of one net, written the usual way."""
    kind, draws = runtime.dtype(precision), np.random.default_rng(0)
    weights = [tf.Variable(w[0], dtype=kind) for w in NET.initial_weights(range(1))]
    features = tf.constant(draws.normal(size=(batch, 64)), kind)
    labels = tf.constant(draws.integers(10, size=batch))

    def step() -> None:
        with tf.GradientTape() as tape:
            hidden = tf.tanh(features @ weights[0] + weights[1])
            logits = hidden @ weights[2] + weights[3]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_mean(losses)
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.1 * gradient)

    return traced(step)


def traced(step: Step) -> Step:
    compiled: Step = tf.function(step)
    compiled()
    return compiled


def microseconds(step: Step) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return 1e6 * (time.perf_counter() - began) / STEPS


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("batch", [4, 8, 16, 32])
def test_64_replicates_side_by_side(benchmark: BenchmarkFixture, batch: int, precision: Precision) -> None:
    benchmark.group = "one step of 64 replicates, 64–32–10, one thread"
    steps = engine_step(REPLICATES, batch, precision), engine_step(1, batch, precision), usual_step(batch, precision)
    times = np.array([[microseconds(step) for step in steps] for _ in range(ROUNDS)]) / [REPLICATES, 1, 1]
    together, alone, usual = np.median(times, axis=0)
    said = f"{precision}, batch {batch}: {together:.1f} µs per replicate-step"
    for name, column, cost in (("one replicate", 1, alone), ("GradientTape", 2, usual)):
        ratio, low, high = median_interval(times[:, column] / times[:, 0], 0.05)
        benchmark.extra_info[f"ratio to {name}"] = ratio
        said += f"; {name} {cost:.0f} µs, ratio {ratio:.1f} [{low:.1f}, {high:.1f}]"
    print(f"\n{said} ({ROUNDS} interleaved rounds of {STEPS} steps)")
    benchmark.pedantic(steps[0], rounds=ROUNDS, iterations=STEPS)
