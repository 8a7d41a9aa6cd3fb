"""Is everything there that a run needs? Each thing is tried, not only looked for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.measure import machine, peers
from harness.measure.launch import Hosts, Launcher, execute, launch_line, program
from harness.spec import Framework

_TRIAL_SECONDS = 120.0
_CPP17 = "#include <optional>\nint main() { if constexpr (true) return std::optional<int>{0}.value(); }\n"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what.
        ok: whether it is there and works.
        detail: what was found.
        remedy: what to do where it is not.
        needed: whether runs are impossible without it.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return asdict(self)


def examine(results: Path) -> Iterator[Check]:
    """Look at everything that a run needs; the last ones start two real ranks each.

    Args:
        results: folder that results are to be written to.

    Yields:
        One check after the other; none raises.
    """
    here = machine.describe()
    version = sys.version_info
    yield Check("Python", (3, 11) <= version[:2] <= (3, 12), ".".join(map(str, version[:3])), "use Python 3.11 or 3.12")
    yield _compiler()
    yield Check("cores", here.cores >= 1, f"{here.cores} usable, {here.processor}")
    yield Check("memory", here.memory_bytes > 2 * 2**30, f"{here.memory_bytes / 2**30:.1f} GiB", "2 GiB or more")
    yield _disk(results)
    yield from _horovod()
    yield from peer_checks()
    trials = [_trial(launcher) for launcher in (Launcher.MPI, Launcher.GLOO)]
    yield from trials
    working = [check.name for check in trials if check.ok]
    yield Check(
        "a launcher that works", bool(working), ", ".join(working) or "none", "see the two-rank allreduce above"
    )


def _compiler() -> Check:
    compiler = shutil.which("c++") or shutil.which("g++")
    remedy = "install a C++17 compiler; needed once, to build Horovod"
    if compiler is None:
        return Check("C++17 compiler", False, "none on the path", remedy, needed=False)
    with tempfile.TemporaryDirectory() as folder:
        trial = subprocess.run(
            [compiler, "-std=c++17", "-x", "c++", "-", "-o", f"{folder}/trial"],
            input=_CPP17, text=True, capture_output=True, check=False,
        )  # fmt: skip
    lines = subprocess.run([compiler, "--version"], text=True, capture_output=True, check=False).stdout.splitlines()
    return Check("C++17 compiler", trial.returncode == 0, lines[0] if lines else compiler, remedy, needed=False)


def _disk(results: Path) -> Check:
    folder = next(path for path in (results.absolute(), *results.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return Check("disk", free > 2**30, f"{free / 2**30:.1f} GiB free at {folder}", "free 1 GiB or use --results")


def _horovod() -> Iterator[Check]:
    remedy = "run `make verify`, which builds it against this environment's TensorFlow and MPI"
    found = machine.versions()
    tensorflow = found.get("tensorflow-cpu") or found.get("tensorflow")
    yield Check("TensorFlow", tensorflow == "2.18.1", tensorflow or "not installed", "install version 2.18.1")
    asked = subprocess.run(
        [sys.executable, "-m", "harness.engine.build"],
        text=True,
        capture_output=True,
        check=False,
        timeout=_TRIAL_SECONDS,
    )
    if asked.returncode:
        lines = asked.stderr.strip().splitlines()
        yield Check("Horovod build", False, lines[-1] if lines else "cannot be imported", remedy)
        return
    built = json.loads(asked.stdout.splitlines()[-1])
    controllers = [name for name in ("mpi", "gloo") if built[name]]
    yield Check("Horovod build", True, f"{found.get('horovod')} with TensorFlow {built['tensorflow']}", remedy)
    yield Check("controllers", len(controllers) == 2, ", ".join(controllers) or "none", remedy, needed=not controllers)
    nccl = "built" if built["nccl"] else "not built"
    gpu = "optional: install the extra `gpu` on a machine with NVIDIA GPUs"
    detail = f"{built['gpus']} visible, NCCL {nccl}"
    yield Check("GPU", bool(built["gpus"] and built["nccl"]), detail, gpu, needed=False)


def peer_checks() -> Iterator[Check]:
    """Look for what ours is timed against, without importing or starting it.

    Yields:
        One check per framework.
    """
    for framework in Framework:
        absent = peers.missing(framework) is not None
        detail = f"{framework.words}, {'not installed' if absent else 'installed'}"
        yield Check(f"peer {framework}", not absent, detail, peers.remedy(framework), needed=False)


def _trial(launcher: Launcher) -> Check:
    """Two ranks, one allreduce, for real."""
    name = f"two-rank allreduce ({launcher})"
    path = program(launcher)
    if path is None:
        return Check(name, False, "launcher not installed", "run `make verify`, which installs it", needed=False)
    mark = f"doctor-{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        try:
            words = launch_line(launcher, 2, Hosts(), [sys.executable, "-m", "harness.engine.probe", mark])
            execute(words, log=log, mark=mark, time_limit=_TRIAL_SECONDS)
        except HarnessError as error:
            tail = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
            return Check(name, False, " ".join([error.what, *tail]), f"try it by hand: {path} --help", needed=False)
        sums = set(re.findall(r"rank (\d) of 2: sum 3", log.read_text(errors="replace")))
    return Check(name, sums == {"0", "1"}, f"1 + 2 = 3 on {len(sums)} ranks, {path}", "see its log", needed=False)
