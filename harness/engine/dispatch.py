"""Run on every rank: what a step costs besides arithmetic and exchange, on all ranks at once.

Prints on rank 0 one line of JSON: seconds of a step of nets of a few units, by how the work is divided, over numbers of
layers. What such a net multiplies takes no time, so that this is what TensorFlow takes to start operations. Nothing is
exchanged, and every rank does what rank 0 would. And what it takes to call a compiled loop from Python.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.engine import ranks, runtime
from harness.engine.pinning import pin
from harness.engine.ranks import Ranks
from harness.engine.step_times import Loop, alone, looped
from harness.engine.timed.own import Team
from harness.engine.timed.places import place
from harness.engine.timing import MARK, per_turn
from harness.planning import Partition, example
from harness.spec import DataPartition, Layout, ModelPartition, Role, Setting

LAYERS, _UNITS, _EXAMPLES = (1, 4), 4, 4
# Whoever exchanges gradients puts the small ones together, which is a matter of some operations too.
DIVISIONS: dict[str, Partition] = {
    "undivided": DataPartition(1),
    "data": DataPartition(2),
    **{str(layout): ModelPartition(2, layout) for layout in (Layout.NEURON, Layout.WEIGHT, Layout.ALTERNATE)},
    str(Layout.GRID): ModelPartition(4, Layout.GRID, 1, 2),
}
_TURNS, _REPEATS = 500, 5


def main() -> None:
    """Measure, and print what was found."""
    pin()
    nets = [replace(example((_UNITS,) * (layers + 1), _EXAMPLES), clocks=_TURNS) for layers in LAYERS]
    here = _join(place()[1])
    loops = {name: [looped(alone(net, division).update) for net in nets] for name, division in DIVISIONS.items()}
    found = {name: [_median(loop, here) for loop in mine] for name, mine in loops.items()}
    called = _median(partial(_one_by_one, loops["undivided"][0]), here) - found["undivided"][0]
    if here.rank == 0:
        print(MARK + json.dumps({"layers": LAYERS, "seconds": found, "call": called}), flush=True)


def _join(size: int) -> Ranks:
    """With the threads that a process has which trains alone, or as a rank of a team."""
    if size > 1:
        return Team([Setting(Role.CLAIM, example((size, size), size), DataPartition(size), 1)], Path()).ranks
    runtime.limit_threads(1)
    return ranks.join()


def _one_by_one(loop: Loop, turns: int) -> None:
    for _ in range(turns):
        loop(1)


def _median(loop: Loop, here: Ranks) -> float:
    loop(1)
    times = sorted(per_turn(loop, _TURNS, here) for _ in range(_REPEATS))
    return times[_REPEATS // 2]


if __name__ == "__main__":
    main()
