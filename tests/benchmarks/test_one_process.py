"""How near a step of one process comes to the machine's own matrix products."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.measure.faster import FASTER
from harness.stats.intervals import median_interval

PROGRAM = Path(__file__).parent / "programs" / "one_process.py"


@pytest.mark.benchmark
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("batch", "clocks"), [(256, 4), (1024, 1)])
def test_share_of_the_product_rate(benchmark: Any, batch: int, clocks: int) -> None:
    """440–6×2048–1993, float32, one thread; 11 rounds, step and product in turns."""
    benchmark.group = f"one process, batch {batch}"
    words = ["env", *FASTER, sys.executable, str(PROGRAM), str(batch), str(clocks), "11"]
    ended = benchmark.pedantic(
        lambda: subprocess.run(words, capture_output=True, text=True, check=True, timeout=800), rounds=1
    )
    steps, products = np.array(json.loads(ended.stdout.rpartition("RESULT ")[2])).T
    share, low, high = median_interval(steps / products, 0.05)
    print(
        f"\nbatch {batch}: step {np.median(steps) / 1e9:.0f} GFLOP/s, product {np.median(products) / 1e9:.0f} GFLOP/s, "
        f"share {share:.3f} [{low:.3f}, {high:.3f}]"
    )
