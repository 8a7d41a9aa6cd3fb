"""On every rank: samples per second of one net under several ways of exchanging updates, interleaved in one launch.

Prints on rank 0 for each contender the seconds per clock of every round, the slowest rank's, and its own peak memory.
A clock is timed from its first read to the first read of a later one, so that a pipeline is as full at the end as at
the beginning. Run by `test_stale_ranks.py`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise, product

os.environ.setdefault("HOROVOD_CYCLE_TIME", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import horovod.tensorflow as hvd
import numpy as np

from harness.engine import ranks, runtime
from harness.engine.bounds import Bounds
from harness.engine.memory import pages
from harness.engine.optimizers import Additive
from harness.engine.pinning import pin
from harness.engine.runtime import in_order, tf
from harness.engine.table import SSPTable
from harness.engine.transports import carry
from harness.history import Journal, Recorder
from harness.spec import Transport

WIDTHS = (440, *[2048] * 6, 1993)
# A table compiles a graph for each number of changes that a view holds: within so many clocks it has met them all.
ETA, WARM = 1e-3, 12
STALENESS = (0, 1, 3)
BATCH, CLOCKS, ROUNDS = (int(word) for word in sys.argv[1:4])
ONLY = sys.argv[4:]

pin()
runtime.limit_threads(1, beside=1)
HERE = ranks.join()
DRAWS = np.random.default_rng(HERE.rank)
FEATURES = tf.constant(DRAWS.normal(size=(BATCH, WIDTHS[0])), tf.float32)
LABELS = tf.constant(DRAWS.integers(WIDTHS[-1], size=BATCH), tf.int32)


def initial() -> list[list[np.ndarray]]:
    """In memory that is given back when it is not needed any more, which the heap's would not be."""
    draws = np.random.default_rng(0)
    layers = []
    for inputs, outputs in pairwise(WIDTHS):
        weight, bias = (pages(shape, np.float32) for shape in ((inputs, outputs), (outputs,)))
        draws.standard_normal(dtype=np.float32, out=weight)
        weight *= (1 / inputs) ** 0.5
        layers.append([weight, bias])
    return layers


def loss_of(weights: list[tf.Tensor]) -> tf.Tensor:
    hidden = FEATURES
    for place in range(0, len(weights) - 2, 2):
        hidden = tf.nn.relu(hidden @ weights[place] + weights[place + 1])
    logits = hidden @ weights[-2] + weights[-1]
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=LABELS, logits=logits))


def updates(variables: list[tf.Variable | tf.Tensor], share: float) -> list[tf.Tensor]:
    """−η · share · ∇ℓ: the factor goes into the loss, and costs no pass over memory."""
    with tf.GradientTape() as tape:
        tape.watch(variables)
        loss = loss_of(variables)
    return tape.gradient(loss, variables, output_gradients=tf.constant(-ETA * share))


def barrier() -> None:
    HERE.gather(np.zeros(1, np.int64))


class Stepper:
    """A contender without a table: one compiled function per clock."""

    def __init__(self, *, exchange: bool) -> None:
        self.variables = [tf.Variable(w) for layer in initial() for w in layer]

        def step() -> None:
            if exchange:
                with hvd.DistributedGradientTape(tf.GradientTape(), op=hvd.Average) as tape:
                    loss = loss_of(self.variables)
                gradients = tape.gradient(loss, self.variables)
                for variable, gradient in zip(self.variables, gradients, strict=True):
                    variable.assign_sub(ETA * gradient)
            else:
                for variable, update in zip(self.variables, updates(self.variables, 1.0), strict=True):
                    variable.assign_add(update)

        # Collectives wait for each other, so that operations of the tape's step begin as they can.
        self.step = tf.function(step, autograph=False) if exchange else in_order(tf.function(step, autograph=False))

    def seconds(self) -> float:
        for _ in range(WARM):
            self.step()
        barrier()
        began = time.perf_counter()
        for _ in range(CLOCKS):
            self.step()
        return (time.perf_counter() - began) / CLOCKS


class HandedOn(Stepper):
    """No exchange either, but the change is whole before it is applied, as whoever passes it on must have it."""

    def __init__(self) -> None:
        super().__init__(exchange=False)
        change = in_order(tf.function(lambda: updates(self.variables, 1.0), autograph=False))

        def step() -> None:
            for variable, update in zip(self.variables, change(), strict=True):
                variable.assign_add(update)

        self.step = step


class Stale:
    """A contender over the table, history on."""

    def __init__(self, transport: Transport, staleness: int) -> None:
        self.transport, self.staleness = transport, staleness
        self.step = in_order(tf.function(lambda variables: updates(variables, 1 / HERE.size), autograph=False))

    def seconds(self) -> float:
        clocks = WARM + CLOCKS + 1
        weights = initial()
        specs = [tf.TensorSpec(w.shape, w.dtype) for layer in weights for w in layer]
        carrier = carry(self.transport, HERE, specs, clocks, self.staleness)
        bounds = Bounds(HERE.rank, HERE.size, self.staleness, clocks)
        with tempfile.TemporaryFile() as file, Journal(file) as journal:
            recorder = Recorder(HERE.rank, HERE.size, journal.write)
            table = SSPTable(weights, Additive(), factor=1.0, bounds=bounds, transport=carrier, recorder=recorder)
            del weights
            times = []
            for clock in range(clocks):
                if clock == WARM:
                    barrier()
                times.append(time.perf_counter())
                self.advance(table)
            table.finish()
        return (times[WARM + CLOCKS] - times[WARM]) / CLOCKS

    def advance(self, table: SSPTable) -> None:
        change = self.step([weight for layer in range(len(WIDTHS) - 1) for weight in table.get(layer)])
        for layer in range(len(WIDTHS) - 1):
            table.inc(layer, change[2 * layer : 2 * layer + 2])
        table.clock()


def main() -> None:
    makers: dict[str, Callable[[], Stepper | Stale]] = {
        "no exchange": lambda: Stepper(exchange=False),
        "handed on": HandedOn,
        "DistributedGradientTape": lambda: Stepper(exchange=True),
    }
    for transport, s in product(Transport, STALENESS):
        makers[f"SSP {transport}, s = {s}"] = partial(Stale, transport, s)
    contenders = {name: make() for name, make in makers.items() if not ONLY or name in ONLY}
    found: dict[str, list[float]] = {name: [] for name in contenders}
    order = np.random.default_rng(1)
    for number in range(ROUNDS):
        for name in order.permutation(list(contenders)):
            own = contenders[name].seconds()
            slowest = HERE.gather(np.array([int(1e9 * own)], np.int64)).max() / 1e9
            found[name].append(float(slowest))
        if HERE.rank == 0:
            print("round", number + 1, {n: round(1e3 * s[-1]) for n, s in found.items()}, file=sys.stderr, flush=True)
    if HERE.rank == 0:
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print("RESULT", json.dumps({"seconds": found, "peak_bytes": peak}), flush=True)


main()
