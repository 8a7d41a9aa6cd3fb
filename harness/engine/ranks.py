"""The ranks of a launch: who am I, how many are we, and the collectives that training needs."""

from __future__ import annotations

from dataclasses import dataclass

import horovod.tensorflow as hvd
import numpy as np
from numpy.typing import NDArray

from harness.engine.runtime import tf
from harness.errors import BadInputError


@dataclass(frozen=True)
class Ranks:
    """This process among the processes of a launch.

    Args:
        rank: number of this process, from 0.
        size: number of processes.
    """

    rank: int
    size: int

    def sum(self, tensor: tf.Tensor, name: str) -> tf.Tensor:
        """Sum over ranks; call it inside a `tf.function`, where the name counts, on a tensor that varies.

        Args:
            tensor: the same shape on every rank.
            name: fixed, one collective in flight per name.

        Returns:
            The sum, the same bits on every rank.

        References:
            sergeev2018
        """
        return hvd.allreduce(tensor, op=hvd.Sum, name=name)

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
        """A vector of every rank; call it once, outside of training.

        Args:
            numbers: (n,), n the same on every rank.

        Returns:
            (P, n).
        """
        collect = tf.function(
            lambda vector: hvd.allgather(vector[None], name="gather"),
            input_signature=[tf.TensorSpec([len(numbers)], tf.int64)],
        )
        return np.asarray(collect(tf.constant(numbers)))


def join() -> Ranks:
    """Join the launch that this process belongs to.

    Returns:
        This process's place in it.
    """
    hvd.init()
    return Ranks(hvd.rank(), hvd.size())


def start(expected: int) -> Ranks:
    """Join a launch that must have a certain number of processes.

    Args:
        expected: that number.

    Returns:
        This process's place in it.

    Raises:
        BadInputError: the launch has another number of processes.
    """
    here = join()
    if here.size != expected:
        raise BadInputError(
            f"the launch has {here.size} ranks and the setting {expected} workers",
            where="ranks",
            remedy=f"launch with -np {expected}",
        )
    return here
