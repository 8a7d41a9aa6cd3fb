"""A divided net under a scheduler on real ranks: its history, and that it is what the simulation computes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.engine import scheduled
from harness.engine.assembly import assembled
from harness.engine.gaps import relative
from harness.engine.trajectory import Trajectory
from harness.history import check, merged
from harness.measure import launch
from harness.measure.launch import Hosts, Launcher
from harness.spec import (
    Delays,
    Fault,
    Layout,
    ModelPartition,
    Optimizer,
    Policy,
    ScheduledPartition,
    StepSize,
    Training,
)
from harness.verdict import Word

pytestmark = pytest.mark.distributed
TRAINING = Training("digits256", (64, 9, 10), 256, 12, StepSize(0.2), checkpoints=3)
BATCHES = replace(TRAINING, data="digits", batch=16, optimizer=Optimizer.ADAM)
EXACT = [
    (BATCHES, ScheduledPartition(4, Layout.NEURON, Policy.ALL, 0)),
    (BATCHES, ScheduledPartition(4, Layout.WEIGHT, Policy.ROUND_ROBIN, 0)),
    (BATCHES, ScheduledPartition(4, Layout.NEURON, Policy.RANDOM, 0)),
    (BATCHES, ScheduledPartition(4, Layout.NEURON, Policy.PRIORITY, 0)),
    (TRAINING, ScheduledPartition(4, Layout.WEIGHT, Policy.STRADS, 0)),
    (TRAINING, ScheduledPartition(4, Layout.WEIGHT, Policy.RANDOM, 3, fault=Fault.NO_EXCHANGE)),
]
STALE = [
    (TRAINING, ScheduledPartition(4, layout, policy, staleness))
    for layout, policy, staleness in (
        (Layout.NEURON, Policy.ALL, 1),
        (Layout.WEIGHT, Policy.RANDOM, 3),
        (Layout.WEIGHT, Policy.STRADS, 2),
    )
]
CASES = [*EXACT, *STALE]

PROGRAM = """
import sys
import numpy as np
from harness.engine import ranks, runtime, scheduled
from test_scheduled import CASES
runtime.limit_threads(1)
here = ranks.start(4)
for number, (training, partition) in enumerate(CASES):
    with open(f"{sys.argv[1]}/{number}.{here.rank}.jsonl", "wb") as notes:
        made = scheduled.train(training, range(2), partition, here, notes.write)
    np.savez(f"{sys.argv[1]}/{number}.{here.rank}.npz", **made.to_arrays("partition"))
"""


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights and histories of one launch that trains every case."""
    folder = tmp_path_factory.mktemp("scheduled")
    (folder / "program.py").write_text(f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{PROGRAM}")
    words = launch.launch_line(Launcher.MPI, 4, Hosts(), [sys.executable, str(folder / "program.py"), str(folder)])
    launch.execute(words, log=folder / "log", mark=str(folder), time_limit=400)
    return folder


def whole(folder: Path, number: int) -> Trajectory:
    training, partition = CASES[number]
    shares = [Trajectory.from_arrays(dict(np.load(folder / f"{number}.{r}.npz")), "partition") for r in range(4)]
    return assembled(ModelPartition(4, partition.layout), training.widths, shares)


@pytest.mark.parametrize("number", range(len(EXACT)), ids=lambda n: EXACT[n][1].id)
def test_ranks_compute_what_the_simulation_computes(launched: Path, number: int) -> None:
    """At s = 0, and where nothing of others is seen, nothing depends on when messages arrive."""
    training, partition = EXACT[number]
    expected = scheduled.simulate(training, range(2), replace(partition, delays=Delays.NONE))
    assert relative(whole(launched, number), expected)["all"].max() < 1e-12


@pytest.mark.parametrize("number", range(len(EXACT), len(CASES)), ids=lambda n: CASES[n][1].id)
def test_stale_weights_differ_from_fresh_ones_but_not_by_much(launched: Path, number: int) -> None:
    training, partition = CASES[number]
    fresh = scheduled.simulate(training, range(2), replace(partition, staleness=0, delays=Delays.NONE))
    assert relative(whole(launched, number), fresh)["all"].max() < 1


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n][1].id)
def test_every_history_keeps_the_rules(launched: Path, number: int) -> None:
    training, partition = CASES[number]
    lines = [(launched / f"{number}.{rank}.jsonl").read_text().splitlines(keepends=True) for rank in range(4)]
    events = merged(4, partition.staleness, lines, layers=len(training.widths) - 1)
    found = check(events)
    assert found.verdict is Word.SUPPORTED, found.reason
    assert found.reads
    assert found.writes
    assert all(0 <= lag <= partition.staleness for lag in found.lags)
    updated = [event for event in events if event["kind"] == "update"]
    assert len(updated) == 4 * training.clocks
