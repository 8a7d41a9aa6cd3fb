"""Run on every rank: what a step costs besides arithmetic and exchange, on all ranks at once.

Prints on rank 0 one line of JSON: seconds of a step of nets of a few units, by how the work is divided, over numbers of
layers. What such a net multiplies takes no time, so that this is what TensorFlow takes to start operations. Nothing is
exchanged, and every rank does what rank 0 would. Then seconds of whole steps of nets that are in no suite, beside which
the sum of what was measured by itself is too little. And what it costs to divide clocks into stretches, each called for
from Python, with a note of the weights after it: by itself, and where ranks exchange.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from harness.engine.pinning import pin
from harness.engine.ranks import Ranks
from harness.engine.step_times import Loop, alone, looped
from harness.engine.timed.contender import Contender
from harness.engine.timed.own import Team
from harness.engine.timed.places import place
from harness.engine.timing import MARK, per_turn, slowest
from harness.planning import Partition, example
from harness.spec import DataPartition, Fault, Layout, ModelPartition, Role, Setting, Training
from harness.spec.timings import AFTER, WARM

LAYERS, _UNITS, _EXAMPLES = (1, 4), 4, 4
# Whoever exchanges gradients puts the small ones together, which is a matter of some operations too.
DIVISIONS: dict[str, Partition] = {
    "undivided": DataPartition(1),
    "data": DataPartition(2),
    **{str(layout): ModelPartition(2, layout) for layout in (Layout.NEURON, Layout.WEIGHT, Layout.ALTERNATE)},
    str(Layout.GRID): ModelPartition(4, Layout.GRID, 1, 2),
}
# Widths and examples.
WHOLE = (
    ((48, 24, 12), 64),
    ((100, 60, 60, 20), 128),
    ((300, 200, 200, 50), 256),
    ((512, 1024, 1024, 100), 256),
    ((440, 1500, 1500, 1500, 1000), 256),
)
_WHOLE_DIVISIONS = ("undivided", str(Layout.NEURON))
_TURNS, _FEWEST_TURNS, _REPEATS, _REPEAT_SECONDS = 500, 3, 5, 0.15
# Widths and examples of a rank; often, since a stretch costs little beside what exchanges vary by.
_STRETCHED, _STRETCHES, _CLOCKS, _TIMES = ((100, 60, 60, 20), 32), 20, 20, 15


def main() -> None:
    """Measure, and print what was found."""
    pin()
    ranks = place()[1]
    partitions = {"call": DataPartition(1)}
    if ranks > 1:
        partitions = {"call": DataPartition(ranks, Fault.NO_EXCHANGE), "call_exchanging": DataPartition(ranks)}
    settings = {name: _stretched(partition) for name, partition in partitions.items()}
    team = Team(settings.values(), Path())
    nets = [example((_UNITS,) * (layers + 1), _EXAMPLES) for layers in LAYERS]
    steps = {
        name: [_median(_loop(net, division), _TURNS, team.ranks) for net in nets]
        for name, division in DIVISIONS.items()
    }
    whole = [_whole(*net, division, team.ranks) for net, division in product(WHOLE, _WHOLE_DIVISIONS)]
    calls = {name: _of_a_stretch(team, setting) for name, setting in settings.items()}
    # One process exchanges with nobody, in stretches or not.
    found = {"layers": LAYERS, "seconds": steps, "whole": whole, "call_exchanging": calls["call"], **calls}
    if team.rank == 0:
        print(MARK + json.dumps(found), flush=True)


def _loop(net: Training, division: Partition) -> Loop:
    return looped(alone(replace(net, clocks=_TURNS + 1), division).update)


def _whole(widths: tuple[int, ...], examples: int, division: str, here: Ranks) -> dict[str, Any]:
    loop = _loop(example(widths, examples), DIVISIONS[division])
    loop(1)
    turns = round(_REPEAT_SECONDS / per_turn(loop, 1, here))
    seconds = _median(loop, min(_TURNS, max(_FEWEST_TURNS, turns)), here)
    return {"widths": widths, "examples": examples, "division": division, "seconds": seconds}


def _median(loop: Loop, turns: int, here: Ranks) -> float:
    loop(1)
    times = sorted(per_turn(loop, turns, here) for _ in range(_REPEATS))
    return times[_REPEATS // 2]


def _stretched(partition: DataPartition) -> Setting:
    widths, examples = _STRETCHED
    clocks = WARM + _STRETCHES * _CLOCKS + AFTER
    return Setting(Role.CLAIM, replace(example(widths, examples * partition.workers), clocks=clocks), partition, 1)


def _of_a_stretch(team: Team, setting: Setting) -> float:
    """What clocks in stretches take more than as many in one, for each further stretch."""
    contender = team.contender(setting, 0.0)
    more = sorted(_turn(team, contender, _STRETCHES) - _turn(team, contender, 1) for _ in range(_TIMES))
    return max(0.0, more[_TIMES // 2]) / (_STRETCHES - 1)


def _turn(team: Team, contender: Contender, stretches: int) -> float:
    """Seconds of all stretches of a turn, as `harness.engine.timed.contender` takes it; the slowest rank's."""
    contender.reset()
    contender.advance(WARM)
    team.barrier()
    seconds, notes = 0.0, []
    for _ in range(stretches):
        began = time.perf_counter()
        contender.advance(_STRETCHES * _CLOCKS // stretches)
        seconds += time.perf_counter() - began
        notes.append(contender.note())
    contender.advance(AFTER)
    contender.finish()
    return slowest(seconds, team.ranks)


if __name__ == "__main__":
    main()
