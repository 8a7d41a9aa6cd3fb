"""Runs settings: launches their parts, measures, stores records; goes on where an earlier run stopped."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from harness import registry
from harness.engine.finished import Finished
from harness.errors import BadInputError, DamagedError, LaunchError
from harness.history import merged
from harness.measure import machine
from harness.measure.deaths import host_not_reached, rank_that_died, rank_waited_for
from harness.measure.launch import Hosts, Launcher, choose, execute, launch_line, quote
from harness.record import Facts, Machine, Record
from harness.schedule import ENTROPY
from harness.spec import Controller, Part, ScheduledPartition, SeedBlock, Setting, StalePartition, Suite
from harness.stats.suites import SEQUENTIAL, covered
from harness.store import PartFolder, Store
from harness.verdict import Word
from harness.worker import LOST_CONTACT, Assignment

_SPARE_BYTES = 8 * 2**20
# Replicates that are added at a time until a setting is decided: two blocks decide a clean one at δ = 0.10.
_BLOCK = 16
_SILENT_SECONDS = 2.0


@dataclass(frozen=True)
class Options:
    """How to run, apart from what.

    Args:
        launcher: MPI, Gloo or whichever works.
        hosts: where ranks are placed.
        time_limit: seconds that one launch may take.
    """

    launcher: Launcher = Launcher.AUTO
    hosts: Hosts = field(default_factory=Hosts)
    time_limit: float = 600.0


@dataclass(frozen=True)
class Event:
    """Something that a user may want to see while a suite runs.

    Args:
        text: one line.
        done: runs finished.
        total: runs to do.
        seconds_left: estimate, or None before the first run has ended.
    """

    text: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


Notify = Callable[[Event], None]


@dataclass(frozen=True)
class Run:
    """A setting with a block of seeds, to be executed once.

    Args:
        suite: the suite.
        setting: point of the sweep.
        block: the seeds.
    """

    suite: Suite
    setting: Setting
    block: SeedBlock

    def ranks(self, part: Part) -> int:
        """Number of processes of a part.

        Args:
            part: which half.

        Returns:
            1 or P.
        """
        return self.setting.distribution.ranks if part is Part.DISTRIBUTED else 1

    def folder(self, store: Store, part: Part) -> PartFolder:
        """Where a part is left; the undistributed one is shared by all settings with the same training.

        Args:
            store: the results folder.
            part: which half.

        Returns:
            The folder.
        """
        what = self.setting.id if part is Part.DISTRIBUTED else self.setting.training.id
        name = f"{part}/{what}/{self.block.id}"
        return store.part(self.suite.name, registry.code_hash(self.suite.name), name, self.ranks(part))

    def launchers(self, options: Options) -> tuple[Launcher, ...]:
        """Launchers to try, in order: the one that the setting names, else what the user asked for.

        Args:
            options: how to launch.

        Returns:
            One or more.

        Raises:
            BadInputError: none is installed.
        """
        partition = self.setting.distribution
        named = partition.controller if isinstance(partition, StalePartition) else Controller.ANY
        return choose(options.launcher if named is Controller.ANY else Launcher(named))

    def assignment(
        self, store: Store, part: Part, time_limit: float, parent: int, watch_folder: bool = False
    ) -> Assignment:
        """What each process of a part is asked to do.

        Args:
            store: the results folder.
            part: which half.
            time_limit: seconds.
            parent: process that must stay alive, or 0.
            watch_folder: whether signs of life in the part's folder must go on.

        Returns:
            The assignment.
        """
        folder = self.folder(store, part)
        return Assignment(self.suite.name, self.setting, self.block, part, folder, time_limit, parent, watch_folder)

    def line(
        self, store: Store, part: Part, options: Options, launcher: Launcher, extra: Sequence[str] = ()
    ) -> list[str]:
        """Exact words that launch a part.

        Args:
            store: the results folder.
            part: which half.
            options: hosts and time limit.
            launcher: MPI or Gloo.
            extra: further options of the worker.

        Returns:
            The words.
        """
        words = [sys.executable, "-m", "harness", "worker", self.suite.name, self.setting.id]
        words += ["--seeds", f"{self.block.first}:{self.block.count}", "--part", str(part)]
        words += ["--results", str(store.root), "--time-limit", f"{options.time_limit:g}", *extra]
        if part is Part.UNDISTRIBUTED or self.setting.distribution.simulated:
            return words
        return list(launch_line(launcher, self.ranks(part), options.hosts, words))


def plan(suite: Suite, settings: Sequence[Setting], store: Store, options: Options) -> list[str]:
    """Launch lines that the runs of some settings consist of, in order.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.

    Returns:
        One line per launch, without repetition, ready for a shell.

    Raises:
        BadInputError: no launcher is installed.
    """
    runs = [Run(suite, setting, block) for setting in settings for block in setting.blocks]
    lines: dict[object, str] = {}
    for run in runs:
        for part in Part:
            launcher = run.launchers(options)[0]
            lines.setdefault(run.folder(store, part), quote(run.line(store, part, options, launcher)))
    return list(lines.values())


def run_suite(suite: Suite, settings: Sequence[Setting], store: Store, options: Options, notify: Notify) -> None:
    """Run all planned replicates of some settings.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.
        notify: told of every step.

    Raises:
        BadInputError: the folder cannot be used, or holds records of another machine.
        LaunchError: a rank died or the time limit passed; what was finished before is stored.
    """
    run_blocks(suite, [(setting, block) for setting in settings for block in setting.blocks], store, options, notify)


def run_blocks(
    suite: Suite, blocks: Sequence[tuple[Setting, SeedBlock]], store: Store, options: Options, notify: Notify
) -> None:
    """Run what has no sound, up-to-date record yet.

    Args:
        suite: the suite.
        blocks: settings, each with seeds.
        store: the results folder.
        options: how to launch.
        notify: told of every step.

    Raises:
        BadInputError: the folder cannot be used, or holds records of another machine.
        LaunchError: a rank died or the time limit passed; what was finished before is stored.
    """
    here = machine.describe()
    choose(options.launcher)
    with store.locked():
        runs = [Run(suite, setting, block) for setting, block in blocks]
        waiting = [run for run in runs if not _is_stored(run, store, here, notify)]
        if len(waiting) < len(runs):
            notify(Event(f"{len(runs) - len(waiting)} of {len(runs)} runs are stored already"))
        began = time.monotonic()
        for done, run in enumerate(waiting):
            left = (time.monotonic() - began) / done * (len(waiting) - done) if done else None
            notify(Event(f"{run.setting.id} {run.block.id}", done, len(waiting), left))
            store.save(_execute(run, store, options, here, notify))
            run.folder(store, Part.DISTRIBUTED).discard()
        store.discard_work(suite.name)


def run_until_decided(
    suite: Suite, settings: Sequence[Setting], store: Store, options: Options, notify: Notify, most: int
) -> None:
    """Add replicates to each setting, a block at a time, until the sequential rule decides it.

    What is on disk is the state: stopped at any moment, it goes on from there.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.
        notify: told of every step.
        most: replicates per setting at most.

    Raises:
        BadInputError: as `run_suite`.
        LaunchError: as `run_suite`.
    """
    here, undecided = machine.describe(), list(settings)
    for setting in settings:
        for block in store.blocks(suite.name, setting):
            _is_stored(Run(suite, setting, block), store, here, notify)
    while undecided:
        # All settings go on together, so that those with the same training share its undistributed part.
        records, blocks = store.records(suite.name), []
        verdict = registry.analysis_module(suite.name).judge(records, SEQUENTIAL)
        words = {part.subject: part.word for part in verdict.parts}
        for setting in tuple(undecided):
            word = words.get(setting.id, Word.INCONCLUSIVE)
            reached = covered(setting, records)
            if reached and (word is not Word.INCONCLUSIVE or reached >= most):
                notify(Event(f"{setting.id}: {word} after {reached} replicates"))
                undecided.remove(setting)
            else:
                blocks.append((setting, SeedBlock(reached, min(_BLOCK, most - reached))))
        if blocks:
            run_blocks(suite, blocks, store, options, notify)


def _is_stored(run: Run, store: Store, here: Machine, notify: Notify) -> bool:
    """Whether a run need not be repeated; a damaged or stale record is set aside.

    Raises:
        BadInputError: the record is of another machine.
    """
    key = (run.suite.name, run.setting, run.block)
    try:
        facts = store.facts(*key)
    except DamagedError as error:
        aside = store.set_aside(*key, "damaged")
        notify(Event(f"damaged record set aside as {aside}: {error.what}"))
        return False
    if facts is None:
        return False
    if facts.machine.id != here.id:
        raise BadInputError(
            f"holds records of another machine: {facts.machine.id}",
            where=str(store.root),
            remedy="keep one results folder per machine (--results)",
        )
    if facts.code != registry.code_hash(run.suite.name):
        aside = store.set_aside(*key, "stale")
        notify(Event(f"record of older code set aside as {aside}"))
        return False
    return True


def _execute(run: Run, store: Store, options: Options, here: Machine, notify: Notify) -> Record:
    training = run.setting.training
    trajectory = 8 * training.parameters * run.block.count * (training.checkpoints + 1)
    store.require_space((3 + run.setting.distribution.workers) * trajectory + _SPARE_BYTES)
    started, seconds, commands, launcher = datetime.now(UTC), {}, [], "by hand"
    for part in Part:
        if run.folder(store, part).complete:
            continue
        began = time.monotonic()
        used, line = _launch_first_that_starts(run, part, store, options, notify)
        launcher = used if part is Part.DISTRIBUTED else launcher
        seconds[str(part)] = time.monotonic() - began
        commands.append(line)
    module = registry.run_module(run.suite.name)
    (reference,) = run.folder(store, Part.UNDISTRIBUTED).load()
    folder, partition = run.folder(store, Part.DISTRIBUTED), run.setting.distribution
    divided = {"layers": len(training.widths) - 1} if isinstance(partition, ScheduledPartition) else {}
    events = merged(partition.ranks, partition.staleness, folder.histories(), **divided)
    measurement = module.measure(Finished(run.setting, run.block.replicates, reference, folder.load(), events))
    facts = Facts(
        suite=run.suite.name,
        setting=run.setting,
        block=run.block,
        entropy=ENTROPY,
        code=registry.code_hash(run.suite.name),
        machine=here,
        versions=machine.versions(),
        launcher=launcher,
        commands=tuple(commands),
        started=started.isoformat(timespec="seconds"),
        wall_seconds=seconds,
        measured=measurement.measured,
    )
    history = "".join(f"{json.dumps(event)}\n" for event in events) if len(events) > 1 else ""
    return Record(facts, measurement.gaps, history)


def _launch_first_that_starts(
    run: Run, part: Part, store: Store, options: Options, notify: Notify
) -> tuple[Launcher, str]:
    """Launch a part; where a launcher starts no rank at all, try the next.

    Raises:
        LaunchError: a rank that had started died, or no launcher starts one.
    """
    *others, last = run.launchers(options)
    for launcher in others:
        try:
            return launcher, _launch(run, part, store, options, launcher)
        except LaunchError as error:
            if error.started:
                raise
            notify(Event(f"{launcher} starts no rank here ({error.what}); trying {last}"))
    return last, _launch(run, part, store, options, last)


def _launch(run: Run, part: Part, store: Store, options: Options, launcher: Launcher) -> str:
    folder, mark = run.folder(store, part), uuid.uuid4().hex
    folder.clear()
    # A process id says nothing on another host; there, ranks look for signs of life in the folder that all share.
    remote = bool(options.hosts.slots)
    parent = ["--watch-folder"] if remote else ["--parent", str(os.getpid())]
    words = run.line(store, part, options, launcher, ["--mark", mark, *parent])
    try:
        watch = folder.beat_parent if remote else lambda: None
        execute(words, log=folder.launcher_log, mark=mark, time_limit=options.time_limit, watch=watch)
    except LaunchError as error:
        store.require_space(2**20)
        raise _explained(error, run, part, folder) from error
    if not folder.complete:
        raise _explained(LaunchError("the launch ended without a result"), run, part, folder)
    return quote(run.line(store, part, options, launcher))


def _explained(error: LaunchError, run: Run, part: Part, folder: PartFolder) -> LaunchError:
    """Name the rank that went wrong first, and its log."""
    failures, beats = folder.failures(), folder.last_beats()
    started = bool(failures or beats)
    where = f"{run.setting.id}, {part}"
    own = {rank: reason for rank, reason in failures.items() if not reason.startswith(LOST_CONTACT)}
    if own:
        rank, reason = next(iter(own.items()))
        return LaunchError(f"rank {rank} failed: {reason}", where=where, remedy=f"see {folder.log(rank)}")
    rank_found = _dead_rank(folder, beats)
    host = None if started else host_not_reached(folder.launcher_log)
    if host:
        remedy = f"see that `ssh {host} true` works without a password; {folder.launcher_log} says more"
        return LaunchError(f"host {host} was not reached", where=where, remedy=remedy, started=started)
    if rank_found is None:
        return LaunchError(error.what, where=where, remedy=f"see {folder.launcher_log}", started=started)
    what = f"{error.what}; rank {rank_found} stopped first"
    return LaunchError(what, where=where, remedy=f"see {folder.log(rank_found)}", started=started)


def _dead_rank(folder: PartFolder, beats: dict[int, float]) -> int | None:
    """The rank that the launcher names, else the one that fell silent first, else the one Horovod waits for."""
    named = rank_that_died(folder.launcher_log)
    if named is not None:
        return named
    if beats and max(beats.values()) - min(beats.values()) > _SILENT_SECONDS:
        return min(beats, key=beats.__getitem__)
    return rank_waited_for(folder.log(0))
