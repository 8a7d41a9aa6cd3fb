"""Run on every rank: how long each collective takes, over sizes.

Prints on rank 0 one line of JSON: seconds of a collective of float32 numbers by the bytes of all pieces together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from harness.engine import allocation, ranks, runtime
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.timing import MARK, per_turn, repeated

BYTES = tuple(1 << power for power in (10, 14, 17, 19, 21, 23, 25, 27))
_REPEATS = 5
_TURN_BYTES, _MOST_TURNS = 1 << 24, 40


def main() -> None:
    """Measure, and print what was found."""
    runtime.limit_threads(1)
    allocation.keep_memory()
    here = ranks.join()
    seconds: dict[str, list[float]] = {}
    # Beyond the cores of a machine ranks take turns: what is large would take minutes, and is in proportion.
    sizes = BYTES if here.size <= len(os.sched_getaffinity(0)) else BYTES[:-1]
    for whole in sizes:
        for name, step in _collectives(whole // 4, here).items():
            loop = repeated(step)
            loop(2)
            turns = max(1, min(_MOST_TURNS, _TURN_BYTES // whole))
            times = sorted(per_turn(loop, turns, here) for _ in range(_REPEATS))
            seconds.setdefault(name, []).append(times[_REPEATS // 2])
    if here.rank == 0:
        print(MARK + json.dumps({"ranks": here.size, "bytes": sizes, "seconds": seconds}), flush=True)


def _collectives(elements: int, here: Ranks) -> dict[str, Callable[[], tf.Tensor]]:
    """Each on a variable, since the input of a collective must vary."""
    rows = here.size
    whole = tf.Variable(tf.ones((rows, max(1, elements // rows))))
    piece = tf.Variable(tf.ones((1, max(1, elements // rows))))
    return {
        "allreduce": lambda: here.sum(whole.read_value(), f"allreduce.{elements}"),
        "reduce-scatter": lambda: here.piece_of_sum(whole.read_value(), f"scatter.{elements}"),
        "allgather": lambda: here.concatenated(piece.read_value(), f"gather.{elements}"),
        "broadcast": lambda: here.broadcast(whole.read_value(), 0, f"broadcast.{elements}"),
    }


if __name__ == "__main__":
    main()
