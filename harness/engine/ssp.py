"""Data partition under stale synchronous parallel: each worker trains on its share, on its own clock, over a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.engine.bounds import Bounds
from harness.engine.descent import Kept
from harness.engine.folds import Weights
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.ranks import Ranks, require_same_shapes
from harness.engine.runtime import in_order, tf
from harness.engine.starts import batches
from harness.engine.table import SSPTable
from harness.engine.trajectory import Trajectory
from harness.engine.transports import Alone, carry
from harness.engine.views import ViewGauge
from harness.history.recorder import Recorder
from harness.schedule import share
from harness.spec import Fault, StalePartition, Training
from harness.stragglers import service


@dataclass(frozen=True)
class Trained:
    """What a worker has after its last clock.

    Args:
        trajectory: weights w_0 + Σ u of all updates stamped before each checkpoint, as this worker folded them.
        views: how far what was read lay from them.
        started: (clocks,) seconds since the first clock of this worker when it had read, clock by clock.
        ended: (clocks,) seconds when it had written.
    """

    trajectory: Trajectory
    views: ViewGauge
    started: NDArray[np.float64]
    ended: NDArray[np.float64]


def train(
    training: Training, replicates: range, partition: StalePartition, ranks: Ranks, emit: Callable[[bytes], object]
) -> Trained:
    """Run w̃: read a view, add u[p,c] = −(η_c/P) · g_p(view), advance; g_p = (P/B) Σ_{i in share p} ∇ℓ + penalties.

    Args:
        training: data, net, clocks, step size and optimizer.
        replicates: their numbers; they are trained side by side, under one schedule.
        partition: staleness, transport, stragglers, and the fault to commit if any.
        ranks: this process among the workers.
        emit: takes the notes of the history.

    Returns:
        Weights at the checkpoints, view gaps and times.

    Raises:
        BadInputError: workers disagree on the shapes of layers, or an update is not finite.

    References:
        ho2013, kumar2015
    """
    alone = partition.fault is Fault.NO_EXCHANGE
    bounds = Bounds(
        0 if alone else ranks.rank,
        1 if alone else ranks.size,
        partition.staleness,
        training.clocks,
        partition.fault,
    )
    worker = 0 if partition.fault is Fault.SAME_SHARD else ranks.rank
    mine = share(training.batch, worker, ranks.size)
    ids = batches(training, replicates)[..., mine]
    objective = Objective(training, replicates, ids, ranks.size / training.batch)
    initial = [tf.constant(w, objective.kind) for w in objective.net.initial_weights(replicates)]
    require_same_shapes([(tuple(w.shape), w.dtype.name) for w in initial], ranks)
    factor = 1.0 if partition.fault is Fault.SUM_FOR_MEAN else training.summed / bounds.workers
    gauge = ViewGauge(training, factor, initial)
    kept = Kept(training, objective.net, initial)

    def on_fold(clock: int, base: Weights) -> None:
        kept.keep(clock, base)
        gauge.folded(clock, base)

    table = SSPTable(
        [initial[i : i + 2] for i in range(0, len(initial), 2)],
        Descent.of(training),
        factor=factor,
        bounds=bounds,
        transport=Alone()
        if alone
        else carry(partition.transport, ranks, initial, training.clocks, partition.staleness),
        recorder=Recorder(bounds.worker, bounds.workers, _unheard if alone else emit),
        on_fold=on_fold,
    )
    seconds = service(partition.stragglers, ranks.size, training.clocks, replicates.start)[ranks.rank]
    started, ended = _clocks(table, objective, gauge, seconds)
    table.finish()
    return Trained(kept.trajectory(), gauge, started, ended)


def _unheard(note: bytes) -> None:
    """A worker alone has no history that would concern the others."""
    del note


def _clocks(
    table: SSPTable, objective: Objective, gauge: ViewGauge, seconds: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    layers = range(len(objective.net.layers))
    step = in_order(tf.function(objective.gradients, autograph=False))
    started, ended = np.zeros(len(seconds)), np.zeros(len(seconds))
    began = time.monotonic()

    # A function, so that it leaves no change behind that the table is done with.
    def advance(clock: int, extra: float) -> None:
        weights = [weight for layer in layers for weight in table.get(layer)]
        started[clock] = time.monotonic() - began
        gauge.read(clock, weights)
        gradients = step(weights, tf.constant(clock))
        if extra:
            time.sleep(extra)
        gauge.wrote(clock, gradients)
        for layer in layers:
            table.inc(layer, gradients[2 * layer : 2 * layer + 2])
        table.clock()
        ended[clock] = time.monotonic() - began

    for clock, extra in enumerate(seconds):
        advance(clock, extra)
    return started, ended
