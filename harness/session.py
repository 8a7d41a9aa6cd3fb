"""A session: P ranks, and the same training alone, as processes that stay and do job after job."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from harness.check.folder import INPUT, STARTING, Failure, Folder
from harness.check.plan import ALONE, RANKS, Job
from harness.errors import BadInputError, HarnessError, LaunchError
from harness.measure.deaths import rank_that_died
from harness.measure.launch import Hosts, Launcher, choose, execute, launch_line
from harness.measure.rest import Stoppable

_POLL_SECONDS = 0.02
# How long the other processes may take to give up a file that cannot be used.
_SETTLING_SECONDS = 10.0
_HERE = Hosts()
# Threads within an operation: one where sums must be those of every run, two where another order is wanted.
_THREADS = {RANKS: 1, ALONE[0]: 1, ALONE[1]: 2}


class ProgramFailedError(LaunchError):
    """The file under check failed.

    Args:
        what: what happened.
        where: file and process.
        remedy: what the user can do.
        frames: the user's own frames of the traceback.
        status: 3 where the file cannot be used, 4 where a rank died.
    """

    def __init__(self, what: str, *, where: str, remedy: str = "", frames: Sequence[str] = (), status: int) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.frames = tuple(frames)
        self.exit_status = status


class Session:
    """Processes that check files, started once; use it in a with-block.

    Args:
        workers: P.
        launcher: what starts the ranks.
        time_limit: seconds that all jobs together may take.
    """

    def __init__(self, workers: int, *, launcher: Launcher = Launcher.AUTO, time_limit: float = 600.0) -> None:
        if workers < 2:
            raise BadInputError(f"{workers} ranks exchange nothing", where="--workers", remedy="give at least 2")
        self.workers = workers
        self._launcher, self._time_limit = choose(launcher)[0], time_limit
        self.folder = Folder(Path(tempfile.mkdtemp(prefix="harness-check-")))
        self._mark = uuid.uuid4().hex
        self._closing = threading.Event()
        self._ended: dict[str, HarnessError] = {}
        self._jobs = 0
        self._asked: dict[str, Job] = {}
        self._resting: dict[str, Stoppable] = {}

    def __enter__(self) -> Session:
        self._end = time.monotonic() + self._time_limit
        self.allow(self._time_limit)
        self._threads = [threading.Thread(target=self._hold, args=(group,)) for group in (RANKS, *ALONE)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        for processes in self._resting.values():
            processes.close()
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def allow(self, seconds: float) -> None:
        """Say how long jobs may take from now on.

        Args:
            seconds: until they count as hanging; the session's own limit stays.
        """
        self._allowed = seconds
        self._deadline = min(self._end, time.monotonic() + seconds)

    def submit(self, job: Job) -> str:
        """Ask for a job; it is begun as soon as those before are done.

        Args:
            job: what to do.

        Returns:
            Name of the job.
        """
        name = self.folder.ask(self._jobs, job)
        self._jobs += 1
        self._asked[name] = job
        for group in job.passes:
            if group in self._resting:
                self._resting[group].go_on()
        return name

    def wait(self, name: str, job: Job) -> None:
        """Wait until a job is done.

        Args:
            name: of the job.
            job: what was asked for.

        Raises:
            ProgramFailedError: the file failed, or a process died or hung.
        """
        while not all(self._done(group, name) for group in job.passes):
            if self._ended or self._failures() or time.monotonic() > self._deadline:
                raise self._explained(Path(job.file).name)
            self._rest()
            time.sleep(_POLL_SECONDS)
        if self._failures():
            raise self._explained(Path(job.file).name)
        del self._asked[name]
        self._rest()

    def settled(self) -> bool:
        """After a file that could not be used: whether all processes have given it up and take other files.

        Returns:
            False where some have ended, or wait for others for good.
        """
        patience = time.monotonic() + _SETTLING_SECONDS
        while not self._ended and time.monotonic() < min(patience, self._deadline):
            if all(self._done(group, name) for name, job in self._asked.items() for group in job.passes):
                for group in (RANKS, *ALONE):
                    self.folder.forget_failures(group, self._size(group))
                self._asked.clear()
                self._rest()
                return True
            if self._starting():
                patience = time.monotonic() + _SETTLING_SECONDS
            time.sleep(_POLL_SECONDS)
        return False

    def _starting(self) -> bool:
        stages = [stage for group in (RANKS, *ALONE) for stage in self.folder.stages(group, self._size(group)).values()]
        return STARTING in stages or len(stages) < self.workers + len(ALONE)

    def _done(self, group: str, name: str) -> bool:
        return all(self.folder.file(name, group, rank, "done").exists() for rank in range(self._size(group)))

    def _failures(self) -> dict[tuple[str, int], Failure]:
        """Undistributed processes first: what fails alone too is no matter of distribution."""
        found: dict[tuple[str, int], Failure] = {}
        for group in (*ALONE, RANKS):
            failed = self.folder.failures(group, self._size(group))
            found |= {(group, rank): failure for rank, failure in failed.items()}
        return found

    def _rest(self) -> None:
        """Stop the groups that have done all that they were asked for: ranks that wait look for news all the time."""
        for group in (RANKS, *ALONE):
            if all(self._done(group, name) for name, job in self._asked.items() if group in job.passes):
                if group not in self._resting:
                    self._resting[group] = Stoppable(self.folder.processes(group, self._size(group)))
                self._resting[group].stop()

    def _size(self, group: str) -> int:
        return self.workers if group == RANKS else 1

    def _hold(self, group: str) -> None:
        words = [sys.executable, "-m", "harness.engine.check", str(self.folder.path), group, str(_THREADS[group])]
        words += [str(os.getpid()), self._mark + group]
        log = self.folder.path / f"{group}.launch.log"
        try:
            if group == RANKS:
                words = list(launch_line(self._launcher, self.workers, _HERE, words))
            execute(words, log=log, mark=self._mark + group, time_limit=self._time_limit + 5, watch=self._look)
        except _ClosedError:
            return
        except HarnessError as error:
            self._ended[group] = error
        else:
            self._ended[group] = LaunchError("it ended without a word")

    def _look(self) -> None:
        if self._closing.is_set():
            raise _ClosedError("closed")

    def _explained(self, file: str) -> HarnessError:
        """Say which process went wrong first, and why."""
        time.sleep(0.3)  # Others may be about to leave reasons of their own.
        failures = sorted(self._failures().items(), key=lambda item: (item[0][0] == RANKS, "orovod" in item[1].what))
        for (group, rank), failure in failures:
            return self._failed(file, group, rank, failure)
        for group, error in self._ended.items():
            return self._died(file, group, error)
        return self._hung(file)

    def _failed(self, file: str, group: str, rank: int, failure: Failure) -> ProgramFailedError:
        status = 3 if failure.kind == INPUT else 4
        who = f"rank {rank} of {self.workers}" if group == RANKS else "alone"
        return ProgramFailedError(
            f"{failure.what} ({who})", where=f"{file}, {failure.stage}", frames=failure.frames, status=status
        )

    def _died(self, file: str, group: str, error: HarnessError) -> HarnessError:
        stages = self.folder.stages(group, self._size(group))
        if not stages:
            return error
        rank = _dead_rank(self.folder.path / f"{group}.launch.log", stages)
        who = f"rank {rank} of {self.workers}" if group == RANKS else "the process that runs alone"
        return ProgramFailedError(
            f"{who} died during {stages.get(rank, 'its start')}",
            where=file,
            remedy="it left no Python error: look for os._exit, a crash in native code, or too little memory",
            frames=_last_lines(self.folder.log(group, rank)),
            status=4,
        )

    def _hung(self, file: str) -> ProgramFailedError:
        told = []
        for group in (RANKS, *ALONE):
            for rank, stage in self.folder.stages(group, self._size(group)).items():
                if stage != "waiting for work":
                    told.append(f"{f'rank {rank}' if group == RANKS else group} is in {stage}")
        return ProgramFailedError(
            f"the time limit of {self._allowed:g} s passed: {'; '.join(told) or 'no process started'}",
            where=file,
            remedy="look for a collective that not all ranks call, or give more --time-limit",
            status=4,
        )


class _ClosedError(Exception):
    """The session is over."""


def _dead_rank(log: Path, stages: dict[int, str]) -> int:
    """The rank that the launcher names, else the first."""
    rank = rank_that_died(log)
    return rank if rank in stages else min(stages)


def _last_lines(log: Path) -> tuple[str, ...]:
    text = log.read_text(errors="replace") if log.exists() else ""
    return tuple(f"{line}\n" for line in text.splitlines()[-5:])
