"""Run on every rank: how long each collective takes, over sizes.

Prints on rank 0 one line of JSON: seconds of a collective of float32 numbers by the bytes of all pieces together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from harness.engine import ranks, runtime
from harness.engine.pinning import pin
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.timing import MARK, per_turn, repeated

BYTES = tuple(1 << power for power in (10, 14, 17, 19, 21, 23, 25, 27))
_REPEATS = 5
_TURN_BYTES, _MOST_TURNS = 1 << 24, 40


def main() -> None:
    """Measure, and print what was found."""
    cores = len(os.sched_getaffinity(0))
    pin()
    runtime.limit_threads(1)
    here = ranks.join()
    whole, piece = (tf.Variable(tf.ones((rows, 1)), shape=(rows, None)) for rows in (here.size, 1))
    loops = {name: repeated(step) for name, step in _collectives(whole, piece, here).items()}
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    # Beyond the cores of a machine ranks take turns: what is large would take minutes, and is in proportion.
    sizes = BYTES if here.size <= cores else BYTES[:-1]
    for size in sizes:
        columns = max(1, size // 4 // here.size)
        for tensor, rows in ((whole, here.size), (piece, 1)):
            tensor.assign(tf.ones((rows, columns)))
        turns = max(1, min(_MOST_TURNS, _TURN_BYTES // size))
        for name, loop in loops.items():
            loop(2)
            times = sorted(per_turn(loop, turns, here) for _ in range(_REPEATS))
            seconds[name].append(times[_REPEATS // 2])
    if here.rank == 0:
        print(MARK + json.dumps({"ranks": here.size, "bytes": sizes, "seconds": seconds}), flush=True)


def _collectives(whole: tf.Variable, piece: tf.Variable, here: Ranks) -> dict[str, Callable[[], tf.Tensor]]:
    """Each on a variable, since the input of a collective must vary."""
    return {
        "allreduce": lambda: here.sum(whole.read_value(), "allreduce"),
        "reduce-scatter": lambda: here.piece_of_sum(whole.read_value(), "scatter"),
        "allgather": lambda: here.concatenated(piece.read_value(), "gather"),
        "broadcast": lambda: here.broadcast(whole.read_value(), 0, "broadcast"),
    }


if __name__ == "__main__":
    main()
