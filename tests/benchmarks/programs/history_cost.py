"""On every rank: what recording a history costs, as a share of the time of a clock on the 64–32–10 net.

The recorder and its digests are timed where they are called, in the run itself: writing to a file, line by line. Beside
it the same clocks without any recording.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from harness.engine import ranks, runtime
from harness.history import Journal, Recorder
from harness.history import recorder as recording

BLOCKS, CLOCKS, REPLICATES, STALENESS = (int(word) for word in sys.argv[1:5])
runtime.limit_threads(1, beside=1)
HERE = ranks.join()

import harness.engine.table as table_module
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.runtime import in_order, tf
from harness.engine.starts import batches
from harness.engine.table import Bounds, SSPTable
from harness.engine.transports import Eager
from harness.schedule import share
from harness.spec import StepSize, Training

TRAINING = Training("digits", (64, 32, 10), 32, CLOCKS, StepSize(0.1))
SPENT = [0.0]


class Timed(Recorder):
    """A recorder that knows how long it took, digests included."""

    def read(self, clock: int, view: Sequence[int]) -> None:
        began = time.perf_counter()
        super().read(clock, view)
        SPENT[0] += time.perf_counter() - began

    def write(self, clock: int, checksum: str) -> None:
        began = time.perf_counter()
        super().write(clock, checksum)
        SPENT[0] += time.perf_counter() - began


class Deaf(Recorder):
    """A recorder that writes nothing down."""

    def read(self, clock: int, view: Sequence[int]) -> None:
        pass

    def write(self, clock: int, checksum: str) -> None:
        pass


def timed(digest: Callable[..., str]) -> Callable[..., str]:
    def wrapped(*arguments: object, **options: object) -> str:
        began = time.perf_counter()
        found = digest(*arguments, **options)
        SPENT[0] += time.perf_counter() - began
        return found

    return wrapped


def block(objective: Objective, recorder: Recorder, digest: Callable[..., str]) -> tuple[float, float]:
    """Seconds per clock, and of those spent on recording."""
    table_module.digest = digest
    initial = [tf.constant(w) for w in objective.net.initial_weights(range(REPLICATES))]
    step = in_order(tf.function(objective.gradients, autograph=False))
    table = SSPTable(
        [initial[:2], initial[2:]],
        Descent.of(TRAINING),
        factor=1 / HERE.size,
        bounds=Bounds(HERE.rank, HERE.size, STALENESS, CLOCKS),
        transport=Eager(HERE, initial, CLOCKS),
        recorder=recorder,
    )
    for clock in range(CLOCKS):
        if clock == CLOCKS // 4:
            began, SPENT[0] = time.perf_counter(), 0.0
        gradients = step([*table.get(0), *table.get(1)], tf.constant(clock))
        table.inc(0, gradients[:2])
        table.inc(1, gradients[2:])
        table.clock()
    counted = CLOCKS - CLOCKS // 4
    whole, recorded = (time.perf_counter() - began) / counted, SPENT[0] / counted
    table.finish()
    return whole, recorded


def main() -> None:
    mine = batches(TRAINING, range(REPLICATES))[..., share(32, HERE.rank, HERE.size)]
    objective = Objective(TRAINING, range(REPLICATES), mine, HERE.size / 32)
    found = []
    with tempfile.TemporaryFile() as file, Journal(file) as journal:
        contenders = [
            (Timed(HERE.rank, journal.write), timed(recording.digest)),
            (Deaf(HERE.rank, journal.write), lambda arrays, **options: ""),
        ]
        for turn in range(BLOCKS):
            order = (0, 1) if turn % 2 else (1, 0)
            times = {place: block(objective, *contenders[place]) for place in order}
            found.append((*times[0], times[1][0]))
    if HERE.rank == 0:
        print("RESULT", json.dumps(found), flush=True)


main()
