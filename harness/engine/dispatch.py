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
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import Any

from harness.engine.pinning import pin
from harness.engine.ranks import Ranks
from harness.engine.step_times import alone, looped
from harness.engine.timed.contender import Contender
from harness.engine.timed.own import Team
from harness.engine.timed.places import place
from harness.engine.timing import MARK, medians, per_turn, slowest
from harness.planning import Partition, example
from harness.spec import DataPartition, Fault, Layout, ModelPartition, Role, Setting
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
_TURNS, _FEWEST_TURNS, _ROUNDS, _ROUND_SECONDS = 500, 3, 9, 0.15
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
    calls = dict(zip(settings, _of_a_stretch(team, list(settings.values())), strict=True))
    # One process exchanges with nobody, in stretches or not.
    found = {"layers": LAYERS, **_steps(team.ranks), "call_exchanging": calls["call"], **calls}
    if team.rank == 0:
        print(MARK + json.dumps(found), flush=True)


def _steps(here: Ranks) -> dict[str, Any]:
    """Of nets of a few units by number of layers, and of whole nets, all in the same rounds."""
    small = [(division, (_UNITS,) * (layers + 1)) for division, layers in product(DIVISIONS, LAYERS)]
    whole = [(division, *net) for net, division in product(WHOLE, _WHOLE_DIVISIONS)]
    measures = [_measure(division, widths, _EXAMPLES, here) for division, widths in small]
    found = iter(medians(measures + [_measure(*asked, here) for asked in whole], _ROUNDS))
    return {
        "seconds": {division: list(islice(found, len(LAYERS))) for division in DIVISIONS},
        "whole": [
            {"widths": widths, "examples": examples, "division": division, "seconds": seconds}
            for (division, widths, examples), seconds in zip(whole, found, strict=True)
        ],
    }


def _measure(division: str, widths: tuple[int, ...], examples: int, here: Ranks) -> Callable[[], float]:
    net = replace(example(widths, examples), clocks=_TURNS)
    loop = looped(alone(net, DIVISIONS[division]).update)
    turns = round(_ROUND_SECONDS / per_turn(loop, 1, here))
    return partial(per_turn, loop, min(_TURNS, max(_FEWEST_TURNS, turns)), here)


def _stretched(partition: DataPartition) -> Setting:
    widths, examples = _STRETCHED
    clocks = WARM + _STRETCHES * _CLOCKS + AFTER
    return Setting(Role.CLAIM, replace(example(widths, examples * partition.workers), clocks=clocks), partition, 1)


def _of_a_stretch(team: Team, settings: Sequence[Setting]) -> list[float]:
    """What clocks of each setting take more in stretches than in one, for each further stretch."""
    contenders = [team.contender(setting, 0.0) for setting in settings]
    more = medians([partial(_more, team, contender) for contender in contenders], _TIMES)
    return [max(0.0, seconds) / (_STRETCHES - 1) for seconds in more]


def _more(team: Team, contender: Contender) -> float:
    return _turn(team, contender, _STRETCHES) - _turn(team, contender, 1)


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
