"""Timing on ranks: how long something takes that is repeated inside one graph, on the slowest rank."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from harness.engine.ranks import Ranks
from harness.engine.runtime import tf

MARK = "RESULT "


def repeated(step: Callable[[], tf.Tensor]) -> Callable[[int], None]:
    """Compile a loop of a step.

    What a step computes is read, one number of it: TensorFlow leaves out whatever nobody reads.

    Args:
        step: what one turn computes; it must read variables, so that no turn is done once for all.

    Returns:
        Runs the step so many times, one after the other.
    """

    def turn(left: tf.Tensor, seen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return left - 1, seen + tf.cast(tf.reshape(step(), [-1])[0], seen.dtype)

    loop = tf.function(
        lambda turns: tf.while_loop(
            lambda left, _: left > 0, turn, (turns, tf.constant(0.0, tf.float64)), parallel_iterations=1
        ),
        input_signature=[tf.TensorSpec([], tf.int32)],
    )

    def run(turns: int) -> None:
        loop(tf.constant(turns))

    return run


def per_turn(loop: Callable[[int], object], turns: int, ranks: Ranks) -> float:
    """Time of one turn after a barrier.

    Args:
        loop: runs some turns; traced and warm.
        turns: how many.
        ranks: who takes the time.

    Returns:
        Seconds of the slowest rank.
    """
    ranks.barrier()
    began = time.perf_counter()
    loop(turns)
    return slowest((time.perf_counter() - began) / turns, ranks)


def slowest(seconds: float, ranks: Ranks) -> float:
    """Largest of the ranks' times.

    Args:
        seconds: of this rank.
        ranks: this process among the others.

    Returns:
        Seconds, the same on every rank.
    """
    return float(ranks.gather(np.array([int(1e9 * seconds)], np.int64)).max()) / 1e9
