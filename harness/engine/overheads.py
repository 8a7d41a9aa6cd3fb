"""What a clock takes that is neither computing nor a collective: being late after a nap, and looking after a table.

The nets are none that anybody asks about: some of few units, for what a clock takes whatever travels; others of many
units, for what it takes by the byte and by the message. All of them beside as much computing per byte as where tables
are used, which is more than one measure: what a table takes depends on what it shares the core with.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import product
from typing import Any

from harness.engine.timed.contender import Contender
from harness.engine.timed.own import Team
from harness.engine.timing import slowest
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
_MANY, _REPEATS = 8, 3


def naps(team: Team) -> dict[str, Any]:
    """By how much the slowest rank is late for a collective after a sleep.

    Args:
        team: the ranks.

    Returns:
        Seconds of sleep and seconds late, JSON-able.
    """
    tiny = example((4, 4), team.size)
    return {"seconds": NAPS, "late": [_late(team, tiny, nap) for nap in NAPS]}


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


def _late(team: Team, training: Training, nap: float) -> float:
    """What a clock of a nap and a small collective takes beyond both, each by itself."""
    contender = team.contender(_setting(training, DataPartition(team.size)), nap)
    contender.exchange(WARM)
    exchanges = sorted(_exchange_seconds(team, contender) for _ in range(_REPEATS))
    return _median(team, contender, _NAP_CLOCKS) - nap - exchanges[_REPEATS // 2]


def _exchange_seconds(team: Team, contender: Contender) -> float:
    team.barrier()
    began = time.perf_counter()
    contender.exchange(_NAP_CLOCKS)
    return slowest((time.perf_counter() - began) / _NAP_CLOCKS, team.ranks)


def _rows(team: Team, widths: tuple[int, ...], clocks: int, examples: int, *, crowded: bool) -> list[dict[str, Any]]:
    """One row per transport and staleness."""
    clocks = min(clocks, _ASLEEP_CLOCKS) if crowded else clocks
    training = replace(example(widths, examples * team.size), clocks=WARM + _REPEATS * clocks + AFTER)
    slept = _ASLEEP if crowded else 0.0
    by_itself = slept or _median(team, _without_exchange(team, training), clocks)
    rows = []
    for transport, staleness in product(Transport, STALENESS):
        contender = team.contender(_setting(training, StalePartition(team.size, staleness, transport)), slept)
        rows.append({
            "examples": examples,
            "transport": str(transport),
            "staleness": staleness,
            "sizes": training.sizes,
            "seconds": _median(team, contender, clocks) - by_itself,
        })
    return rows


def _without_exchange(team: Team, training: Training) -> Contender:
    return team.contender(_setting(training, DataPartition(team.size, Fault.NO_EXCHANGE)), 0.0)


def _median(team: Team, contender: Contender, clocks: int) -> float:
    """Of a clock, the slowest rank's, over some stretches of one turn: a table is made anew for every turn."""
    contender.reset()
    contender.advance(WARM)
    team.barrier()
    stretches = [_advance_seconds(contender, clocks) for _ in range(_REPEATS)]
    contender.advance(AFTER)
    contender.finish()
    return sorted(slowest(seconds, team.ranks) for seconds in stretches)[_REPEATS // 2]


def _advance_seconds(contender: Contender, clocks: int) -> float:
    began = time.perf_counter()
    contender.advance(clocks)
    return (time.perf_counter() - began) / clocks
