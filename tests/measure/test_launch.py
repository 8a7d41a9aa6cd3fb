from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil
import pytest

from harness.errors import BadInputError, LaunchError
from harness.measure import launch
from harness.measure.launch import Hosts, Launcher, choose, execute, launch_line, quote


def script(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / f"{uuid.uuid4().hex}.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def alive(mark: str) -> list[int]:
    return [
        process.pid for process in psutil.process_iter(["cmdline"]) if mark in " ".join(process.info["cmdline"] or ())
    ]


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    execute(script(tmp_path, "print('hello')"), log=tmp_path / "log", mark="no such mark", time_limit=20)
    assert (tmp_path / "log").read_text() == "hello\n"


def test_status_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="ended with status 7"):
        execute(script(tmp_path, "raise SystemExit(7)"), log=tmp_path / "log", mark="no such mark", time_limit=20)


def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot start /no/such/program"):
        execute(["/no/such/program"], log=tmp_path / "log", mark="no such mark", time_limit=5)


def test_time_limit_ends_children_that_hide_in_a_session_of_their_own(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    child = f"[sys.executable, '-c', 'import time; time.sleep(99)', '{mark}']"
    sleeper = f"import subprocess, sys, time\nsubprocess.Popen({child}, start_new_session=True)\n"
    began = time.monotonic()
    with pytest.raises(LaunchError, match="the time limit of 1 s passed"):
        execute(script(tmp_path, sleeper + "time.sleep(99)"), log=tmp_path / "log", mark=mark, time_limit=1)
    assert time.monotonic() - began < 20
    assert alive(mark) == []
    with pytest.raises(LaunchError, match="status 1"):  # the parent is gone: only the mark finds the child
        execute(script(tmp_path, sleeper + "raise SystemExit(1)"), log=tmp_path / "log", mark=mark, time_limit=20)
    assert alive(mark) == []


def test_stopped_processes_are_ended_too(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    text = f"import os, signal, sys\nsys.argv.append('{mark}')\nos.kill(os.getpid(), signal.SIGSTOP)\n"
    with pytest.raises(LaunchError, match="time limit"):
        execute([*script(tmp_path, text), mark], log=tmp_path / "log", mark=mark, time_limit=1)
    assert alive(mark) == []


@pytest.mark.distributed
def test_a_launch_is_not_in_the_way_of_a_later_one_with_its_process_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    latest = subprocess.Popen(["true"])
    latest.wait()
    for number in range(latest.pid, latest.pid + 200):
        left = tmp_path / f"ompi.{number}"
        left.mkdir()
        (left / f"pmix.{socket.gethostname().partition('.')[0]}.tool").touch()
    line = launch_line(Launcher.MPI, 1, Hosts(), [sys.executable, "-c", ""])
    execute(line, log=tmp_path / "log", mark=uuid.uuid4().hex, time_limit=30)


@pytest.mark.distributed
def test_a_launch_that_is_killed_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    line = launch_line(Launcher.MPI, 1, Hosts(), [sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(LaunchError, match="time limit"):
        execute(line, log=tmp_path / "log", mark=uuid.uuid4().hex, time_limit=3)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_exact_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    gloo = launch_line(Launcher.GLOO, 3, Hosts(), ["python", "x y"])
    assert quote(gloo).endswith("horovodrun --gloo --disable-cache -np 3 -H localhost:3 python 'x y'")
    monkeypatch.setattr("os.environ", {"HOME": "/"})
    mpi = launch_line(Launcher.MPI, 4, Hosts.parse("h1:2,h2:2"), ["python"])
    assert mpi[1:3] == ("-np", "4")
    assert mpi[-3:] == ("--host", "h1:2,h2:2", "python")


def test_ranks_elsewhere_get_what_their_work_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What mpirun does not pass on by itself; horovodrun passes on everything, and would remember hosts too long."""
    monkeypatch.setattr("os.environ", {"HOME": "/", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONPATH": "x", "PATH": "/bin"})
    monkeypatch.setattr(launch, "program", lambda launcher: Path("launcher"))
    hosts = Hosts.parse("h1:1,h2:1")
    line = quote(launch_line(Launcher.MPI, 2, hosts, ["python"]))
    assert line.endswith("--host h1:1,h2:1 -x PATH -x PYTHONPATH -x TF_ENABLE_ONEDNN_OPTS python")
    assert "-x" not in launch_line(Launcher.MPI, 2, Hosts(), ["python"])
    assert "--disable-cache" in launch_line(Launcher.GLOO, 2, hosts, ["python"])


def test_hosts_need_slots_enough() -> None:
    assert Hosts.parse("") == Hosts()
    with pytest.raises(BadInputError, match="3 slots cannot hold 4 ranks"):
        launch_line(Launcher.MPI, 4, Hosts.parse("h1:2,h2:1"), ["python"])


@pytest.mark.parametrize("text", ["h1", "h1:0", "h1:x", ":3"])
def test_other_hosts_are_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="HOST:SLOTS"):
        Hosts.parse(text)


def test_no_launcher_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_PROGRAMS", {Launcher.MPI: "no-mpirun", Launcher.GLOO: "no-horovodrun"})
    with pytest.raises(BadInputError, match="no launcher: no-mpirun nor no-horovodrun"):
        choose(Launcher.AUTO)
    with pytest.raises(BadInputError, match="no-mpirun"):
        launch_line(Launcher.MPI, 2, Hosts(), ["python"])


def test_auto_prefers_mpi_and_takes_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(Launcher.AUTO) == (Launcher.MPI, Launcher.GLOO)
    monkeypatch.setattr(launch, "_PROGRAMS", {Launcher.MPI: "no-mpirun", Launcher.GLOO: "horovodrun"})
    assert choose(Launcher.AUTO) == (Launcher.GLOO,)


def test_ranks_are_ended_before_what_launched_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher's end wakes its stopped ranks, whose last sign of life would then hide that they hung."""
    mark, ended = uuid.uuid4().hex, []
    real = psutil.Process.kill
    monkeypatch.setattr(psutil.Process, "kill", lambda self: (ended.append(self.pid), real(self)))
    child = f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', '{mark}'])"
    text = f"import os, subprocess, sys, time\nprint(os.getpid(), flush=True)\n{child}\ntime.sleep(99)\n"
    with pytest.raises(LaunchError, match="time limit"):
        execute(script(tmp_path, text), log=tmp_path / "log", mark=mark, time_limit=2)
    launcher = int((tmp_path / "log").read_text())
    assert len(ended) == 2
    assert ended[-1] == launcher
