"""Stale synchronous parallel in one process, for any number of workers: all read, compute and write clock by clock.

The same as tables on real ranks compute: worker p's view at clock c is the base, all clocks before c − s folded whole,
and on top for each clock from there a step of what p has seen of it. Nets of all replicates and workers lie side by
side, and what the workers have seen of a clock is one product: (P, P) views times (P, parameters) changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from harness.delays import view_stream
from harness.engine.descent import kept_weights
from harness.engine.nets import Tensors
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.runtime import dtype, tf
from harness.engine.starts import batches
from harness.engine.trajectory import Trajectory
from harness.errors import BadInputError
from harness.schedule import checkpoints, share
from harness.spec import Fault, Training, VirtualPartition

# Memory that what replicates side by side read at a clock may take: more is slower, because it leaves the caches.
_BLOCK_BYTES = 1 << 26
# Weights, and what the optimizer remembers: (replicates, parameters) each.
State = tuple[tf.Tensor, ...]


def train(training: Training, replicates: range, partition: VirtualPartition) -> Trajectory:
    """Run w̃ under the delays of each replicate, all workers in lockstep.

    Args:
        training: data, net, clocks, step size and optimizer.
        replicates: their numbers; they are trained side by side, as many at once as memory allows.
        partition: number of workers, staleness, law of the delays, and the fault to commit if any.

    Returns:
        Weights x_c = w_0 + all updates stamped before each checkpoint.

    References:
        ho2013, kumar2015
    """
    parts = []
    size = _replicates_at_once(training, partition)
    for first in range(replicates.start, replicates.stop, size):
        block = range(first, min(first + size, replicates.stop))
        parts.append(Lockstep(training, block, partition).run(drawn_views(block, partition)))
    return _joined(parts)


def drawn_views(replicates: Sequence[int], partition: VirtualPartition) -> Iterator[NDArray[np.int32]]:
    """Views of all replicates, clock by clock, without end.

    Args:
        replicates: their numbers; each draws from a stream of its own.
        partition: number of workers, staleness and law of the delays.

    Yields:
        (replicates, P, P) views, reader before writer.
    """
    workers, staleness = _played(partition)
    streams = [view_stream(partition.delays, workers, staleness, replicate) for replicate in replicates]
    for views in zip(*streams, strict=True):
        yield np.stack(views)


class Lockstep:
    """All workers of some replicates, compiled once and run under any views.

    Args:
        training: data, net, clocks, step size and optimizer.
        replicates: number of the replicate of each net; the same one may be run under several views.
        partition: number of workers, staleness, and the fault to commit if any.
    """

    def __init__(self, training: Training, replicates: Sequence[int], partition: VirtualPartition) -> None:
        self._training, self._count = training, len(replicates)
        self._workers, self._staleness = _played(partition)
        self._factor = 1.0 if partition.fault is Fault.SUM_FOR_MEAN else training.summed / self._workers
        self._rule = Descent.of(training)
        ids, weights = _shares(training, replicates, partition, self._workers)
        self._objective = Objective(training, np.repeat(replicates, self._workers).tolist(), ids, weights)
        self._kind = dtype(training.precision)
        drawn = [self._objective.net.initial_weights(range(r, r + 1)) for r in replicates]
        self._shapes = [w.shape[1:] for w in drawn[0]]
        self._initial = np.stack([np.concatenate([w.ravel() for w in own]) for own in drawn])
        self._advance = tf.function(self._clock, autograph=False, input_signature=self._signature())

    def run(self, views: Iterable[NDArray[np.int32]]) -> Trajectory:
        """Train from the start.

        Args:
            views: for each clock (replicates, P, P) numbers of updates seen, reader before writer; no more are
                taken than there are clocks.

        Returns:
            Weights x_c = w_0 + all updates stamped before each checkpoint.

        Raises:
            BadInputError: a view is not legal, or there are too few.
        """
        nothing = tf.zeros((self._count, self._workers, self._initial.shape[1]), self._kind)
        window = deque([nothing] * self._staleness, maxlen=self._staleness)
        states = deque([self._first_state()] * (self._staleness + 1), maxlen=self._staleness + 1)
        times = checkpoints(self._training.clocks, self._training.checkpoints)
        wanted, kept = set(times.tolist()), [self._flat_list(states[-1])]
        for clock, seen in zip(range(self._training.clocks), self._legal(views), strict=False):
            change, state = self._advance(states[0], states[-1], list(window), seen, tf.constant(clock))
            window.append(change)
            states.append(state)
            if clock + 1 in wanted:
                kept.append(self._flat_list(state))
        if len(kept) <= len(times):
            raise BadInputError(f"there are views of fewer than {self._training.clocks} clocks", where="views")
        return kept_weights(self._objective.net, times, kept)

    def _legal(self, views: Iterable[NDArray[np.int32]]) -> Iterator[NDArray[np.int32]]:
        shape = (self._count, self._workers, self._workers)
        before: NDArray[np.int32] | int = 0
        for clock, seen in enumerate(views):
            if seen.shape != shape:
                raise BadInputError(f"shape {seen.shape} is not {shape}", where=f"views, clock {clock}")
            own = seen[:, np.arange(self._workers), np.arange(self._workers)]
            late = seen.min() < clock - self._staleness or (own != clock).any() or (seen < before).any()
            if late or seen.max() > clock:
                raise BadInputError(
                    f"not legal at staleness {self._staleness}", where=f"views, clock {clock}", remedy="use legal_views"
                )
            before = seen
            yield seen.astype(np.int32, copy=False)

    def _clock(
        self, base: State, front: State, window: Tensors, seen: tf.Tensor, clock: tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Changes of all workers, (replicates, P, parameters), and the state with this clock folded whole."""
        change = self._changes(self._views(base, window, seen, clock), clock)
        weights, slots = self._rule.step(front[0], front[1:], [self._factor * tf.reduce_sum(change, axis=1)], clock)
        return change, (weights, *slots)

    def _views(self, base: State, window: Tensors, seen: tf.Tensor, clock: tf.Tensor) -> tf.Tensor:
        """(replicates, P, parameters) weights that the workers read."""
        weights, *others = (tensor[:, None] for tensor in base)
        slots = tuple(others)
        for offset, change in enumerate(window):
            # Before the first clock changes are 0, which is no step: nothing is remembered yet.
            stamp = clock - len(window) + offset
            mask = self._factor * tf.cast(seen > stamp, self._kind)
            weights, slots = self._rule.step(weights, slots, [tf.matmul(mask, change)], tf.maximum(stamp, 0))
        return weights if window else tf.repeat(weights, self._workers, axis=1)

    def _changes(self, views: tf.Tensor, clock: tf.Tensor) -> tf.Tensor:
        nets = self._count * self._workers
        pieces = tf.split(views, [prod(shape) for shape in self._shapes], axis=2)
        weights = [tf.reshape(piece, (nets, *shape)) for piece, shape in zip(pieces, self._shapes, strict=True)]
        gradients = self._objective.gradients(weights, clock)
        return tf.concat([tf.reshape(g, (self._count, self._workers, -1)) for g in gradients], axis=2)

    def _signature(self) -> list[object]:
        count, parameters = self._initial.shape
        state = (tf.TensorSpec((count, parameters), self._kind),) * (1 + len(self._rule.slots))
        window = [tf.TensorSpec((count, self._workers, parameters), self._kind)] * self._staleness
        seen = tf.TensorSpec((count, self._workers, self._workers), tf.int32)
        return [state, state, window, seen, tf.TensorSpec((), tf.int32)]

    def _first_state(self) -> State:
        weights = tf.constant(self._initial, self._kind)
        return (weights, *(tf.fill(weights.shape, tf.constant(value, self._kind)) for value in self._rule.slots))

    def _flat_list(self, state: State) -> list[NDArray[np.float64]]:
        ends = np.cumsum([prod(shape) for shape in self._shapes])
        return np.split(state[0].numpy(), ends[:-1], axis=1)


