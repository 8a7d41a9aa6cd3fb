"""Model partition under a scheduler: some blocks are updated at a clock, and what crosses a partition may be stale."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.delays import view_stream
from harness.engine.assembly import assembled
from harness.engine.board import Board
from harness.engine.descent import kept_weights
from harness.engine.divided_net import DividedNet
from harness.engine.nets import Tensors
from harness.engine.optimizers import Descent, new_slots
from harness.engine.ranks import Ranks
from harness.engine.runtime import dtype, tf
from harness.engine.stale_collectives import Delayed, Mixing, Past
from harness.engine.starts import batches
from harness.engine.trajectory import Trajectory
from harness.errors import BadInputError
from harness.history import BlockRecorder
from harness.history.recorder import digest
from harness.layout import Block, Message, blocks, messages
from harness.schedule import checkpoints
from harness.scheduler import News, Scheduler, couplings
from harness.spec import Delays, Fault, ModelPartition, Policy, ScheduledPartition, Training

NEWS = "news"
# Examples over which correlations between the inputs of blocks are taken.
_LOOKED_AT = 64
# Clock, (R, blocks) whether a block is updated, (R,) how many times as long its step is.
Steps = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
# Per local worker the lengths of its steps (R, L); per layer and local worker the inputs of its block.
Made = tuple[Tensors, list[Tensors]]


def train(
    training: Training,
    replicates: range,
    partition: ScheduledPartition,
    ranks: Ranks,
    emit: Callable[[bytes], object],
) -> Trajectory:
    """Train one worker's blocks, on a real rank.

    Args:
        training: data, net, clocks, step size and optimizer.
        replicates: their numbers; they are trained side by side.
        partition: workers, policy, staleness, and the fault to commit if any.
        ranks: this process among the workers.
        emit: takes the lines of the history.

    Returns:
        This worker's blocks at the checkpoints, flat.

    Raises:
        BadInputError: staleness above 0 where clocks see different examples.
        RuntimeError: a collective broke.

    References:
        lee2014
    """
    recorder = BlockRecorder(ranks.rank, emit)
    model = ModelPartition(partition.workers, partition.layout)
    sent = [_contributions(training, partition, model, rank, len(replicates)) for rank in range(partition.workers)]
    kind, alone = dtype(training.precision), partition.fault is Fault.NO_EXCHANGE
    board = Board(ranks, partition.staleness, sent, kind, training.clocks, recorder, alone=alone)
    workers = Workers(training, replicates, partition, board)
    board.start()
    for clock in range(training.clocks):
        board.turn(clock)
        then = clock - 1 - partition.staleness
        chosen = workers.choose(clock, board.of_clock(NEWS, then) if workers.needs_news and then >= 0 else None)
        recorder.schedule(clock, [np.flatnonzero(own).tolist() for own in chosen])
        (news,) = workers.note(clock, chosen, workers.advance(workers.steps(clock, chosen)))
        mine = chosen & (np.arange(chosen.shape[1]) % partition.workers == ranks.rank)
        recorder.update(clock, [np.flatnonzero(own).tolist() for own in mine])
        if workers.needs_news:
            board.contribute(tf.constant(news, kind), NEWS)
    board.finish()
    recorder.final(digest(workers.held()[0], whole=True))
    # Nobody leaves while another still sends.
    ranks.barrier()
    return workers.trajectories()[0]


def simulate(training: Training, replicates: range, partition: ScheduledPartition) -> Trajectory:
    """All workers in lockstep in one process, delays drawn per replicate.

    Args:
        training: data, net, clocks, step size and optimizer.
        replicates: their numbers; they are trained side by side.
        partition: workers, policy, staleness, law of the delays, and the fault to commit if any.

    Returns:
        The whole nets at the checkpoints.

    Raises:
        BadInputError: staleness above 0 where clocks see different examples.
    """
    collectives = Delayed(partition.workers, alone=partition.fault is Fault.NO_EXCHANGE)
    workers = Workers(training, replicates, partition, collectives)
    delays = partition.delays or Delays.NONE
    streams = [view_stream(delays, partition.workers, partition.staleness, r) for r in replicates]
    past: deque[dict[str, Tensors]] = deque(maxlen=partition.staleness)
    told: deque[list[NDArray[np.float64]]] = deque(maxlen=partition.staleness + 1)

    def clock_of(steps: Steps, places: tf.Tensor, before: Past) -> tuple[Made, dict[str, Tensors]]:
        collectives.turn(places, before)
        return workers.advance(steps), collectives.contributed

    compiled = tf.function(clock_of, autograph=False)
    for clock in range(training.clocks):
        known = told[0] if len(told) == told.maxlen else None
        chosen = workers.choose(clock, known)
        places = np.stack([next(stream) for stream in streams]) - (clock - len(past))
        made, contributed = compiled(workers.steps(clock, chosen), tf.constant(places), list(past))
        past.append(contributed)
        told.append(workers.note(clock, chosen, made))
    model = ModelPartition(partition.workers, partition.layout)
    return assembled(model, training.widths, workers.trajectories())


class Workers:
    """The workers that this process plays: their blocks, their schedules and their steps.

    Args:
        training: data, net, clocks, step size and optimizer.
        replicates: their numbers.
        partition: workers, policy, staleness and fault.
        collectives: between whom; says which workers are played here.

    Raises:
        BadInputError: staleness above 0 where clocks see different examples.
    """

    def __init__(
        self, training: Training, replicates: range, partition: ScheduledPartition, collectives: Mixing
    ) -> None:
        self._training, self._partition, self._members = training, partition, collectives.members
        model = ModelPartition(partition.workers, partition.layout)
        ids = _examples(training, replicates, partition)
        scale = training.summed / training.batch
        self._net = DividedNet(training, replicates, ids, scale, model, collectives)
        self._layers, self._count = len(self._net.net.layers), len(replicates)
        self._blocks = blocks(model, training.widths)
        self._schedulers = [Scheduler(partition, self._layers, replicate) for replicate in replicates]
        self._rule = Descent.of(training)
        drawn = self._net.initial_shares(replicates)
        self._weights = [[tf.Variable(array, dtype=self._net.kind) for array in share] for share in drawn]
        self._slots = [new_slots(self._rule, share) for share in self._weights]
        self._scaled = partition.policy is not Policy.ALL and partition.fault is not Fault.UNSCALED
        self._changes = np.zeros((len(self._members), self._count, self._layers))
        self._times = checkpoints(training.clocks, training.checkpoints)
        self._kept = [self.held()]

    @property
    def needs_news(self) -> bool:
        """Whether decisions depend on what happened."""
        return self._partition.policy in (Policy.PRIORITY, Policy.STRADS)

    def choose(self, clock: int, told: Sequence[NDArray[np.float64]] | None) -> NDArray[np.bool_]:
        """Blocks that are updated at a clock.

        Args:
            clock: c.
            told: news of every worker, all of one clock; nothing at the beginning.

        Returns:
            (R, blocks) whether it is updated.
        """
        known = self._read(told) if told is not None and self.needs_news else [None] * self._count
        return np.stack([
            scheduler.choose(clock, news) for scheduler, news in zip(self._schedulers, known, strict=True)
        ])

    def steps(self, clock: int, chosen: NDArray[np.bool_]) -> Steps:
        """A decision as tensors.

        Args:
            clock: c.
            chosen: (R, blocks) whether it is updated.

        Returns:
            The clock, the blocks, and how many times as long their steps are.
        """
        factors = chosen.shape[1] / np.maximum(1, chosen.sum(axis=1)) if self._scaled else np.ones(self._count)
        return tf.constant(clock), tf.constant(chosen), tf.constant(factors, self._net.kind)

    def advance(self, steps: Steps) -> Made:
        """Gradients and updates of the local workers at one clock.

        Args:
            steps: clock, blocks and factors.

        Returns:
            For each local worker the lengths of its steps (R, L), and for each layer their inputs.
        """
        clock, chosen, factors = steps
        weights = [[tf.convert_to_tensor(w) for w in share] for share in self._weights]
        passed = self._net.forward(weights, clock)
        gradients = self._net.backward(weights, passed, clock)
        lengths = [
            self._updated(place, gradients[place], chosen[:, member :: self._partition.workers], factors, clock)
            for place, member in enumerate(self._members)
        ]
        return lengths, passed.inputs

    def note(self, clock: int, chosen: NDArray[np.bool_], made: Made) -> list[NDArray[np.float64]]:
        """Keep what a clock has made.

        Args:
            clock: c.
            chosen: (R, blocks) whether it was updated.
            made: lengths of steps, and inputs of blocks.

        Returns:
            News of each local worker, flat.
        """
        lengths, inputs = made
        for place, member in enumerate(self._members):
            mine = chosen[:, member :: self._partition.workers]
            self._changes[place] = np.where(mine, lengths[place].numpy(), self._changes[place])
        if clock + 1 in self._times:
            self._kept.append(self.held())
        return [self._news(place, inputs) for place in range(len(self._members))]

    def held(self) -> list[list[NDArray[np.float64]]]:
        """Weights of the local workers.

        Returns:
            For each its flat list.
        """
        return [[w.numpy() for w in share] for share in self._weights]

    def trajectories(self) -> list[Trajectory]:
        """Weights at the checkpoints.

        Returns:
            For each local worker its blocks, flat.
        """
        return [
            kept_weights(self._net.net, self._times, [kept[place] for kept in self._kept])
            for place in range(len(self._members))
        ]

    def _updated(
        self, place: int, gradients: Tensors, chosen: tf.Tensor, factors: tf.Tensor, clock: tf.Tensor
    ) -> tf.Tensor:
        """Make the steps of one worker's chosen blocks, (R, L) whether; returns how long they were, (R, L)."""
        squares = [tf.zeros([self._count], self._net.kind)] * self._layers
        found = zip(self._weights[place], self._slots[place], gradients, strict=True)
        for number, (weight, slots, gradient) in enumerate(found):
            mask = chosen[:, number // 2, None, None]
            old = weight.read_value()
            stepped, remembered = self._rule.step(old, tuple(s.read_value() for s in slots), [gradient], clock)
            stepped = old + factors[:, None, None] * (stepped - old) if self._scaled else stepped
            weight.assign(tf.where(mask, stepped, old))
            for slot, value in zip(slots, remembered, strict=True):
                slot.assign(tf.where(mask, value, slot.read_value()))
            squares[number // 2] += tf.reduce_sum(tf.square(stepped - old), axis=(1, 2))
        return tf.sqrt(tf.stack(squares, axis=1))

    def _news(self, place: int, inputs: list[Tensors]) -> NDArray[np.float64]:
        """(R·L) sizes of last changes, and where conflicts are looked for the inputs of each block, flat."""
        parts = [self._changes[place].ravel()]
        if self._partition.policy is Policy.STRADS:
            parts += [np.ravel(layer[place][:, :, :_LOOKED_AT]) for layer in inputs]
        return np.concatenate(parts)

    def _read(self, told: Sequence[NDArray[np.float64]]) -> list[News]:
        """News of every replicate, from those of every worker."""
        changes, inputs = [], []
        for flat, mine in zip(told, self._blocks, strict=True):
            sizes = np.cumsum([self._count * self._layers, *_looked_at(self._training, self._count, mine)])
            first, *rest = np.split(flat, sizes[:-1]) if len(flat) > sizes[0] else [flat]
            changes.append(first.reshape(self._count, self._layers))
            inputs.append([
                array.reshape(self._count, len(block.inputs), -1) for array, block in zip(rest, mine, strict=False)
            ])
        sizes_of = np.stack(changes, axis=2).reshape(self._count, -1)
        return [News(sizes_of[r], self._couplings(inputs, r)) for r in range(self._count)]

    def _couplings(self, inputs: Sequence[Sequence[NDArray[np.float64]]], replicate: int) -> NDArray[np.float64]:
        number = self._layers * self._partition.workers
        if not inputs[0]:
            return np.zeros((number, number))
        ordered = [own[layer][replicate] for layer in range(self._layers) for own in inputs]
        return couplings(ordered, self._layers)


def _examples(training: Training, replicates: range, partition: ScheduledPartition) -> NDArray[np.int32]:
    """Sample ids of all clocks; in one order where what is stale must be of the same examples.

    Raises:
        BadInputError: staleness above 0 where clocks see different examples.
    """
    ids = batches(training, replicates)
    if not partition.staleness:
        return ids
    if training.batch != len(data.load(training.data)):
        raise BadInputError(
            f"activations of {training.batch} other examples per clock cannot stand in for stale ones",
            where="staleness",
            remedy=f"use the whole data set as the batch ({len(data.load(training.data))} examples), or staleness 0",
        )
    return np.sort(ids, axis=-1)


def _contributions(
    training: Training, partition: ScheduledPartition, model: ModelPartition, rank: int, replicates: int
) -> list[Message]:
    """What a worker broadcasts at every clock, in order."""
    sent = list(messages(model, training, rank, replicates))
    mine, layers = blocks(model, training.widths)[rank], len(training.widths) - 1
    size = replicates * layers
    if partition.policy is Policy.STRADS:
        size += sum(_looked_at(training, replicates, mine))
    if partition.policy in (Policy.PRIORITY, Policy.STRADS):
        sent.append(Message(NEWS, "broadcast", partition.workers, size, size * partition.workers))
    return sent


def _looked_at(training: Training, replicates: int, mine: Sequence[Block]) -> list[int]:
    return [replicates * len(block.inputs) * min(_LOOKED_AT, training.batch) for block in mine]
