"""What workers of a model partition exchange: between real ranks, or between workers played in one process.

Tensors are (R, units, batch); pieces of a whole are pieces of its units. Every exchange has its own backward: those of
Horovod's collectives follow conventions that differ from one collective to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.engine.nets import Tensors
from harness.engine.ranks import Group, Ranks
from harness.engine.runtime import tf
from harness.layout import Exchange, Kind, pieces


class Collectives(Protocol):
    """Collectives among groups of workers, for those workers that this process plays.

    Every method takes and returns one tensor per local worker, and the group that each exchanges with.
    """

    @property
    def members(self) -> Group:
        """Numbers of the workers played here."""

    def total(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Sums over the group, on all of it."""

    def gather(self, held: Tensors, groups: Sequence[Group], width: int, name: str) -> Tensors:
        """Pieces of the group one after the other, on all of it."""

    def scatter(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Of the sums over the group everyone's piece."""


@dataclass(frozen=True)
class OverRanks:
    """Between ranks, by Horovod; this process plays one worker.

    Args:
        ranks: the launch.
        first: rank of the group's worker 0.
        sent: elements handed to each collective, by its name, as they are compiled.
    """

    ranks: Ranks
    first: int
    sent: dict[str, int] = field(default_factory=dict)

    @property
    def members(self) -> Group:
        """This worker."""
        return (self.ranks.rank - self.first,)

    def total(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Sum over the group.

        Args:
            held: one tensor.
            groups: whom it is exchanged with.
            name: fixed, one collective in flight per name.

        Returns:
            The sum, the same bits on all of the group.
        """
        return [self.over(self._placed(groups[0]), held[0], name)]

    def gather(self, held: Tensors, groups: Sequence[Group], width: int, name: str) -> Tensors:
        """Pieces one after the other.

        Args:
            held: one piece (R, units, batch).
            groups: whom it is exchanged with.
            width: number of all units.
            name: fixed, one collective in flight per name.

        Returns:
            (R, all units, batch).
        """
        piece = _units_first(self._counted(held[0], name))
        whole = self.ranks.concatenated(piece, name, self._placed(groups[0]))
        return [_units_second(tf.ensure_shape(whole, (width, *piece.shape[1:])))]

    def scatter(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """The own piece of the sum.

        Args:
            held: one tensor (R, all units, batch).
            groups: whom it is exchanged with.
            name: fixed, one collective in flight per name.

        Returns:
            (R, units, batch).
        """
        whole, group = _units_first(self._counted(held[0], name)), groups[0]
        piece = self.ranks.piece_of_sum(whole, name, self._placed(group))
        width = len(pieces(whole.shape[0], len(group))[group.index(self.members[0])])
        return [_units_second(tf.ensure_shape(piece, (width, *whole.shape[1:])))]

    def over(self, ranks: Group, tensor: tf.Tensor, name: str) -> tf.Tensor:
        """Sum over any group of ranks of the launch.

        Args:
            ranks: the group.
            tensor: of any shape.
            name: fixed, one collective in flight per name.

        Returns:
            The sum, the same bits on all of the group.
        """
        return self.ranks.sum(self._counted(tensor, name), name, ranks)

    def _counted(self, tensor: tf.Tensor, name: str) -> tf.Tensor:
        self.sent[name] = tensor.shape.num_elements()
        return tensor

    def _placed(self, group: Group) -> Group:
        return tuple(self.first + member for member in group)


@dataclass(frozen=True)
class InOneProcess:
    """Between workers that are all played here.

    Args:
        members: their numbers, 0 … M − 1.
    """

    members: Group

    def total(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Sums over groups.

        Args:
            held: one tensor per worker.
            groups: of each worker.
            name: not used.

        Returns:
            One sum per worker.
        """
        del name
        sums = {group: tf.add_n([held[member] for member in group]) for group in set(groups)}
        return [sums[group] for group in groups]

    def gather(self, held: Tensors, groups: Sequence[Group], width: int, name: str) -> Tensors:
        """Pieces of each group one after the other.

        Args:
            held: one piece (R, units, batch) per worker.
            groups: of each worker.
            width: not used.
            name: not used.

        Returns:
            (R, all units, batch) per worker.
        """
        del width, name
        wholes = {group: tf.concat([held[member] for member in group], axis=1) for group in set(groups)}
        return [wholes[group] for group in groups]

    def scatter(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """Pieces of the sums over groups.

        Args:
            held: one tensor (R, all units, batch) per worker.
            groups: of each worker.
            name: not used.

        Returns:
            (R, units, batch) per worker.
        """
        sums = self.total(held, groups, name)
        return [
            _own_piece(total, group, member) for total, group, member in zip(sums, groups, self.members, strict=True)
        ]


@dataclass(frozen=True)
class LeftOut:
    """No exchange: one worker goes on with what it has, in the right shapes. For timing what it computes.

    Args:
        members: its number.
    """

    members: Group

    def total(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """What is held.

        Args:
            held: one tensor.
            groups: not used.
            name: not used.

        Returns:
            The same.
        """
        del groups, name
        return held

    def gather(self, held: Tensors, groups: Sequence[Group], width: int, name: str) -> Tensors:
        """The own piece in the place of everyone's.

        Args:
            held: one piece (R, units, batch).
            groups: whose pieces are missing.
            width: number of all units.
            name: not used.

        Returns:
            (R, all units, batch).
        """
        del groups, name
        times = -(-width // held[0].shape[1])
        return [tf.tile(held[0], (1, times, 1))[:, :width]]

    def scatter(self, held: Tensors, groups: Sequence[Group], name: str) -> Tensors:
        """The own piece of what is held.

        Args:
            held: one tensor (R, all units, batch).
            groups: whom it would be exchanged with.
            name: not used.

        Returns:
            (R, units, batch).
        """
        del name
        return [_own_piece(held[0], groups[0], self.members[0])]

    def over(self, ranks: Group, tensor: tf.Tensor, name: str) -> tf.Tensor:
        """What is held.

        Args:
            ranks: not used.
            tensor: of any shape.
            name: not used.

        Returns:
            The same.
        """
        del ranks, name
        return tensor


@dataclass(frozen=True)
class Crossing:
    """One exchange of every local worker, forward and backward.

    Args:
        collectives: between whom.
        exchanges: of each local worker, all of the same kind.
        name: of its collectives.
        sums_backward: whether sums are added up backward, as they must be.
    """

    collectives: Collectives
    exchanges: tuple[Exchange, ...]
    name: str
    sums_backward: bool = True

    def forward(self, held: Tensors) -> Tensors:
        """From what is held before to what is held after.

        Args:
            held: one tensor per local worker.

        Returns:
            The same.
        """
        match self._kind:
            case Kind.GATHER:
                return self.collectives.gather(held, self._groups, self._width, f"{self.name}.forward")
            case Kind.SCATTER:
                return self.collectives.scatter(held, self._groups, f"{self.name}.forward")
            case Kind.TOTAL:
                return self.collectives.total(held, self._groups, f"{self.name}.forward")
            case _:
                return held

    def backward(self, errors: Tensors) -> Tensors:
        """From errors of what is held after to errors of what is held before.

        Args:
            errors: one tensor per local worker.

        Returns:
            The same.
        """
        match self._kind:
            case Kind.GATHER if self.sums_backward:
                return self.collectives.scatter(errors, self._groups, f"{self.name}.backward")
            case Kind.GATHER:
                places = zip(errors, self._groups, self.collectives.members, strict=True)
                return [_own_piece(error, group, member) for error, group, member in places]
            case Kind.SCATTER:
                return self.collectives.gather(errors, self._groups, self._width, f"{self.name}.backward")
            case Kind.COPY if self.sums_backward:
                return self.collectives.total(errors, self._groups, f"{self.name}.backward")
            case _:
                return errors

    def differentiable(self, held: Tensors) -> Tensors:
        """`forward`, for those who differentiate with a tape: its gradient is `backward`.

        Args:
            held: one tensor per local worker.

        Returns:
            The same.
        """

        def crossed(*tensors: tf.Tensor) -> tuple[Tensors, Callable[..., Tensors]]:
            return self.forward(list(tensors)), lambda *errors: self.backward(list(errors))

        return list(tf.custom_gradient(crossed)(*held))

    @property
    def _kind(self) -> Kind:
        # A worker that is alone in its group has nothing to exchange.
        return Kind.NOTHING if len(self._groups[0]) == 1 else self.exchanges[0].kind

    @property
    def _width(self) -> int:
        return self.exchanges[0].width

    @property
    def _groups(self) -> list[Group]:
        return [exchange.members for exchange in self.exchanges]


def _own_piece(whole: tf.Tensor, group: Group, member: int) -> tf.Tensor:
    mine = pieces(whole.shape[1], len(group))[group.index(member)]
    return whole[:, mine.start : mine.stop]


def _units_first(tensor: tf.Tensor) -> tf.Tensor:
    return tensor[0] if tensor.shape[0] == 1 else tf.transpose(tensor, (1, 0, 2))


def _units_second(tensor: tf.Tensor) -> tf.Tensor:
    return tensor[None] if len(tensor.shape) == 2 else tf.transpose(tensor, (1, 0, 2))
