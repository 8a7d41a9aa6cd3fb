"""Starting processes with a time limit, and leaving none behind."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from harness.errors import BadInputError, LaunchError

_POLL_SECONDS = 0.1
# What a rank's work depends on, of the variables that mpirun leaves behind where a rank starts on another host.
_FORWARDED = ("PATH", "PYTHONPATH", "HOROVOD_", "NCCL_", "OMP_", "TF_", "XLA_")


class Launcher(StrEnum):
    """What starts the ranks; `auto` is MPI, or Gloo where MPI is missing or starts no rank."""

    AUTO = "auto"
    MPI = "mpi"
    GLOO = "gloo"


# Open MPI keeps what belongs to a launch in a folder named by its process id, and starts nothing where one that was
# killed has left such a folder: of 32,768 ids some are met again. So each launch has a place of its own for it.
_SESSIONS = "PRTE_MCA_prte_local_tmpdir_base"
_PROGRAMS = {Launcher.MPI: "mpirun", Launcher.GLOO: "horovodrun"}


@dataclass(frozen=True)
class Hosts:
    """Where ranks are placed.

    Args:
        slots: pairs of host name and number of ranks; empty means this machine.
    """

    slots: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Hosts:
        """Read the form h1:4,h2:4.

        Args:
            text: hosts and slots; empty for this machine.

        Returns:
            The hosts.

        Raises:
            BadInputError: the text is of another form.
        """
        pairs = [part.rpartition(":") for part in text.split(",") if part]
        if not all(host and count.isdigit() and int(count) > 0 for host, _, count in pairs):
            raise BadInputError(
                f"{text!r} is not HOST:SLOTS,…", where="--hosts", remedy="for example --hosts h1:4,h2:4"
            )
        return cls(tuple((host, int(count)) for host, _, count in pairs))

    def require(self, ranks: int) -> None:
        """See that there are slots enough.

        Args:
            ranks: number of ranks.

        Raises:
            BadInputError: there are fewer slots than ranks.
        """
        slots = sum(count for _, count in self.slots)
        if self.slots and slots < ranks:
            raise BadInputError(f"{slots} slots cannot hold {ranks} ranks", where="--hosts", remedy="give more slots")


def program(launcher: Launcher) -> Path | None:
    """Where a launcher is installed: beside this Python first, then on the path.

    Args:
        launcher: MPI or Gloo.

    Returns:
        Path of the program, or None.
    """
    beside = Path(sys.executable).parent / _PROGRAMS[launcher]
    found = str(beside) if beside.exists() else shutil.which(_PROGRAMS[launcher])
    return Path(found) if found else None


def choose(launcher: Launcher) -> tuple[Launcher, ...]:
    """Launchers to try, in order.

    Args:
        launcher: what the user asked for.

    Returns:
        One launcher, or for `auto` those that are installed, MPI first: on one machine it is the faster one.

    Raises:
        BadInputError: none is installed.
    """
    wanted = (Launcher.MPI, Launcher.GLOO) if launcher is Launcher.AUTO else (launcher,)
    there = tuple(candidate for candidate in wanted if program(candidate) is not None)
    if not there:
        names = " nor ".join(_PROGRAMS[candidate] for candidate in wanted)
        raise BadInputError(
            f"no launcher: {names} is neither beside {sys.executable} nor on the path",
            where="launcher",
            remedy="run `make verify`, which installs them, then `harness doctor`",
        )
    return there


def launch_line(launcher: Launcher, ranks: int, hosts: Hosts, command: Sequence[str]) -> tuple[str, ...]:
    """Exact words that start a command on every rank.

    Args:
        launcher: MPI or Gloo.
        ranks: number of ranks.
        hosts: where they are placed.
        command: what each rank runs.

    Returns:
        The words, ready for a shell after quoting.

    Raises:
        BadInputError: the launcher is not installed, or the hosts have too few slots.
    """
    hosts.require(ranks)
    place = ",".join(f"{host}:{count}" for host, count in hosts.slots)
    choose(launcher)
    head = str(program(launcher))
    if launcher is Launcher.GLOO:
        # Horovod remembers for an hour which hosts it reached and through what, even where that has changed, in a file
        # that two launches at once would both write.
        return (head, "--gloo", "--disable-cache", "-np", str(ranks), "-H", place or f"localhost:{ranks}", *command)
    options = ["--allow-run-as-root", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
    options += ["--host", place, *_forwarding()] if place else ["--oversubscribe"]
    return (head, "-np", str(ranks), *options, *command)


def _forwarding() -> list[str]:
    names = sorted(name for name in os.environ if name.startswith(_FORWARDED))
    return [word for name in names for word in ("-x", name)]


def quote(words: Sequence[str]) -> str:
    """One line for a shell.

    Args:
        words: program and arguments.

    Returns:
        The quoted line.
    """
    return shlex.join(words)


def execute(
    words: Sequence[str], *, log: Path, mark: str, time_limit: float, watch: Callable[[], None] = lambda: None
) -> None:
    """Run a command to its end; whatever happens, no process of it is left.

    Args:
        words: program and arguments.
        log: file for what it prints.
        mark: text that stands in the command line of every process that it starts, and of no other.
        time_limit: seconds after which it is ended.
        watch: called about ten times a second.

    Raises:
        LaunchError: it exited with a status other than 0, or the time limit passed.
        BadInputError: the program cannot be started.
    """
    deadline = time.monotonic() + time_limit
    with log.open("wb") as output, TemporaryDirectory(prefix="harness-launch-", ignore_cleanup_errors=True) as folder:
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {_SESSIONS: folder},
            )
        except OSError as error:
            raise BadInputError(error.strerror or str(error), where=f"cannot start {words[0]}") from error
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise LaunchError(f"the time limit of {time_limit:g} s passed")
                watch()
                time.sleep(_POLL_SECONDS)
        finally:
            end_processes(process.pid, mark)
            process.wait()
    if process.returncode:
        raise LaunchError(f"the launch ended with status {process.returncode}")


def end_processes(root: int, mark: str) -> None:
    """End a process, all its descendants, and all processes whose command line bears a mark.

    Args:
        root: process id that the search starts from.
        mark: text in the command line.
    """
    victims = {process.pid: process for process in _descendants(root)}
    marked = (process for process in psutil.process_iter() if mark in _command_line(process))
    victims |= {process.pid: process for process in marked}
    # Launchers last: the end of a launcher wakes ranks that were stopped, and those would leave a sign of life.
    for process in reversed(victims.values()):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(list(victims.values()), timeout=5)


def _descendants(root: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
