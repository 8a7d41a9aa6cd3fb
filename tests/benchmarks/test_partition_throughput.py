"""A net divided between two ranks: samples per second of every layout, and of its peers, and the limit.

The limit is half of the arithmetic of the same step on each rank, written plainly and without exchange.
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
from harness.stats.intervals import median_interval

PROGRAM = Path(__file__).parent / "programs" / "partition_throughput.py"


@pytest.mark.benchmark
@pytest.mark.timeout(1600)
@pytest.mark.parametrize(("batch", "clocks"), [(64, 12), (256, 4), (1024, 2)])
@pytest.mark.parametrize("launcher", [Launcher.MPI, Launcher.GLOO])
def test_layouts_on_two_ranks(benchmark: Any, launcher: Launcher, batch: int, clocks: int, tmp_path: Path) -> None:
    """440–6×2048–1993, one thread per rank, the same global batch for all; medians over 9 rounds."""
    benchmark.group = f"samples per second, model partition, two ranks, {launcher}, batch {batch}"
    words = ["env", *FASTER, sys.executable, str(PROGRAM), *map(str, (batch, clocks, 9))]
    log = tmp_path / "log"

    def launched() -> None:
        execute(launch_line(launcher, 2, Hosts(), words), log=log, mark=str(PROGRAM), time_limit=1500)

    benchmark.pedantic(launched, rounds=1)
    found = json.loads(log.read_text().rpartition("RESULT ")[2].splitlines()[0])
    seconds = {name: np.array(values) for name, values in found.items()}
    for name, values in seconds.items():
        rate, share = batch / np.median(values), median_interval(seconds["limit"] / values, 0.05)
        text = "{:.3f} [{:.3f}, {:.3f}]".format(*share)
        print(f"\n{launcher}, batch {batch}: {name}: {rate:.0f} samples/s; of the limit {text}", end="")
