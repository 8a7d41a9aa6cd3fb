"""On every rank: wall time of a training whose compute times are prescribed, for several staleness bounds.

Prints on rank 0: for each law and staleness the seconds until the last worker's last clock,
and what the queue model says of the same compute times. Run by `test_stale_ranks.py`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time

import numpy as np

from harness.engine import ranks, runtime
from harness.engine.bounds import Bounds
from harness.engine.optimizers import Additive
from harness.engine.runtime import tf
from harness.engine.table import SSPTable
from harness.engine.transports import Eager
from harness.history import Journal, Recorder
from harness.spec import Stragglers
from harness.stats.queue import speedup
from harness.stragglers import service

WARM = 40
CLOCKS, ROUNDS = (int(word) for word in sys.argv[1:3])
runtime.limit_threads(1, beside=1)
HERE = ranks.join()
LAYERS = [[np.zeros((64, 32)), np.zeros(32)], [np.zeros((32, 10)), np.zeros(10)]]


def seconds(times: np.ndarray, staleness: int) -> float:
    """From a barrier to the last worker's last clock; computing is replaced by waiting, all else is real.

    Clocks before the barrier compile what a table compiles; at the barrier all workers have written the same clocks.
    """
    flat = [tf.constant(w) for layer in LAYERS for w in layer]
    with tempfile.TemporaryFile() as file, Journal(file) as journal:
        bounds = Bounds(HERE.rank, HERE.size, staleness, WARM + CLOCKS)
        transport = Eager(HERE, flat, WARM + CLOCKS, staleness)
        recorder = Recorder(HERE.rank, HERE.size, journal.write)
        table = SSPTable(LAYERS, Additive(), factor=1.0, bounds=bounds, transport=transport, recorder=recorder)
        for clock in range(-WARM, CLOCKS):
            if clock == 0:
                HERE.gather(np.zeros(1, np.int64))
                began = time.perf_counter()
            for layer in range(len(LAYERS)):
                table.get(layer)
            time.sleep(times[HERE.rank, clock])
            table.inc(0, flat[:2])
            table.inc(1, flat[2:])
            table.clock()
        own = time.perf_counter() - began
        table.finish()
    return float(HERE.gather(np.array([int(1e9 * own)], np.int64)).max()) / 1e9


def main() -> None:
    found = []
    for law in (Stragglers.LOGNORMAL, Stragglers.PAUSES, Stragglers.SLOW_RANK):
        times = service(law, HERE.size, CLOCKS, 0)
        for _ in range(ROUNDS):
            measured = {staleness: seconds(times, staleness) for staleness in (0, 1, 3)}
            for staleness in (1, 3):
                model = speedup(times, staleness)
                found.append({
                    "law": law,
                    "staleness": staleness,
                    "measured": measured[0] / measured[staleness],
                    "model": model.speedup,
                    "bsp_seconds": measured[0],
                    "bsp_model_seconds": model.bsp_seconds,
                })
    if HERE.rank == 0:
        print("RESULT", json.dumps(found), flush=True)


main()
