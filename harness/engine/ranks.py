"""The ranks of a launch: who am I, how many are we, and the collectives that training needs."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import horovod.tensorflow as hvd
import numpy as np
from numpy.typing import NDArray

from harness.engine.runtime import tf
from harness.errors import BadInputError

Group = tuple[int, ...]


@dataclass(frozen=True)
class Ranks:
    """This process among the processes of a launch.

    Args:
        rank: number of this process, from 0.
        size: number of processes.
        groups: those ranks that exchange among themselves, as Horovod knows them.
    """

    rank: int
    size: int
    groups: Mapping[Group, hvd.ProcessSet] = field(default_factory=dict)

    def sum(self, tensor: tf.Tensor, name: str, among: Group = ()) -> tf.Tensor:
        """Sum over ranks; call it inside a `tf.function`, where the name counts, on a tensor that varies.

        Args:
            tensor: the same shape on every rank.
            name: fixed, one collective in flight per name.
            among: a group that the launch was started with; everyone if empty.

        Returns:
            The sum, the same bits on every rank.

        References:
            sergeev2018
        """
        return hvd.allreduce(tensor, op=hvd.Sum, name=name, process_set=self._among(among))

    def concatenated(self, tensor: tf.Tensor, name: str, among: Group = ()) -> tf.Tensor:
        """Tensors of the ranks, one after the other along the first axis, whose length may differ.

        Args:
            tensor: varies, as for `sum`.
            name: fixed, one collective in flight per name.
            among: a group that the launch was started with; everyone if empty.

        Returns:
            The whole, on every rank.
        """
        return hvd.allgather(tensor, name=name, process_set=self._among(among))

    def piece_of_sum(self, tensor: tf.Tensor, name: str, among: Group = ()) -> tf.Tensor:
        """This rank's piece of the sum over ranks, along the first axis; `harness.layout.pieces` says which.

        Args:
            tensor: the same shape on every rank; varies, as for `sum`.
            name: fixed, one collective in flight per name.
            among: a group that the launch was started with; everyone if empty.

        Returns:
            The piece.
        """
        return hvd.reducescatter(tensor, op=hvd.Sum, name=name, process_set=self._among(among))

    def _among(self, group: Group) -> hvd.ProcessSet:
        everyone = not group or group == tuple(range(self.size))
        return hvd.global_process_set if everyone else self.groups[group]

    def broadcast(self, tensor: tf.Tensor, root: int, name: str) -> tf.Tensor:
        """What one rank holds, on every rank; call it inside a `tf.function`, where the name counts.

        Args:
            tensor: on the root what is sent; elsewhere any tensor of the same shape that varies.
            root: who sends.
            name: fixed, one collective in flight per name.

        Returns:
            The root's tensor.
        """
        return hvd.broadcast(tensor, root, name=name)

    def gather(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """A vector of every rank; call it outside of training.

        Args:
            numbers: (n,), n the same on every rank.

        Returns:
            (P, n).
        """
        return np.asarray(_gathering(len(numbers))(tf.constant(numbers)))

    def barrier(self) -> None:
        """Wait for all ranks; call it outside of training."""
        self.gather(np.zeros(1, np.int64))


@cache
def _gathering(length: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Compiled once: a barrier is made of it, thousands of times where something is timed."""
    made: Callable[[tf.Tensor], tf.Tensor] = tf.function(
        lambda vector: hvd.allgather(vector[None], name=f"gather.{length}"),
        input_signature=[tf.TensorSpec([length], tf.int64)],
    )
    return made


def join(groups: Iterable[Group] = ()) -> Ranks:
    """Join the launch that this process belongs to.

    Args:
        groups: of ranks that will exchange among themselves, the same on every rank.

    Returns:
        This process's place in it.

    Raises:
        BadInputError: under Gloo on several hosts, this host's name is of no use.
    """
    _require_address()
    sets = {group: hvd.ProcessSet(list(group)) for group in sorted(set(groups)) if len(group) > 1}
    hvd.init(process_sets=list(sets.values()))
    return Ranks(hvd.rank(), hvd.size(), sets)


def _require_address() -> None:
    """See that other hosts find this one: Horovod 0.28.1's Gloo forgets the interface that it was told.

    Raises:
        BadInputError: the host's own name stands for no address, or for one that only itself can reach.
    """
    if "HOROVOD_GLOO_IFACE" not in os.environ or int(os.environ.get("HOROVOD_CROSS_SIZE", "1")) == 1:
        return
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        address = ""
    if not address or address.startswith("127."):
        raise BadInputError(
            f"this host's own name {name!r} stands for {address or 'no address'}, where no other host finds it",
            where="ranks",
            remedy="give it the host's address in /etc/hosts, or use --launcher mpi",
        )


def start(expected: int, groups: Iterable[Group] = ()) -> Ranks:
    """Join a launch that must have a certain number of processes.

    Args:
        expected: that number.
        groups: of ranks that will exchange among themselves, the same on every rank.

    Returns:
        This process's place in it.

    Raises:
        BadInputError: the launch has another number of processes.
    """
    here = join(group for group in groups if len(group) < expected)
    if here.size != expected:
        raise BadInputError(
            f"the launch has {here.size} ranks and the setting {expected} workers",
            where="ranks",
            remedy=f"launch with -np {expected}",
        )
    return here


def require_same_shapes(mine: Sequence[tuple[tuple[int, ...], str]], ranks: Ranks) -> None:
    """See that all workers hold tensors of the same shapes, before any of them waits for another in vain.

    Args:
        mine: shape and type of each of this worker's tensors, W_1, b_1, W_2, …
        ranks: this process among the workers.

    Raises:
        BadInputError: another worker has other shapes; the first that differs is named.
    """
    counts = ranks.gather(np.array([len(mine)], np.int64))[:, 0]
    if len(set(counts.tolist())) > 1:
        raise BadInputError(f"workers hold {counts.tolist()} tensors", where="ranks", remedy="use one net everywhere")
    prints = ranks.gather(np.array([zlib.crc32(repr(shape).encode()) for shape in mine], np.int64))
    for place, column in enumerate(prints.T):
        others = np.flatnonzero(column != prints[ranks.rank, place])
        if len(others):
            raise BadInputError(
                f"tensor {place + 1} is {mine[place][0]} on rank {ranks.rank} and another shape on rank {others[0]}",
                where=f"ranks, layer {place // 2 + 1}",
                remedy="use the same widths on every rank",
            )
