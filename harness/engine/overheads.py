"""What a clock takes that is neither computing nor a collective: being late after a nap, and looking after a table.

The nets are none that anybody asks about: some of few units, for what a clock takes whatever travels; others of many
units, for what it takes by the byte and by the message. All of them beside as much computing per byte as where tables
are used, which is more than one measure: what a table takes depends on what it shares the core with.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from statistics import median
from typing import Any

from harness.engine.timed.contender import Contender
from harness.engine.timed.own import Team
from harness.engine.timing import medians, slowest
from harness.planning import example
from harness.spec import DataPartition, Distribution, Fault, Role, Setting, StalePartition, Training, Transport
from harness.spec.timings import AFTER, WARM

NAPS, _NAP_CLOCKS = (1e-4, 1e-3, 1e-2), 100
STALENESS = (0, 1, 3)
# Widths and clocks.
SMALL = (((4, 4), 100), ((4, 4, 4, 4, 4), 100))
MIDDLE = (((512, 512), 20), ((512, 512, 512, 512), 20), ((1024, 1024), 10))
LARGE = (((2048, 2048, 2048, 2048), 10),)
# Of a rank.
EXAMPLES = (128, 256)
# Of ranks that are more than the cores: long enough for all that they carry for each other to be done meanwhile.
_ASLEEP, _ASLEEP_CLOCKS = 4e-2, 10
_MANY, _ROUNDS = 8, 3


def naps(team: Team) -> dict[str, Any]:
    """By how much the slowest rank is late for a collective after a sleep.

    Args:
        team: the ranks.

    Returns:
        Seconds of sleep and seconds late, JSON-able.
    """
    tiny = example((4, 4), team.size)
    contenders = {nap: team.contender(_setting(tiny, DataPartition(team.size)), nap) for nap in NAPS}
    return {"seconds": NAPS, "late": medians([partial(_late, team, *asked) for asked in contenders.items()], _ROUNDS)}


def tables(team: Team, *, crowded: bool) -> list[dict[str, Any]]:
    """By how much a clock over a table is longer than the same clock without any exchange.

    Args:
        team: the ranks.
        crowded: whether they are more than the cores, and sleep in the place of computing.

    Returns:
        Rows by examples of a rank, which matter to none that sleeps, transport, staleness and net, JSON-able; none
        among so many ranks that there would be some hundred threads.
    """
    if team.size > _MANY:
        return []
    beside = EXAMPLES[:1] if crowded else EXAMPLES
    nets = (*SMALL, *MIDDLE) if crowded else (*SMALL, *MIDDLE, *LARGE)
    asked = product(nets, beside)
    made = [_rows(team, widths, clocks, examples, crowded=crowded) for (widths, clocks), examples in asked]
    return [row for rows in made for row in rows]


def _setting(training: Training, distribution: Distribution) -> Setting:
    return Setting(Role.CLAIM, training, distribution, 1)


def _late(team: Team, nap: float, contender: Contender) -> float:
    """What a clock of a nap and a small collective takes beyond both, each by itself."""
    contender.reset()
    taken = []
    for advance in (contender.exchange, contender.advance):
        advance(WARM)
        team.barrier()
        taken.append(slowest(_seconds(advance, _NAP_CLOCKS), team.ranks))
    contender.finish()
    return taken[1] - nap - taken[0]


def _rows(team: Team, widths: tuple[int, ...], clocks: int, examples: int, *, crowded: bool) -> list[dict[str, Any]]:
    """One row per transport and staleness."""
    clocks = min(clocks, _ASLEEP_CLOCKS) if crowded else clocks
    training = replace(example(widths, examples * team.size), clocks=WARM + _ROUNDS * clocks + AFTER)
    slept = _ASLEEP if crowded else 0.0
    by_itself = slept or _over_stretches(team, _without_exchange(team, training), clocks)
    rows = []
    for transport, staleness in product(Transport, STALENESS):
        contender = team.contender(_setting(training, StalePartition(team.size, staleness, transport)), slept)
        rows.append({
            "examples": examples,
            "transport": str(transport),
            "staleness": staleness,
            "sizes": training.sizes,
            "seconds": _over_stretches(team, contender, clocks) - by_itself,
        })
    return rows


def _without_exchange(team: Team, training: Training) -> Contender:
    return team.contender(_setting(training, DataPartition(team.size, Fault.NO_EXCHANGE)), 0.0)


def _over_stretches(team: Team, contender: Contender, clocks: int) -> float:
    """Seconds of a clock over some stretches of one turn: workers over a table begin in step, and fall out of it."""
    contender.reset()
    contender.advance(WARM)
    team.barrier()
    stretches = [_seconds(contender.advance, clocks) for _ in range(_ROUNDS)]
    contender.advance(AFTER)
    contender.finish()
    return median(slowest(seconds, team.ranks) for seconds in stretches)


def _seconds(advance: Callable[[int], object], clocks: int) -> float:
    began = time.perf_counter()
    advance(clocks)
    return (time.perf_counter() - began) / clocks
