"""Timing settings in rounds: everything once per round, in an order drawn anew, so that drift meets all alike.

A *visit* starts all processes once and plays some rounds; each setting's rounds of a visit become one record. So a
sweep that was stopped loses the visit in progress, and goes on with the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from harness import registry
from harness.engine.timed.taken import Taken
from harness.errors import BadInputError
from harness.measure import machine
from harness.measure.launch import Launcher, choose, quote
from harness.measure.stage import Cast, Stage
from harness.record import Facts, Machine, Record
from harness.runner.event import Event, Notify
from harness.runner.run import Options
from harness.runner.runs import is_stored
from harness.schedule import ENTROPY
from harness.spec import (
    Controller,
    DataPartition,
    Framework,
    ModelPartition,
    PeerPartition,
    Role,
    SeedBlock,
    Setting,
    StalePartition,
    Stragglers,
    Suite,
)
from harness.spec.timings import AFTER, WARM
from harness.store import Store
from harness.turns import Answer, Ask

# Of a claim: suites whose settings are played in rounds.
KIND = "scaling"
ROUNDS_PER_VISIT = 5
_CALIBRATIONS = 3
_ALONE = "alone"


def visits(setting: Setting) -> list[SeedBlock]:
    """Rounds of a setting, visit by visit.

    Args:
        setting: its replicates are its rounds.

    Returns:
        Blocks of rounds.
    """
    firsts = range(0, setting.replicates, ROUNDS_PER_VISIT)
    return [SeedBlock(first, min(ROUNDS_PER_VISIT, setting.replicates - first)) for first in firsts]


def is_emulated(setting: Setting, cores: int) -> bool:
    """Whether ranks must sleep in the place of computing: there are fewer cores than ranks, or times are prescribed.

    Args:
        setting: who is timed, one thread per rank.
        cores: of the machine, or of all hosts together.

    Returns:
        Whether its points are emulated ones.
    """
    partition = setting.distribution
    prescribed = isinstance(partition, StalePartition) and partition.stragglers is not Stragglers.NONE
    return prescribed or partition.ranks > cores


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
        waiting = list(_waiting(suite, settings, store, here, notify))
        total, began = len(waiting), time.monotonic()
        for done, (block, members) in enumerate(waiting):
            left = (time.monotonic() - began) / done * (total - done) if done else None
            notify(Event(f"{suite.name} rounds {block.first}–{block.first + block.count - 1}", done, total, left))
            visit = Visit(suite, tuple(members), block, options, here)
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
    cores = _cores(options, machine.describe())
    bases = [registry.run_module(suite.name).base(setting) for setting in settings]
    lines = [cast.line(Path("FOLDER"), options.hosts, 0, "MARK") for cast in casts(settings, bases, cores, options)]
    return [quote(line) for line in lines]


def casts(settings: Sequence[Setting], bases: Sequence[Setting], cores: int, options: Options) -> list[Cast]:
    """Teams that time some settings: one undistributed process, and one team per launcher and number of ranks.

    Args:
        settings: who is timed.
        bases: undistributed trainings whose times are T(1).
        cores: that ranks may compute on.
        options: how to launch.

    Returns:
        The teams.

    Raises:
        BadInputError: no launcher is installed.
    """
    alone = [*bases, *references(settings, cores)]
    alone += [worker for s in settings if is_emulated(s, cores) for worker in _calibrated_by(s)]
    found = {_ALONE: Cast(_ALONE, "alone", 1, None, tuple(dict.fromkeys(alone)))}
    for setting in settings:
        name, kind, launcher = _team(setting, options)
        before = found[name].settings if name in found else ()
        found[name] = Cast(name, kind, setting.distribution.ranks, launcher, (*before, setting))
    return list(found.values())


def references(settings: Sequence[Setting], cores: int) -> list[Setting]:
    """Undistributed trainings whose weights those are compared with that compute some.

    Args:
        settings: who is timed.
        cores: that ranks may compute on.

    Returns:
        Each once.
    """
    return list(dict.fromkeys(undistributed(setting) for setting in settings if not is_emulated(setting, cores)))


def undistributed(setting: Setting) -> Setting:
    """The same training in one process without Horovod.

    Args:
        setting: any.

    Returns:
        Its reference.
    """
    return replace(setting, role=Role.CLAIM, distribution=DataPartition(1), replicates=1)


@dataclass(frozen=True)
class Visit:
    """Some rounds of some settings, played on one stage.

    Args:
        suite: the suite.
        settings: who is timed.
        block: numbers of the rounds.
        options: how to launch.
        here: the machine.
    """

    suite: Suite
    settings: tuple[Setting, ...]
    block: SeedBlock
    options: Options
    here: Machine

    def play(self, notify: Notify) -> Iterator[Record]:
        """Start everything, play the rounds, end everything.

        Args:
            notify: told of what goes on.

        Yields:
            A record for each setting.

        Raises:
            LaunchError: a rank died or took too long.
        """
        started, began = datetime.now(UTC), time.monotonic()
        module = registry.run_module(self.suite.name)
        bases = {setting: module.base(setting) for setting in self.settings}
        teams = casts(self.settings, list(bases.values()), self._cores, self.options)
        notify(Event(f"starting {sum(cast.workers for cast in teams)} processes in {len(teams)} teams"))
        with Stage(teams, self.options.hosts, self.options.time_limit) as stage:
            turns = _Turns(stage, self.options)
            for reference in references(self.settings, self._cores):
                turns.keep_reference(reference)
            slept = {s: turns.calibrated(s) for s in self.settings if is_emulated(s, self._cores)}
            answers, alone = self._rounds(turns, list(dict.fromkeys(bases.values())), slept, notify)
            lines = dict(stage.lines)
        seconds = {"visit": time.monotonic() - began}
        for setting, base in bases.items():
            pause = slept.get(setting, 0.0)
            taken = Taken(setting, timed_clocks(setting), answers[setting], base, alone[base], pause, setting in slept)
            measurement = module.measure(taken)
            team, _, launcher = _team(setting, self.options)
            facts = Facts(
                suite=self.suite.name,
                setting=setting,
                block=self.block,
                entropy=ENTROPY,
                code=registry.code_hash(self.suite.name),
                machine=self.here,
                versions=machine.versions(),
                launcher=str(launcher),
                commands=(lines[_ALONE], lines[team]),
                started=started.isoformat(timespec="seconds"),
                wall_seconds=seconds,
                measured=measurement.measured,
            )
            yield Record(facts, measurement.gaps)

    @property
    def _cores(self) -> int:
        return _cores(self.options, self.here)

    def _rounds(
        self, turns: _Turns, bases: Sequence[Setting], slept: Mapping[Setting, float], notify: Notify
    ) -> tuple[dict[Setting, dict[int, list[Answer]]], dict[Setting, dict[int, Answer]]]:
        """Answers of every setting and of every base, by round."""
        answers: dict[Setting, dict[int, list[Answer]]] = {setting: {} for setting in self.settings}
        alone: dict[Setting, dict[int, Answer]] = {base: {} for base in bases}
        everyone = [*((setting, False) for setting in answers), *((base, True) for base in alone)]
        for number in self.block.replicates:
            notify(Event(f"round {number}"))
            for place in np.random.default_rng([ENTROPY, number]).permutation(len(everyone)):
                setting, is_base = everyone[place]
                if is_base:
                    alone[setting][number] = turns.alone(setting)
                else:
                    answers[setting][number] = turns.take(setting, slept.get(setting, 0.0))
        return answers, alone


@dataclass(frozen=True)
class _Turns:
    stage: Stage
    options: Options

    def keep_reference(self, reference: Setting) -> None:
        """Leave the weights that all others are compared with."""
        self.stage.turn(_ALONE, Ask(reference.id, timed_clocks(reference), keep=True))

    def alone(self, reference: Setting) -> Answer:
        return self.stage.turn(_ALONE, Ask(reference.id, timed_clocks(reference)))[0]

    def take(self, setting: Setting, slept: float) -> list[Answer]:
        team, _, _ = _team(setting, self.options)
        return self.stage.turn(team, Ask(setting.id, timed_clocks(setting), seconds=slept))

    def calibrated(self, setting: Setting) -> float:
        """Seconds per clock that worker 0 computes where nobody else does; 0 where times are prescribed."""
        times = [
            self.stage.turn(_ALONE, Ask(worker.id, timed_clocks(worker)))[0].seconds
            for worker in _calibrated_by(setting)
            for _ in range(_CALIBRATIONS)
        ]
        return median(times) if times else 0.0


def _calibrated_by(setting: Setting) -> list[Setting]:
    """Whose worker 0 computes what a rank of the setting would.

    Raises:
        BadInputError: nobody knows how to emulate it.
    """
    match setting.distribution:
        case StalePartition(stragglers=Stragglers.NONE) as partition:
            return [replace(setting, distribution=DataPartition(partition.workers))]
        case DataPartition() | ModelPartition():
            return [setting]
        case PeerPartition():
            raise BadInputError(
                "a peer is timed as it is, on a core per rank", where=setting.id, remedy="use more cores or hosts"
            )
    return []


def _team(setting: Setting, options: Options) -> tuple[str, str, Launcher]:
    """Name, kind and launcher of the team that a setting is timed in."""
    partition, wanted = setting.distribution, options.launcher
    named = getattr(partition, "controller", Controller.ANY)
    launcher = choose(wanted if named is Controller.ANY else Launcher(named))[0]
    if isinstance(partition, PeerPartition) and partition.framework is not Framework.TAPE:
        return f"{partition.framework}-{partition.ranks}", str(partition.framework), Launcher.MPI
    return f"{launcher}-{partition.ranks}", "horovod", launcher


def timed_clocks(setting: Setting) -> int:
    """How many clocks of a turn are timed.

    Args:
        setting: who is timed.

    Returns:
        All but those before and after.

    Raises:
        BadInputError: there is none.
    """
    clocks = setting.training.clocks - WARM - AFTER
    if clocks < 1:
        raise BadInputError(
            f"{setting.training.clocks} clocks leave none to be timed",
            where=setting.id,
            remedy=f"{WARM} come before and {AFTER} after those that are timed",
        )
    return clocks


def _cores(options: Options, here: Machine) -> int:
    return sum(slots for _, slots in options.hosts.slots) or here.cores


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
