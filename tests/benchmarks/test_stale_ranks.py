"""Stale synchronous parallel on real ranks: throughput against peers and the limit, recording, stragglers.

Each benchmark launches ranks that interleave all contenders in one run; ratios are medians over rounds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.measure.faster import FASTER
from harness.measure.launch import Hosts, Launcher, execute, launch_line
from harness.spec import Transport
from harness.stats.intervals import median_interval

PROGRAMS = Path(__file__).parent / "programs"
WEIGHT_BYTES = 4 * 25_968_585
both = pytest.mark.parametrize("launcher", [Launcher.MPI, Launcher.GLOO])


def launched(launcher: Launcher, ranks: int, program: str, arguments: tuple[object, ...], folder: Path) -> Any:
    """What a program's rank 0 found, as JSON."""
    words = ["env", *FASTER, sys.executable, str(PROGRAMS / program), *map(str, arguments)]
    log = folder / "log"
    execute(launch_line(launcher, ranks, Hosts(), words), log=log, mark=str(PROGRAMS / program), time_limit=1500)
    return json.loads(log.read_text().rpartition("RESULT ")[2].splitlines()[0])


def said(name: str, ratios: np.ndarray) -> str:
    middle, low, high = median_interval(ratios, 0.05)
    return f"{name} {middle:.3f} [{low:.3f}, {high:.3f}]"


@pytest.mark.benchmark
@pytest.mark.timeout(1600)
@both
def test_throughput_on_two_ranks(benchmark: Any, launcher: Launcher, tmp_path: Path) -> None:
    """440–6×2048–1993, batch 256 per rank, one thread per rank; medians over 9 rounds of 4 clocks."""
    benchmark.group = f"samples per second, two ranks, {launcher}"
    found = benchmark.pedantic(lambda: launched(launcher, 2, "ssp_throughput.py", (256, 4, 9), tmp_path), rounds=1)
    seconds = {name: np.array(values) for name, values in found["seconds"].items()}
    limit, tape = seconds["no exchange"], seconds["DistributedGradientTape"]
    for name, values in seconds.items():
        rate = 2 * 256 / np.median(values)
        print(
            f"\n{launcher}: {name}: {rate:.0f} samples/s; {said('of the limit', limit / values)}; "
            f"{said('of the tape', tape / values)}"
        )


@pytest.mark.benchmark
@pytest.mark.timeout(600)
@pytest.mark.parametrize("staleness", [0, 1, 3])
@pytest.mark.parametrize("transport", Transport)
def test_peak_memory(benchmark: Any, transport: Transport, staleness: int, tmp_path: Path) -> None:
    """Peak memory of a rank beyond that of the same step alone, in copies of the weights.

    The step of a table is one whose change is whole before it goes anywhere. One that applies each gradient as soon as
    it is made never holds all of them at once, and is told beside it.
    """
    benchmark.group = "peak memory, two ranks, batch 8"
    names = f"SSP {transport}, s = {staleness}", "handed on", "no exchange"
    launches: list[list[float]] = []

    def launch() -> None:
        launches.append([
            launched(Launcher.MPI, 2, "ssp_throughput.py", (8, 20, 1, name), tmp_path)["peak_bytes"] for name in names
        ])

    benchmark.pedantic(launch, rounds=3)
    peaks = np.array(launches).T / WEIGHT_BYTES
    handed_on, applied = np.median(peaks[1:], axis=1)
    print(
        f"\n{transport}, s = {staleness}: {', '.join(f'{peak - handed_on:.2f}' for peak in peaks[0])} copies beyond "
        f"the step itself, median of {len(launches)} ({staleness + 3} are allowed); in the median "
        f"{np.median(peaks[0]) - applied:.2f} beyond one that applies each gradient as it is made"
    )


@pytest.mark.benchmark
@pytest.mark.timeout(600)
@pytest.mark.parametrize("replicates", [1, 8, 64])
def test_history_recording(benchmark: Any, replicates: int, tmp_path: Path) -> None:
    """How much longer a clock of the 64–32–10 net takes on two ranks when it is recorded: 3 % are allowed.

    Whole launches differ by one per cent of a clock: so the pairs of several are pooled.
    """
    benchmark.group = "recording a history, two ranks"
    launches: list[Any] = []

    def launch() -> None:
        launches.append(launched(Launcher.MPI, 2, "history_cost.py", (8_000, 20, replicates, 3), tmp_path))

    benchmark.pedantic(launch, rounds=5)
    recorded, without = np.concatenate(launches, axis=1)
    print(
        f"\nR = {replicates}: a clock takes {1e6 * np.median(without):.0f} µs; {len(launches)} launches: "
        f"{said('recorded, of one that is not', recorded / without)} over {len(recorded)} pairs of 20 clocks"
    )


@pytest.mark.benchmark
@pytest.mark.timeout(900)
def test_stragglers_on_four_emulated_ranks(benchmark: Any, tmp_path: Path) -> None:
    """Speed-up of SSP over BSP with prescribed compute times, over that of the queue model for the same times."""
    benchmark.group = "speed-up of SSP over BSP, four emulated ranks"
    found = benchmark.pedantic(lambda: launched(Launcher.MPI, 4, "stragglers.py", (120, 5), tmp_path), rounds=1)
    for law, staleness in sorted({(row["law"], row["staleness"]) for row in found}):
        rows = [row for row in found if (row["law"], row["staleness"]) == (law, staleness)]
        measured, model = (np.array([row[name] for row in rows]) for name in ("measured", "model"))
        print(
            f"\n{law}, s = {staleness}: measured {np.median(measured):.2f}, model {model[0]:.2f}; "
            f"{said('share of the model', measured / model)}"
        )
