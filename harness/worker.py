"""What every process of a launch runs: one part of one run, watched, its output in a log of its own.

A worker ends itself when the process that asked for it is gone or its time is over, so that nothing is
left behind even where that process was killed and could not clean up.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from harness import registry
from harness.errors import HarnessError
from harness.spec import Part, SeedBlock, Setting
from harness.store import PartFolder

LOST_CONTACT = "lost contact with the other ranks in a collective"
_BEAT_SECONDS = 0.25
# Longer than a network folder may be silent, or a busy machine.
_ABANDONED_SECONDS = 30.0
_RANK_VARIABLES = ("HOROVOD_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")


@dataclass(frozen=True)
class Assignment:
    """What a worker process is asked to do.

    Args:
        suite: name of the suite.
        setting: point of the sweep.
        block: the seeds.
        part: which half of the run.
        folder: where arrays, log and signs of life go.
        time_limit: seconds after which the process ends itself.
        parent: process id on this machine that must stay alive; 0 for none.
        watch_folder: whether the process that asked for this must go on leaving signs of life in the folder.
    """

    suite: str
    setting: Setting
    block: SeedBlock
    part: Part
    folder: PartFolder
    time_limit: float
    parent: int
    watch_folder: bool = False


def work(assignment: Assignment) -> None:
    """Do a part and leave its arrays; on failure leave the reason and end the process.

    Args:
        assignment: what to do.
    """
    rank = next((int(os.environ[name]) for name in _RANK_VARIABLES if name in os.environ), 0)
    folder = assignment.folder
    folder.path.mkdir(parents=True, exist_ok=True)
    _redirect_output(folder.log(rank))
    _start_watch(assignment, rank)
    try:
        folder.save(rank, _arrays(assignment, rank))
    except BaseException as error:
        traceback.print_exc()
        reason = _reason(error)
        _attempt(lambda: folder.fail(rank, reason))
        sys.stderr.flush()
        # Horovod's own shutdown would wait for ranks that wait for this one.
        os._exit(1)


def _arrays(assignment: Assignment, rank: int) -> Mapping[str, NDArray[np.generic]]:
    module = registry.run_module(assignment.suite)
    replicates = assignment.block.replicates
    if assignment.part is Part.UNDISTRIBUTED:
        arrays: Mapping[str, NDArray[np.generic]] = module.undistributed(assignment.setting.training, replicates)
        return arrays
    with assignment.folder.journal(rank) as journal:
        made: Mapping[str, NDArray[np.generic]] = module.distributed(assignment.setting, replicates, journal.write)
        return made


def _reason(error: BaseException) -> str:
    if isinstance(error, HarnessError):
        return str(error)
    text = str(error).strip()
    if "horovod" in text.lower():
        return f"{LOST_CONTACT} ({type(error).__name__})"
    return f"{type(error).__name__}: {text.splitlines()[0] if text else 'no message'}"


def _redirect_output(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _start_watch(assignment: Assignment, rank: int) -> None:
    deadline = time.monotonic() + assignment.time_limit
    parent = psutil.Process(assignment.parent) if assignment.parent else None
    silence = Silence(assignment.folder.parent_beat)

    def watch() -> None:
        while True:
            abandoned = assignment.watch_folder and silence.seconds() > _ABANDONED_SECONDS
            if abandoned or _gone(parent) or time.monotonic() > deadline:
                os._exit(1)
            _attempt(lambda: assignment.folder.beat(rank))
            time.sleep(_BEAT_SECONDS)

    threading.Thread(target=watch, daemon=True, name="watch").start()


class Silence:
    """How long a sign has stayed the same, by this machine's own clock.

    Args:
        sign: reads it.
    """

    def __init__(self, sign: Callable[[], str]) -> None:
        self._sign, self._last, self._since = sign, "", time.monotonic()

    def seconds(self) -> float:
        """Look once more.

        Returns:
            Seconds since it was seen to change.
        """
        now, seen = time.monotonic(), self._sign()
        if seen != self._last:
            self._last, self._since = seen, now
        return now - self._since


def _gone(process: psutil.Process | None) -> bool:
    try:
        return process is not None and (not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _attempt(action: Callable[[], None]) -> None:
    """A sign of life that cannot be left (folder gone, disk full) must not end the work."""
    try:
        action()
    except OSError:
        return
