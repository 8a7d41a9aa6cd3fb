"""Timing on ranks: how long something takes that is repeated inside one graph, on the slowest rank."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice, product
from statistics import median
from typing import TypeVar

import numpy as np

from harness.engine.ranks import Ranks
from harness.engine.runtime import tf

MARK = "RESULT "
# Runs so many turns.
Loop = Callable[[int], None]
Size = TypeVar("Size")
# Whatever had a turn before took the caches, and a collective of another size is negotiated once.
_UNTIMED = 2


def repeated(step: Callable[[], tf.Tensor]) -> Loop:
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


def per_turn(loop: Loop, turns: int, ranks: Ranks) -> float:
    """Time of one turn, after some that are not timed and a barrier.

    Args:
        loop: runs some turns; traced.
        turns: how many.
        ranks: who takes the time.

    Returns:
        Seconds of the slowest rank.
    """
    loop(_UNTIMED)
    ranks.barrier()
    began = time.perf_counter()
    loop(turns)
    return slowest((time.perf_counter() - began) / turns, ranks)


def medians(measures: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Measure several things in rounds: what disturbs a machine for a moment spoils one round, not all of one thing.

    Args:
        measures: what has a turn in every round; each makes ready what it needs.
        rounds: how many.

    Returns:
        Median of each over rounds.
    """
    found = [[measure() for measure in measures] for _ in range(rounds)]
    return [median(times) for times in zip(*found, strict=True)]


def over(sizes: Sequence[Size], measures: Mapping[str, Callable[[Size], float]], rounds: int) -> dict[str, list[float]]:
    """Measure each of several things over sizes, all in the same rounds.

    Args:
        sizes: what each is asked for in a round.
        measures: by name.
        rounds: how many.

    Returns:
        Medians over rounds, in the order of the sizes, by name.
    """
    found = iter(medians([partial(measure, size) for measure, size in product(measures.values(), sizes)], rounds))
    return {name: list(islice(found, len(sizes))) for name in measures}


def slowest(seconds: float, ranks: Ranks) -> float:
    """Largest of the ranks' times.

    Args:
        seconds: of this rank.
        ranks: this process among the others.

    Returns:
        Seconds, the same on every rank.
    """
    return float(ranks.gather(np.array([int(1e9 * seconds)], np.int64)).max()) / 1e9
