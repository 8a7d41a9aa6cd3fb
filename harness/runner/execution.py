"""Carries out one run: launches its parts, and measures what they left."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from harness import registry
from harness.engine.finished import Finished
from harness.errors import LaunchError
from harness.history import Event as Happened
from harness.history import merged
from harness.measure import machine
from harness.measure.launch import Launcher, execute, quote
from harness.record import Facts, Machine, Record
from harness.runner.blame import explained
from harness.runner.event import Event, Notify
from harness.runner.run import Options, Run
from harness.schedule import ENTROPY
from harness.spec import Part, ScheduledPartition, Setting
from harness.store import PartFolder, Store, write_text

_SPARE_BYTES = 8 * 2**20


def carry_out(run: Run, store: Store, options: Options, here: Machine, notify: Notify) -> Record:
    """Launch what is not there of a run, and measure it.

    Args:
        run: a setting with a block of seeds.
        store: the results folder.
        options: how to launch.
        here: this machine.
        notify: told where another launcher is tried.

    Returns:
        The record, not stored yet.

    Raises:
        BadInputError: the folder cannot be used, or has too little space.
        LaunchError: a rank died, the time limit passed, or no launcher starts a rank.
    """
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
    finished = _finished(run, store)
    measurement = registry.run_module(run.suite.name).measure(finished)
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
    return Record(facts, measurement.gaps, _text(finished.history) if len(finished.history) > 1 else "")


def _finished(run: Run, store: Store) -> Finished:
    folder, setting = run.folder(store, Part.DISTRIBUTED), run.setting
    (reference,) = run.folder(store, Part.UNDISTRIBUTED).load()
    return Finished(setting, run.block.replicates, reference, folder.load(), _history(setting, folder))


def _history(setting: Setting, folder: PartFolder) -> list[Happened]:
    partition, layers = setting.distribution, len(setting.training.widths) - 1
    divided = {"layers": layers} if isinstance(partition, ScheduledPartition) else {}
    return merged(partition.ranks, partition.staleness, folder.histories(), **divided)


def _keep_history(setting: Setting, folder: PartFolder) -> None:
    """Leave what the ranks of a launch that failed had noted, for `harness history`."""
    events = _history(setting, folder)
    if len(events) > 1:
        write_text(folder.history, _text(events))


def _text(history: Sequence[Happened]) -> str:
    return "".join(f"{json.dumps(event)}\n" for event in history)


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
    folder, mark, where = run.folder(store, part), uuid.uuid4().hex, f"{run.setting.id}, {part}"
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
        if part is Part.DISTRIBUTED:
            _keep_history(run.setting, folder)
        raise explained(error, where, folder) from error
    if not folder.complete and registry.code_changed(run.suite.name):
        raise LaunchError("the code changed while it ran", where=where, remedy="run it again")
    if not folder.complete:
        raise explained(LaunchError("the launch ended without a result"), where, folder)
    return quote(run.line(store, part, options, launcher))
