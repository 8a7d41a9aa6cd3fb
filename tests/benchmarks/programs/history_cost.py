"""On every rank: how much longer a clock of the 64–32–10 net takes for its history's being recorded.

Every other stretch of some clocks is recorded, on all ranks the same ones, so that neighbours differ in that alone; its
notes and digests go to a file, as a suite's do. What recording takes where it is called is about half of that: what
keeps one rank keeps the others' collectives too.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from harness.engine import ranks, runtime
from harness.engine.bounds import Bounds
from harness.history import Journal, Recorder
from harness.history import recorder as recording

CLOCKS, STRETCH, REPLICATES, STALENESS = (int(word) for word in sys.argv[1:5])
runtime.limit_threads(1, beside=1)
HERE = ranks.join()

import harness.engine.table as table_module
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.runtime import in_order, tf
from harness.engine.starts import batches
from harness.engine.table import SSPTable
from harness.engine.transports import Eager
from harness.schedule import share
from harness.spec import StepSize, Training

TRAINING = Training("digits", (64, 32, 10), 32, CLOCKS, StepSize(0.1))
# What comes before counts as warming up.
WARM = 10 * STRETCH


def is_recorded(clock: int) -> bool:
    """Whether a clock is; pairs of stretches begin with either in turn, so that a drift is in favour of neither."""
    stretch = clock // STRETCH
    return bool((stretch + stretch // 2) % 2)


class Switched:
    """A recorder and a digest that can be switched off.

    Args:
        recorder: what is called while it is on.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.on = True
        self.read, self.write = self._switched(recorder.read), self._switched(recorder.write)
        self.digest, self.final = self._switched(recording.digest), recorder.final

    def _switched(self, note: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **options: note(*arguments, **options) if self.on else 0


def clocks(objective: Objective, switched: Switched) -> Iterator[float]:
    """Seconds of each clock."""
    initial = [tf.constant(w) for w in objective.net.initial_weights(range(REPLICATES))]
    step = in_order(tf.function(objective.gradients, autograph=False))
    table = SSPTable(
        [initial[:2], initial[2:]],
        Descent.of(TRAINING),
        factor=1 / HERE.size,
        bounds=Bounds(HERE.rank, HERE.size, STALENESS, CLOCKS),
        transport=Eager(HERE, initial, CLOCKS, STALENESS),
        recorder=cast(Recorder, switched),
    )
    for clock in range(CLOCKS):
        switched.on = is_recorded(clock)
        began = time.perf_counter()
        gradients = step([*table.get(0), *table.get(1)], tf.constant(clock))
        table.inc(0, gradients[:2])
        table.inc(1, gradients[2:])
        table.clock()
        yield time.perf_counter() - began
    table.finish()


def main() -> None:
    mine = batches(TRAINING, range(REPLICATES))[..., share(32, HERE.rank, HERE.size)]
    objective = Objective(TRAINING, range(REPLICATES), mine, HERE.size / 32)
    with tempfile.TemporaryFile() as file, Journal(file) as journal:
        switched = Switched(Recorder(HERE.rank, HERE.size, journal.write))
        table_module.digest = switched.digest
        seconds = np.array(list(clocks(objective, switched)))
    stretches = seconds.reshape(-1, STRETCH).mean(axis=1)[WARM // STRETCH :]
    on = np.array([is_recorded(clock) for clock in range(WARM, CLOCKS, STRETCH)])
    if HERE.rank == 0:
        print("RESULT", json.dumps([stretches[on].tolist(), stretches[~on].tolist()]), flush=True)


main()
