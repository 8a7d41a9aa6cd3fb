"""A sweep of settings that are timed: which visits it still needs, how long they will take, and playing them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import registry
from harness.measure import machine
from harness.measure.launch import quote
from harness.measure.peers import missing
from harness.record import Machine
from harness.rounds.teams import casts, cores_of, is_emulated
from harness.rounds.visit import Visit
from harness.runner.event import Event, Notify, in_turn
from harness.runner.run import Options
from harness.runner.stored import is_stored
from harness.spec import PeerPartition, SeedBlock, Setting, Suite
from harness.stats.speed import times
from harness.store import Store

ROUNDS_PER_VISIT = 5
# Before anything was timed: operations that a core makes in a second in float32, and what starting a process costs.
_RATE, _START_SECONDS = 1e11, 8.0


def visits(setting: Setting) -> list[SeedBlock]:
    """Rounds of a setting, visit by visit.

    Args:
        setting: its replicates are its rounds.

    Returns:
        Blocks of rounds.
    """
    firsts = range(0, setting.replicates, ROUNDS_PER_VISIT)
    return [SeedBlock(first, min(ROUNDS_PER_VISIT, setting.replicates - first)) for first in firsts]


@dataclass(frozen=True)
class Point:
    """A setting of a sweep, before it is played.

    Args:
        setting: who will be timed.
        emulated: whether ranks will sleep in the place of computing.
        rounds_left: that are not stored yet.
        seconds: that these are expected to take, starting of processes apart.
    """

    setting: Setting
    emulated: bool
    rounds_left: int
    seconds: float


def expected(suite: Suite, settings: Sequence[Setting], store: Store, options: Options) -> tuple[list[Point], float]:
    """What a sweep still has to do, and how long that will take.

    A clock is expected to take what it took in the rounds that are stored, else 6 · weights · examples / (10¹¹ · P)
    seconds. Starting takes 8 s a process, as many at a time as there are cores.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.

    Returns:
        Its points, and seconds for all of it.
    """
    here = machine.describe()
    cores = cores_of(options, here)
    known = {name: found.seconds.median for name, found in times(store.records(suite.name)).items()}
    points, starts = [], 0.0
    waiting = list(_waiting(suite, settings, store, here, lambda event: None))
    for setting in settings:
        left = sum(block.count for block, members in waiting if setting in members)
        clock = known.get(setting.id) or _clock_seconds(setting, cores)
        points.append(Point(setting, is_emulated(setting, cores), left, left * setting.training.clocks * clock))
    for _, members in waiting:
        bases = [registry.run_module(suite.name).base(setting) for setting in members]
        processes = sum(cast.workers for cast in casts(members, bases, cores, options))
        starts += _START_SECONDS * max(1.0, processes / cores)
    return points, starts + sum(point.seconds for point in points)


def _clock_seconds(setting: Setting, cores: int) -> float:
    training = setting.training
    return 6 * training.parameters * training.batch / (_RATE * min(setting.distribution.ranks, cores))


def run_suite(suite: Suite, settings: Sequence[Setting], store: Store, options: Options, notify: Notify) -> None:
    """Play all visits of some settings that have no sound record yet.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.
        notify: told of every step.

    Raises:
        BadInputError: the folder cannot be used, or holds records of another machine.
        LaunchError: a rank died or took too long; what was finished before is stored.
    """
    here = machine.describe()
    with store.locked():
        timed = [setting for setting in settings if _can_be_timed(setting, notify)]
        waiting = [
            Visit(suite, tuple(members), block, options, here)
            for block, members in _waiting(suite, timed, store, here, notify)
        ]
        for visit in in_turn(waiting, notify):
            for record in visit.play(notify):
                store.save(record)


def plan(suite: Suite, settings: Sequence[Setting], options: Options) -> list[str]:
    """Lines that start the teams of a visit; the folder that they meet in is made when it begins.

    Args:
        suite: the suite.
        settings: points of its sweep.
        options: how to launch.

    Returns:
        One line per team, ready for a shell.

    Raises:
        BadInputError: no launcher is installed.
    """
    cores = cores_of(options, machine.describe())
    bases = [registry.run_module(suite.name).base(setting) for setting in settings]
    lines = [cast.line(Path("FOLDER"), options.hosts, 0, "MARK") for cast in casts(settings, bases, cores, options)]
    return [quote(line) for line in lines]


def _can_be_timed(setting: Setting, notify: Notify) -> bool:
    """Peers are optional: one that is missing is named, and left out."""
    partition = setting.distribution
    reason = missing(partition.framework) if isinstance(partition, PeerPartition) else None
    if reason:
        notify(Event(f"{setting.id} is left out: {reason}"))
    return reason is None


def _waiting(
    suite: Suite, settings: Sequence[Setting], store: Store, here: Machine, notify: Notify
) -> Iterator[tuple[SeedBlock, list[Setting]]]:
    """Visits with the settings that they still lack; each of one net, so that no process holds several."""
    wanted: dict[tuple[int, tuple[int, ...]], tuple[SeedBlock, list[Setting]]] = {}
    for setting in settings:
        for block in visits(setting):
            if not is_stored(suite, setting, block, store, here, notify):
                wanted.setdefault((block.first, setting.training.widths), (block, []))[1].append(setting)
    yield from wanted.values()
