"""A stage: teams of processes that stay, all stopped but the one whose turn it is, so that they can be interleaved."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, LaunchError
from harness.measure.deaths import rank_that_died
from harness.measure.faster import FASTER
from harness.measure.launch import Hosts, Launcher, execute, launch_line, quote
from harness.measure.rest import Stoppable
from harness.spec import Setting
from harness.turns import Answer, Ask, TurnFolder

_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Cast:
    """A team that is to be started.

    Args:
        name: of the team.
        kind: what its processes join, as `harness.engine.timed` names it.
        workers: number of processes.
        launcher: what starts them; None for a process that is started by itself.
        settings: all that it will be asked to train.
    """

    name: str
    kind: str
    workers: int
    launcher: Launcher | None
    settings: tuple[Setting, ...]

    def line(self, folder: Path, hosts: Hosts, parent: int, mark: str) -> tuple[str, ...]:
        """Exact words that start it.

        Args:
            folder: where it is asked.
            hosts: where ranks are placed.
            parent: process to outlive by no means; 0 for none.
            mark: text that tells its processes from others.

        Returns:
            The words.

        Raises:
            BadInputError: the launcher is not installed, or the hosts have too few slots.
        """
        # Gloo gives a rank that was stopped up after half a minute.
        words = ["env", *FASTER, "HOROVOD_GLOO_TIMEOUT_SECONDS=86400", sys.executable]
        words += ["-m", "harness.engine.timed", str(folder), self.name, self.kind, str(parent), mark]
        return tuple(words) if self.launcher is None else launch_line(self.launcher, self.workers, hosts, words)


class Stage:
    """Teams, started together; use it in a with-block.

    Args:
        casts: the teams.
        hosts: where ranks are placed; those of other machines are not stopped while others have their turn.
        time_limit: seconds that starting, and then each turn, may take.
    """

    def __init__(self, casts: Sequence[Cast], hosts: Hosts, time_limit: float) -> None:
        self._casts = {cast.name: cast for cast in casts}
        self._hosts, self._time_limit = hosts, time_limit
        self._closing = threading.Event()
        self._ended: dict[str, HarnessError] = {}
        self._turns = dict.fromkeys(self._casts, 0)
        self._resting: dict[str, Stoppable] = {}
        self._mark = uuid.uuid4().hex
        self.lines: dict[str, str] = {}

    def __enter__(self) -> Stage:
        self.folder = TurnFolder(Path(tempfile.mkdtemp(prefix="harness-stage-")))
        self._threads = [threading.Thread(target=self._hold, args=(cast,)) for cast in self._casts.values()]
        try:
            for cast in self._casts.values():
                self.folder.cast(cast.name, cast.settings)
            for thread in self._threads:
                thread.start()
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        for team in self._resting.values():
            team.close()
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def turn(self, team: str, ask: Ask) -> list[Answer]:
        """Let one team train while all others stand still.

        Args:
            team: its name.
            ask: what to do.

        Returns:
            What each of its processes says.

        Raises:
            LaunchError: a process failed, died or took too long.
        """
        cast, number = self._casts[team], self._turns[team]
        self._turns[team] += 1
        self.folder.ask(team, number, ask)
        resting = self._resting.get(team)
        if resting is None:
            return self._answers(cast, number, ask)
        resting.go_on()
        try:
            return self._answers(cast, number, ask)
        finally:
            resting.stop()

    def _answers(self, cast: Cast, number: int, ask: Ask) -> list[Answer]:
        deadline = time.monotonic() + self._time_limit
        while True:
            found = self.folder.answers(cast.name, number, cast.workers)
            for rank, answer in found.items():
                if isinstance(answer, str):
                    raise self._error(cast, f"rank {rank} failed: {answer}", rank, ask.setting)
            if len(found) == cast.workers:
                return [answer for _, answer in sorted(found.items()) if isinstance(answer, Answer)]
            self._see_that_it_lives(cast, ask.setting)
            if time.monotonic() > deadline:
                late = min(set(range(cast.workers)) - set(found))
                what = f"the time limit of {self._time_limit:g} s passed; rank {late} has not finished its turn"
                raise self._error(cast, what, late, ask.setting)
            time.sleep(_POLL_SECONDS)

    def _wait_until_ready(self) -> None:
        deadline, waiting = time.monotonic() + self._time_limit, dict(self._casts)
        while waiting:
            for cast in list(waiting.values()):
                ready = self.folder.ready(cast.name, cast.workers)
                if len(ready) == cast.workers:
                    del waiting[cast.name]
                    self._rest(cast, ready.values())
                    continue
                self._see_that_it_lives(cast, "its start")
                if time.monotonic() > deadline:
                    late = min(set(range(cast.workers)) - set(ready))
                    raise self._error(cast, f"rank {late} did not start in {self._time_limit:g} s", late, "its start")
            time.sleep(_POLL_SECONDS)

    def _see_that_it_lives(self, cast: Cast, during: str) -> None:
        if cast.name not in self._ended:
            return
        rank = rank_that_died(self.folder.launch_log(cast.name)) or 0
        raise self._error(cast, f"{self._ended[cast.name].what}; rank {rank} died", rank, during)

    def _error(self, cast: Cast, what: str, rank: int, during: str) -> LaunchError:
        """What went wrong, with the end of that rank's log, which is about to be deleted."""
        logs = (self.folder.log(cast.name, rank), self.folder.launch_log(cast.name))
        said = [line for log in logs if log.exists() for line in log.read_text(errors="replace").splitlines()[-3:]]
        told = f"its last words: {' | '.join(said)}" if said else "it left no word"
        return LaunchError(what, where=f"{cast.name}, {during}", remedy=told)

    def _rest(self, cast: Cast, pids: Iterable[int]) -> None:
        if not self._hosts.slots:
            self._resting[cast.name] = Stoppable(list(pids))
            self._resting[cast.name].stop()

    def _hold(self, cast: Cast) -> None:
        mark = self._mark + cast.name
        parent = 0 if self._hosts.slots else os.getpid()
        try:
            line = cast.line(self.folder.path, self._hosts, parent, mark)
            self.lines[cast.name] = quote(line)
            # What ends it is this stage; the limit is of turns, of which nobody knows how many there will be.
            log = self.folder.launch_log(cast.name)
            execute(line, log=log, mark=mark, time_limit=float("inf"), watch=self._look)
        except _ClosedError:
            return
        except HarnessError as error:
            self._ended[cast.name] = error
        else:
            self._ended[cast.name] = LaunchError("it ended without a word")

    def _look(self) -> None:
        if self._closing.is_set():
            raise _ClosedError("closed")


class _ClosedError(Exception):
    """The stage is closed."""
