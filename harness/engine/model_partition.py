"""Model partition at s = 0: every layer divided among ranks, the activations and errors that others need exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.engine.collectives import LeftOut, OverRanks
from harness.engine.data_partition import averaging
from harness.engine.descent import at_checkpoints, kept_weights, shortened
from harness.engine.divided_net import DividedNet
from harness.engine.nets import Tensors
from harness.engine.optimizers import Descent, new_slots, weight_bytes
from harness.engine.ranks import Group, Ranks, require_same_shapes, start
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.engine.trajectory import Trajectory
from harness.layout import blocks, holders_of_logits
from harness.schedule import share
from harness.spec import Fault, ModelPartition, Training


@dataclass(frozen=True)
class Divided:
    """What one worker leaves of a training.

    Args:
        trajectory: its share of the weights at the checkpoints: per layer W[inputs, units] and b[owned], flat.
        sent: elements handed to each collective of a clock, by its name.
        held_bytes: memory of its weights and of what the optimizer remembers.
    """

    trajectory: Trajectory
    sent: dict[str, int]
    held_bytes: int


def groups(partition: ModelPartition, widths: Sequence[int]) -> set[Group]:
    """Ranks that exchange something among themselves.

    Args:
        partition: number of workers and layout.
        widths: units per layer, inputs first.

    Returns:
        The groups, of all ranks.
    """
    among = {tuple(range(partition.members))}
    for member, mine in enumerate(blocks(partition, widths)):
        among |= {exchange.members for block in mine for exchange in (block.enter, block.leave)}
        among.add(holders_of_logits(partition, member, len(mine)))
    firsts = range(0, partition.workers, partition.members)
    within = {tuple(first + member for member in group) for group in among for first in firsts}
    return within | {_data_group(partition, member) for member in range(partition.members)}


def join(training: Training, partition: ModelPartition) -> Ranks:
    """Join a launch, with a process set for every group of ranks that exchange something.

    Args:
        training: the net that is divided.
        partition: number of workers and layout.

    Returns:
        This process's place in the launch.

    Raises:
        BadInputError: the launch has another number of processes, or its ranks do not agree on what they divide.
    """
    ranks = start(partition.workers, groups(partition, training.widths))
    whole = [(shape, str(training.precision)) for i, o in pairwise(training.widths) for shape in ((i, o), (1, o))]
    require_same_shapes(whole, ranks)
    return ranks


def train(training: Training, replicates: range, partition: ModelPartition, ranks: Ranks) -> Divided:
    """Run w_{c+1} = w_c − η_c · mean ∇ℓ(w_c; batch_c) with every layer divided among M workers of each of D groups.

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers; they are trained side by side.
        partition: number of workers, layout, and the fault to commit if any.
        ranks: this process among the workers, as `join` returns it.

    Returns:
        What this worker leaves.

    References:
        shoeybi2019, lee2014
    """
    group = ranks.rank // partition.members
    collectives = OverRanks(ranks, group * partition.members)
    worker = Worker(training, replicates, partition, collectives, group)
    trajectory = kept_weights(worker.net.net, *at_checkpoints(training, worker.update, worker.weights))
    # A rank that leaves shuts Horovod down, and another group may still be exchanging.
    ranks.barrier()
    held = weight_bytes([*worker.weights, *(remembered for slot in worker.slots for remembered in slot)])
    return Divided(trajectory, dict(collectives.sent), held)


class Worker:
    """One worker's share of a net, and the update that it makes of it at every clock.

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers; they are trained side by side.
        partition: number of workers, layout, and the fault to commit if any.
        collectives: between the workers of its group; they say which worker this is.
        group: number of the group.
    """

    def __init__(
        self,
        training: Training,
        replicates: range,
        partition: ModelPartition,
        collectives: OverRanks | LeftOut,
        group: int = 0,
    ) -> None:
        ids = batches(training, replicates)[..., share(training.batch, group, partition.groups)]
        self.net = DividedNet(training, replicates, ids, partition.groups / training.batch, partition, collectives)
        self._collectives = collectives
        self.weights = [tf.Variable(array, dtype=self.net.kind) for array in self.net.initial_shares(replicates)[0]]
        self._rule, self._training = Descent.of(training), training
        self.slots = new_slots(self._rule, self.weights)
        (member,) = collectives.members
        alone = partition.fault is Fault.NO_EXCHANGE
        self._others = (member,) if alone else _data_group(partition, member)

    def update(self, clock: tf.Tensor) -> tf.Tensor:
        """Make the update of a clock, inside a `tf.function`.

        Args:
            clock: c, a whole number.

        Returns:
            c + 1.
        """
        (gradients,) = self.net.gradients([self.weights], clock)
        gradients = _averaged(gradients, self._collectives, self._others, self._training.summed)
        if self._training.clip:
            (squares,) = self.net.squared_norms([gradients])
            gradients = shortened(gradients, squares, self._training.clip)
        for weight, slot, gradient in zip(self.weights, self.slots, gradients, strict=True):
            self._rule.apply(weight, slot, [gradient], clock)
        return clock + 1


def _data_group(partition: ModelPartition, member: int) -> Group:
    """Ranks that hold the same blocks in different groups."""
    return tuple(range(member, partition.workers, partition.members))


def _averaged(gradients: Tensors, collectives: OverRanks | LeftOut, others: Group, summed: int) -> Tensors:
    """Mean over groups, or what the training has in its place."""
    factor = summed / len(others)
    if len(others) == 1:
        return gradients if factor == 1 else [factor * g for g in gradients]
    return averaging(factor, lambda tensor, name: collectives.over(others, tensor, name))(gradients)
