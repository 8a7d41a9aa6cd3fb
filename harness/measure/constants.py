"""Measuring what a machine does in a second, by real launches, and how long real steps take."""

from __future__ import annotations

import json
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import LaunchError
from harness.measure import machine
from harness.measure.faster import FASTER
from harness.measure.launch import Hosts, Launcher, execute, launch_line

# More ranks than cores are measured too: what is emulated here with so many is compared with that.
RANKS = (2, 4, 8, 16)
_MARK, _TIME_LIMIT = "RESULT ", 900.0


def measure(launcher: Launcher, known: Mapping[str, Any] | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure arithmetic, memory, every collective under a launcher, and what clocks take beside all that.

    Args:
        launcher: MPI or Gloo.
        known: what was measured of this machine before; exchanges under other launchers are kept.
        say: told what is measured next.

    Returns:
        JSON-able; `harness.planning.Constants.of` reads it.

    Raises:
        LaunchError: a launch failed.
        BadInputError: the launcher is not installed.
    """
    here = machine.describe()
    arithmetic = {}
    for name, ranks in (("alone", 1), ("busy", here.cores)):
        say(f"arithmetic on {ranks} of {here.cores} cores")
        arithmetic[name] = launched("harness.engine.arithmetic", [], launcher, ranks)
        arithmetic[name]["dispatch"] = launched("harness.engine.dispatch", [], launcher, ranks)
    exchanges = []
    for ranks in RANKS:
        say(f"collectives and clocks of {ranks} ranks ({launcher})")
        exchanges.append(launched("harness.engine.exchanges", [], launcher, ranks))
    return {
        "machine": here.model_dump(),
        "versions": machine.versions(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "arithmetic": arithmetic,
        "exchanges": (known or {}).get("exchanges", {}) | {str(launcher): exchanges},
    }


def step_seconds(
    mode: str, widths: Sequence[int], batch: int, rounds: int, steps: dict[str, float], launcher: Launcher, ranks: int
) -> dict[str, list[float]]:
    """Seconds of a step under several partitions, in turns.

    Args:
        mode: `real`, `alone` or `emulated`, as `harness.engine.step_times` has them.
        widths: units per layer.
        batch: examples per step, all workers together.
        rounds: how often each partition has a turn.
        steps: names of partitions of the same number of workers; for emulated ones the seconds of computing.
        launcher: MPI or Gloo.
        ranks: number of processes.

    Returns:
        Seconds of every round, by name.
    """
    names = [f"{name}={seconds!r}" for name, seconds in steps.items()]
    words = [mode, ",".join(map(str, widths)), str(batch), str(rounds), *names]
    found: dict[str, list[float]] = launched("harness.engine.step_times", words, launcher, ranks)
    return found


def launched(module: str, words: Sequence[str], launcher: Launcher, ranks: int) -> Any:
    """What a program's rank 0 prints, as JSON.

    Args:
        module: the program.
        words: its arguments.
        launcher: MPI or Gloo.
        ranks: number of processes.

    Returns:
        The result.

    Raises:
        LaunchError: a rank failed, or none printed a result; the last line of the log is given.
    """
    mark = f"LOCKSTEP_LAUNCH={uuid.uuid4().hex}"
    command = ["env", *FASTER, mark, sys.executable, "-m", module, *words]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        try:
            execute(launch_line(launcher, ranks, Hosts(), command), log=log, mark=mark, time_limit=_TIME_LIMIT)
            text = log.read_text(errors="replace")
            if _MARK not in text:
                raise LaunchError("no rank printed a result")
        except LaunchError as error:
            lines = log.read_text(errors="replace").strip().splitlines()
            said = lines[-1] if lines else "nothing was printed"
            raise LaunchError(f"{error.what}: {said}", where=f"{module} on {ranks} ranks ({launcher})") from error
    return json.loads(text.rpartition(_MARK)[2].splitlines()[0])