def _played(partition: VirtualPartition) -> tuple[int, int]:
    """Number of workers that are played and their staleness: worker 0 alone where nothing is exchanged."""
    return (1, 0) if partition.fault is Fault.NO_EXCHANGE else (partition.workers, int(partition.staleness))


def _shares(
    training: Training, replicates: Sequence[int], partition: VirtualPartition, played: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Ids (clocks, nets, share) and weights (nets, share) of the examples; shorter shares are filled up at weight 0."""
    same = partition.fault is Fault.SAME_SHARD
    slices = [share(training.batch, 0 if same else worker, partition.workers) for worker in range(played)]
    longest = max(part.stop - part.start for part in slices)
    places = np.array([np.minimum(part.start + np.arange(longest), part.stop - 1) for part in slices])
    taken = np.array([part.start + np.arange(longest) < part.stop for part in slices])
    whole = np.concatenate([batches(training, range(r, r + 1)) for r in replicates], axis=1)
    ids = whole[..., places].reshape(training.clocks, len(replicates) * played, longest)
    return ids, np.tile(taken * (partition.workers / training.batch), (len(replicates), 1))


def _replicates_at_once(training: Training, partition: VirtualPartition) -> int:
    workers, staleness = _played(partition)
    tensors = staleness + 6 + 2 * len(Descent.of(training).slots)
    size: int = dtype(training.precision).size
    return max(1, _BLOCK_BYTES // (workers * training.parameters * size * tensors))


def _joined(parts: Sequence[Trajectory]) -> Trajectory:
    layers = list(parts[0].layers)
    return Trajectory(
        clocks=parts[0].clocks,
        initial={layer: np.concatenate([part.initial[layer] for part in parts]) for layer in layers},
        layers={layer: np.concatenate([part.layers[layer] for part in parts], axis=1) for layer in layers},
    )
