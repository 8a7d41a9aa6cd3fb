"""On two ranks: seconds per clock of one net under each partition of the model, and of its peers, interleaved.

Contenders take turns: every partition with the engine's own update, and one of them with its collectives left out; data
partition by Horovod's tape; the limit, which is a plain net of half the arithmetic on each rank, without exchange; one
process with the whole batch, on one and on two threads. While the latter have their turn the ranks are stopped, so that
Horovod's threads do not disturb them. Prints on rank 0 the seconds per clock of every round, the slowest rank's. Run by
`test_partition_throughput.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import horovod.tensorflow as hvd
import numpy as np

from harness.data import noise
from harness.engine import ranks, runtime
from harness.engine.collectives import LeftOut, OverRanks
from harness.engine.model_partition import Worker, groups
from harness.engine.pinning import pin
from harness.engine.runtime import tf
from harness.spec import Activation, Layout, ModelPartition, Precision, StepSize, Training

WIDTHS = (440, *[2048] * 6, 1993)
ETA, WARM = 1e-3, 2
BATCH, CLOCKS, ROUNDS = (int(word) for word in sys.argv[1:4])
# Columns and rows in turn: the blocks that a rank owns under the alternated layout, in a chain.
HALF = tuple(-(-width // 2) if layer % 2 else width for layer, width in enumerate(WIDTHS))
# Threads of a process that runs by itself, and the ranks that it stops in its turn; none for a rank.
ALONE, RANKS = sys.argv[4:5], [int(word) for word in sys.argv[5:]]
NOISE = noise.name(WIDTHS[0], WIDTHS[-1])
TRAINING = Training(NOISE, WIDTHS, BATCH, CLOCKS, StepSize(ETA), Activation.RELU, Precision.FLOAT32)
if ALONE:
    os.sched_setaffinity(0, range(int(ALONE[0])))
else:
    pin()
runtime.limit_threads(int(ALONE[0]) if ALONE else 1)


class Plain:
    """Weights without a replicate axis, one compiled function per clock."""

    def __init__(self, widths: tuple[int, ...], examples: int, tape: Callable[[], tf.GradientTape]) -> None:
        draws = np.random.default_rng(0)
        variables = [
            tf.Variable(array.astype(np.float32))
            for i, o in pairwise(widths)
            for array in (draws.normal(scale=(2 / i) ** 0.5, size=(i, o)), np.zeros(o))
        ]
        features = tf.constant(draws.normal(size=(examples, widths[0])), tf.float32)
        labels = tf.constant(draws.integers(widths[-1], size=examples), tf.int32)

        def loss() -> tf.Tensor:
            hidden = features
            for place in range(0, len(variables) - 2, 2):
                hidden = tf.nn.relu(hidden @ variables[place] + variables[place + 1])
            logits = hidden @ variables[-2] + variables[-1]
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

        def step() -> None:
            with tape() as recorded:
                value = loss()
            for variable, gradient in zip(variables, recorded.gradient(value, variables), strict=True):
                tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=ETA, delta=gradient)

        self._step = tf.function(step, autograph=False)

    def run(self, clocks: int) -> None:
        for _ in range(clocks):
            self._step()


class Divided:
    """The engine's own update, in its own loop."""

    def __init__(self, worker: Worker) -> None:
        self._advance = tf.function(
            lambda last: tf.while_loop(lambda c: c < last, worker.update, (tf.constant(0),), parallel_iterations=1),
            input_signature=[tf.TensorSpec([], tf.int32)],
        )

    def run(self, clocks: int) -> None:
        self._advance(tf.constant(clocks))


def seconds(contender: Plain | Divided, barrier: Callable[[], object]) -> float:
    """Per clock, on this rank."""
    contender.run(WARM)
    barrier()
    began = time.perf_counter()
    contender.run(CLOCKS)
    return (time.perf_counter() - began) / CLOCKS


def alone() -> None:
    """Take a turn whenever a line comes in."""
    contender = Plain(WIDTHS, BATCH, tf.GradientTape)
    contender.run(1)
    print("ready", flush=True)
    for _ in sys.stdin:
        for rank in RANKS:
            os.kill(rank, signal.SIGSTOP)
        try:
            print(seconds(contender, lambda: None), flush=True)
        finally:
            for rank in RANKS:
                os.kill(rank, signal.SIGCONT)


def spawned(threads: int, pids: list[int]) -> Callable[[], float]:
    """A process of its own, and what gives it a turn."""
    words = [sys.executable, __file__, *sys.argv[1:4], str(threads), *map(str, pids)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMIX_", "PRTE_", "HOROVOD_"))}
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdin is not None
    assert child.stdout is not None
    sink, source = child.stdin, child.stdout
    assert source.readline() == "ready\n"

    def turn() -> float:
        sink.write("turn\n")
        sink.flush()
        return float(source.readline())

    return turn


def on_ranks() -> None:
    """Take turns with all others, and print what was found."""
    partitions = {layout: ModelPartition(2, layout) for layout in (Layout.NEURON, Layout.WEIGHT, Layout.ALTERNATE)}
    here = ranks.start(2, {g for partition in partitions.values() for g in groups(partition, WIDTHS)})

    def barrier() -> None:
        here.gather(np.zeros(1, np.int64))

    def slowest(own: float) -> float:
        return float(here.gather(np.array([int(1e9 * own)], np.int64)).max()) / 1e9

    contenders: dict[str, Plain | Divided] = {
        str(layout): Divided(Worker(TRAINING, range(1), partition, OverRanks(here, 0)))
        for layout, partition in partitions.items()
    }
    contenders["limit"] = Plain(HALF, BATCH, tf.GradientTape)
    alternated = Worker(TRAINING, range(1), partitions[Layout.ALTERNATE], LeftOut((here.rank,)))
    contenders["alternate without exchange"] = Divided(alternated)
    average = hvd.DistributedGradientTape
    contenders["data"] = Plain(WIDTHS, BATCH // 2, lambda: average(tf.GradientTape(), op=hvd.Average))
    pids = here.gather(np.array([os.getpid()], np.int64))[:, 0].tolist()
    turns = {f"one process, {n} threads": spawned(n, pids) for n in (1, 2)} if here.rank == 0 else {}
    names = [*contenders, *(f"one process, {n} threads" for n in (1, 2))]
    found: dict[str, list[float]] = {name: [] for name in names}
    order = np.random.default_rng(1)
    for number in range(ROUNDS):
        for name in order.permutation(names):
            barrier()
            if name in contenders:
                found[name].append(slowest(seconds(contenders[name], barrier)))
            elif name in turns:
                found[name].append(turns[name]())
        if here.rank == 0:
            print("round", number + 1, {n: round(1e3 * s[-1]) for n, s in found.items()}, file=sys.stderr, flush=True)
    if here.rank == 0:
        print("RESULT", json.dumps(found), flush=True)


if ALONE:
    alone()
else:
    on_ranks()
