"""What the replicate axis saves: time per replicate-step of 64 nets side by side against one at a time.

Two ways of training one net at a time: this engine with one replicate, and TensorFlow's usual way (a net
without a replicate axis under `GradientTape`). All are interleaved; ratios are medians over rounds. A step that is
called from Python pays for the call, which is most of what one net alone costs; a training that runs as a loop within
TensorFlow, as the suites' do, does not. Both are measured. That side by side costs 1/20 at most is said to be met, or
not, where the whole interval of a ratio says so. The limit is a step's five matrix products and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from harness.engine import reference, runtime
from harness.engine.nets import DenseNet
from harness.engine.optimizers import Descent
from harness.engine.runtime import tf
from harness.spec import Activation, Optimizer, Precision, StepSize, Training
from harness.stats.intervals import median_interval

NET = DenseNet((64, 32, 10), Activation.TANH)
ROUNDS, STEPS, REPLICATES = 21, 40, 64
TRAININGS, CLOCKS = 7, 2_000
# A step of 64 nets may cost this share of 64 steps of one.
LINE = 20
runtime.limit_threads(1)
Step = Callable[[], object]


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


def products_step(replicates: int, batch: int, precision: Precision) -> Step:
    """The five matrix products of a step and nothing else."""
    kind, draws = runtime.dtype(precision), np.random.default_rng(0)
    first, _, second, _ = (tf.constant(w, kind) for w in NET.initial_weights(range(replicates)))
    features, hidden, errors = (tf.constant(draws.normal(size=(replicates, batch, n)), kind) for n in NET.widths)

    def step() -> tf.Tensor:
        products = [
            tf.matmul(features, first),
            tf.matmul(hidden, second),
            tf.matmul(hidden, errors, transpose_a=True),
            tf.matmul(errors, second, transpose_b=True),
            tf.matmul(features, hidden, transpose_a=True),
        ]
        # One number of each: an unused product would be left out, and a whole one is paid for when it leaves the graph.
        return tf.stack([product[0, 0, 0] for product in products])

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
    steps = (
        engine_step(REPLICATES, batch, precision),
        engine_step(1, batch, precision),
        usual_step(batch, precision),
        products_step(REPLICATES, batch, precision),
    )
    times = np.array([[microseconds(step) for step in steps] for _ in range(ROUNDS)]) / [REPLICATES, 1, 1, REPLICATES]
    together, alone, usual, products = np.median(times, axis=0)
    benchmark.extra_info |= {"ratio to one replicate": ratio(times, 1), "ratio to GradientTape": ratio(times, 2)}
    print(
        f"\n{precision}, batch {batch}: {together:.1f} µs per replicate-step, its products alone {products:.1f}"
        f"; one replicate {alone:.0f} µs, {ratio(times, 1)}; GradientTape {usual:.0f} µs, {ratio(times, 2)}"
        f"; GradientTape to the products alone {usual / products:.1f} ({ROUNDS} interleaved rounds of {STEPS} steps)"
    )
    benchmark.pedantic(steps[0], rounds=ROUNDS, iterations=STEPS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("batch", [8, 16, 32])
def test_whole_training(benchmark: BenchmarkFixture, batch: int) -> None:
    """What a suite pays: `reference.train`, all clocks in one loop; tracing is the time of a training of one clock."""
    benchmark.group = f"reference.train, {CLOCKS} clocks, float64, 64–32–10, one thread"
    usual = usual_step(batch, Precision.FLOAT64)
    whole, clocks = [], []
    for _ in range(TRAININGS):
        long, short = (
            np.array([training_seconds(batch, n, replicates) for replicates in (REPLICATES, 1)]) for n in (CLOCKS, 1)
        )
        whole.append(1e6 * long / CLOCKS / [REPLICATES, 1])
        clocks.append([*(1e6 * (long - short) / (CLOCKS - 1) / [REPLICATES, 1]), microseconds(usual)])
    for name, times in (("with tracing", np.array(whole)), ("without tracing", np.array(clocks))):
        together, alone, *others = np.median(times, axis=0)
        said = f"{together:.1f} µs per replicate-clock; one replicate {alone:.0f} µs, {ratio(times, 1)}"
        benchmark.extra_info[f"ratio to one replicate, {name}"] = ratio(times, 1)
        said += f"; GradientTape, called clock by clock, {others[0]:.0f} µs, {ratio(times, 2)}" if others else ""
        print(f"\nreference.train, batch {batch}, {name}: {said} ({TRAININGS} interleaved rounds of {CLOCKS} clocks)")
    benchmark.pedantic(training_seconds, (batch, CLOCKS, REPLICATES), rounds=1)


def training_seconds(batch: int, clocks: int, replicates: int) -> float:
    training = Training("digits", NET.widths, batch, clocks, StepSize(0.1))
    began = time.perf_counter()
    reference.train(training, range(replicates))
    return time.perf_counter() - began


def ratio(times: NDArray[np.float64], column: int) -> str:
    """Of a column to the first: median over rounds and its interval."""
    middle, low, high = median_interval(times[:, column] / times[:, 0], 0.05)
    word = "met" if low >= LINE else "not met" if high < LINE else "not decided"
    return f"ratio {middle:.1f} [{low:.1f}, {high:.1f}], 1/{LINE} {word}"
