"""Which worker owns which block of every layer under model partition, and what must travel between them.

Each worker of a group owns one block W[inputs, units] per layer. Forward, a block needs its inputs' activations and
leaves sums over those inputs; backward, it needs its units' errors and leaves sums over those units. What travels on
entering and on leaving a block is one of four exchanges, each with its own backward:

* gather: everyone's piece → the whole; backward, sums of the whole → everyone's piece of the total;
* scatter: the reverse;
* total: sums → their total over the workers, everywhere; backward nothing;
* copy: nothing; backward, sums → their total everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.schedule import share
from harness.spec import Layout, ModelPartition, Training

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]

# Elements of a gradient from which on it is summed by itself: into a vector and back it would be copied twice, which
# takes longer than one more call.
BY_ITSELF = 1 << 17
# Name of the vector of all others.
TOGETHER = "gradients"


class Kind(StrEnum):
    """What travels forward."""

    NOTHING = "nothing"
    GATHER = "gather"
    SCATTER = "scatter"
    TOTAL = "total"
    COPY = "copy"


@dataclass(frozen=True)
class Exchange:
    """Something that some workers of a group exchange, forward and backward.

    Args:
        kind: what travels.
        members: who takes part, numbers within the group, in the order of their pieces.
        width: units of the whole that is gathered, scattered or added up.
    """

    kind: Kind
    members: tuple[int, ...]
    width: int


@dataclass(frozen=True)
class Block:
    """One worker's share of one layer.

    Args:
        inputs: rows of W.
        units: columns of W.
        owned: units whose sums it holds after leaving: to these it adds their biases.
        enter: from the activations that it holds to those of its inputs.
        leave: from its sums to those of the units that it owns.
    """

    inputs: range
    units: range
    owned: range
    enter: Exchange
    leave: Exchange

    def holders(self, member: int) -> tuple[int, ...]:
        """Who holds the same biases.

        Args:
            member: whose block this is.

        Returns:
            Numbers within the group, this worker among them.
        """
        return self.leave.members if self.leave.kind is Kind.TOTAL else (member,)


@dataclass(frozen=True)
class Message:
    """One collective of a clock, as one worker takes part in it.

    Args:
        name: of the collective.
        collective: `allgather`, `reduce-scatter` or `allreduce`.
        members: number of workers that take part.
        handed: elements that this worker hands over.
        whole: elements of all pieces together.
    """

    name: str
    collective: str
    members: int
    handed: int
    whole: int

    @property
    def received(self) -> float:
        """Elements that a worker must receive at least: (M − 1)/M of the whole, twice where all get the sum."""
        once = self.whole * (self.members - 1) / self.members
        return 2 * once if self.collective == "allreduce" else once


def pieces(width: int, count: int) -> list[range]:
    """Consecutive pieces whose sizes differ by one at most, larger ones first, as Horovod's reduce-scatter has them.

    Args:
        width: number of units.
        count: number of pieces.

    Returns:
        The pieces, in order.
    """
    bounds = np.cumsum([0] + [width // count + (i < width % count) for i in range(count)])
    return [range(int(first), int(last)) for first, last in pairwise(bounds)]


def blocks(partition: ModelPartition, widths: Sequence[int]) -> list[list[Block]]:
    """Blocks of every worker of one group.

    Args:
        partition: layout and numbers of workers.
        widths: units per layer, inputs first.

    Returns:
        For each of the M workers one block per layer, from the inputs up.

    References:
        shoeybi2019, xu2023
    """
    return [
        [_block(partition, member, layer, inputs, units) for layer, (inputs, units) in enumerate(pairwise(widths))]
        for member in range(partition.members)
    ]


def holders_of_logits(partition: ModelPartition, member: int, layers: int) -> tuple[int, ...]:
    """Among whom the logits of the last layer are divided.

    Args:
        partition: layout and numbers of workers.
        member: one of them.
        layers: number of layers.

    Returns:
        Those who together with it hold all logits once, in the order of their pieces.
    """
    if partition.layout in (Layout.NEURON, Layout.WEIGHT):
        return tuple(range(partition.members))
    return line(partition, member, layers - 1, along_units=True)


def joined(
    partition: ModelPartition, widths: Sequence[int], shares: Sequence[Sequence[Layer]], copy: int = 0
) -> list[Layer]:
    """The whole net, from the shares of the workers of one group.

    Args:
        partition: layout and numbers of workers.
        widths: units per layer, inputs first.
        shares: for each worker and layer W[inputs, units] and b[owned], with any axes before these.
        copy: whose biases are taken where several workers hold the same, counted from the first.

    Returns:
        For each layer W (…, inputs, units) and b (…, units).
    """
    divided = blocks(partition, widths)
    net: list[Layer] = []
    for layer, (inputs, units) in enumerate(pairwise(widths)):
        axes = shares[0][layer][0].shape[:-2]
        matrix, biases = np.full((*axes, inputs, units), np.nan), np.full((*axes, units), np.nan)
        for member, own in enumerate(shares):
            block, (weight, bias) = divided[member][layer], own[layer]
            matrix[..., block.inputs.start : block.inputs.stop, block.units.start : block.units.stop] = weight
            holders = block.holders(member)
            if member == holders[min(copy, len(holders) - 1)]:
                biases[..., block.owned.start : block.owned.stop] = bias
        net.append((matrix, biases))
    return net


def split(partition: ModelPartition, widths: Sequence[int], net: Sequence[Layer]) -> list[list[Layer]]:
    """Inverse of `joined`.

    Args:
        partition: layout and numbers of workers.
        widths: units per layer, inputs first.
        net: for each layer W (…, inputs, units) and b (…, units).

    Returns:
        For each worker and layer W[inputs, units] and b[owned].
    """
    return [
        [
            (
                matrix[..., block.inputs.start : block.inputs.stop, block.units.start : block.units.stop],
                biases[..., block.owned.start : block.owned.stop],
            )
            for block, (matrix, biases) in zip(mine, net, strict=True)
        ]
        for mine in blocks(partition, widths)
    ]


def copies(partition: ModelPartition, widths: Sequence[int]) -> int:
    """How many workers of a group hold the same biases, at most.

    Args:
        partition: layout and numbers of workers.
        widths: units per layer, inputs first.

    Returns:
        1 where every bias has one owner.
    """
    return max(len(b.holders(member)) for member, mine in enumerate(blocks(partition, widths)) for b in mine)


def gradient_messages(sizes: Sequence[int], workers: int) -> list[Message]:
    """Sums of gradients over workers: large ones each by themselves, all others as one vector.

    Args:
        sizes: elements of each gradient, W_1, b_1, W_2, …
        workers: whose gradients are summed.

    Returns:
        The collectives.
    """
    found = {name: sum(sizes[place] for place in places) for name, places in parcels(sizes).items()}
    return [Message(name, "allreduce", workers, size, size) for name, size in found.items()]


def parcels(sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """How many tensors travel as few: large ones each by themselves, all others as one vector, which comes last.

    Args:
        sizes: elements of each.

    Returns:
        Places of those that travel together, by a name.
    """
    found = {f"gradient.{place}": (place,) for place, size in enumerate(sizes) if size >= BY_ITSELF}
    small = tuple(place for place, size in enumerate(sizes) if size < BY_ITSELF)
    return found | ({TOGETHER: small} if small else {})


def messages(partition: ModelPartition, training: Training, rank: int = 0, replicates: int = 1) -> tuple[Message, ...]:
    """What one worker exchanges at every clock, counted in elements.

    With B examples of a group and a layer of n units: neuron and weight partition gather n·B and scatter n·B; a grid of
    r × c adds up n/r·B and n/c·B. To that come one number per example and worker for the softmax over divided classes,
    the blocks' gradients where there are several groups, and one number for clipping.

    Args:
        partition: layout and numbers of workers.
        training: widths, batch and clipping.
        rank: the worker.
        replicates: R nets side by side.

    Returns:
        The collectives, in the order in which they are called.
    """
    group, member = divmod(rank, partition.members)
    mine = share(training.batch, group, partition.groups)
    columns = replicates * (mine.stop - mine.start)
    divided = blocks(partition, training.widths)[member]
    forward: list[Message] = []
    backward: list[Message] = []
    for layer, block in enumerate(divided, start=1):
        for exchange, name in ((block.enter, f"enter.{layer}"), (block.leave, f"leave.{layer}")):
            forward += _there(exchange, member, f"{name}.forward", columns)
            backward += _back(exchange, member, f"{name}.backward", columns)
    holders = len(holders_of_logits(partition, member, len(divided)))
    sizes = [replicates * size for b in divided for size in (len(b.inputs) * len(b.units), len(b.owned))]
    logs = Message("log-sums", "allgather", holders, columns, holders * columns)
    found = [*forward, logs, *reversed(backward)]
    found += gradient_messages(sizes, partition.groups)
    if training.clip:
        found.append(Message("norm", "allreduce", partition.members, replicates, replicates))
    return tuple(message for message in found if message.members > 1)


def _there(exchange: Exchange, member: int, name: str, columns: int) -> list[Message]:
    match exchange.kind:
        case Kind.GATHER:
            return [_gathering(exchange, member, name, columns)]
        case Kind.SCATTER:
            return [_summing("reduce-scatter", exchange, name, columns)]
        case Kind.TOTAL:
            return [_summing("allreduce", exchange, name, columns)]
        case _:
            return []


def _back(exchange: Exchange, member: int, name: str, columns: int) -> list[Message]:
    match exchange.kind:
        case Kind.GATHER:
            return [_summing("reduce-scatter", exchange, name, columns)]
        case Kind.SCATTER:
            return [_gathering(exchange, member, name, columns)]
        case Kind.COPY:
            return [_summing("allreduce", exchange, name, columns)]
        case _:
            return []


def _gathering(exchange: Exchange, member: int, name: str, columns: int) -> Message:
    own = pieces(exchange.width, len(exchange.members))[exchange.members.index(member)]
    return Message(name, "allgather", len(exchange.members), len(own) * columns, exchange.width * columns)


def _summing(collective: str, exchange: Exchange, name: str, columns: int) -> Message:
    whole = exchange.width * columns
    return Message(name, collective, len(exchange.members), whole, whole)


def _block(partition: ModelPartition, member: int, layer: int, inputs: int, units: int) -> Block:
    everyone, count = tuple(range(partition.members)), partition.members
    nothing = Exchange(Kind.NOTHING, (member,), 0)
    if partition.layout is Layout.NEURON:
        mine = pieces(units, count)[member]
        enter = Exchange(Kind.GATHER, everyone, inputs) if layer else nothing
        return Block(range(inputs), mine, mine, enter, nothing)
    if partition.layout is Layout.WEIGHT:
        mine = pieces(inputs, count)[member]
        return Block(mine, range(units), pieces(units, count)[member], nothing, Exchange(Kind.SCATTER, everyone, units))
    row, column = divmod(member, partition.columns)
    parts, others = (partition.rows, partition.columns), (row, column)
    if layer % 2:
        parts, others = parts[::-1], others[::-1]
    mine_in, mine_out = pieces(inputs, parts[0])[others[0]], pieces(units, parts[1])[others[1]]
    enter = Exchange(Kind.COPY, line(partition, member, layer, along_units=True), len(mine_in)) if layer else nothing
    leave = Exchange(Kind.TOTAL, line(partition, member, layer, along_units=False), len(mine_out))
    return Block(mine_in, mine_out, mine_out, enter, leave)


def line(partition: ModelPartition, member: int, layer: int, *, along_units: bool) -> tuple[int, ...]:
    """Workers of the same line of a grid; the grid is transposed from layer to layer.

    Args:
        partition: layout and numbers of workers.
        member: one of them.
        layer: counted from 0.
        along_units: those with the same inputs and other units, else those with the same units and other inputs.

    Returns:
        Their numbers, in the order of their pieces.
    """
    row, column = divmod(member, partition.columns)
    if along_units != bool(layer % 2):
        return tuple(row * partition.columns + other for other in range(partition.columns))
    return tuple(other * partition.columns + column for other in range(partition.rows))
