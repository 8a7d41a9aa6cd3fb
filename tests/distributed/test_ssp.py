"""Stale synchronous parallel on real ranks: its rules, its bits, and what happens when a worker breaks."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import psutil
import pytest

from harness import registry
from harness.errors import LaunchError
from harness.history import check, lines_of
from harness.measure import launch
from harness.measure.launch import Hosts, Launcher
from harness.record import TRAJECTORY, VIOLATIONS, Record
from harness.runner.event import Event
from harness.runner.run import Options, Run
from harness.runner.runs import run_suite
from harness.spec import (
    Fault,
    Optimizer,
    Part,
    Regularisation,
    Role,
    SeedBlock,
    Setting,
    StalePartition,
    StepSize,
    Stragglers,
    Training,
    Transport,
)
from harness.store import Store
from harness.verdict import Word

pytestmark = pytest.mark.distributed
SUITE = registry.load("ssp_history")
SMALL = Training("digits", (64, 8, 10), 16, 30, StepSize(0.1), checkpoints=4)
OPTIONS = Options(Launcher.MPI, time_limit=120)
transports = pytest.mark.parametrize("transport", Transport)


def quiet(_: Event) -> None:
    """Nobody watches."""


def made(store: Store, partition: StalePartition, training: Training = SMALL, options: Options = OPTIONS) -> Record:
    """The record of one launch."""
    point = Setting(Role.CLAIM, training, partition, 2)
    run_suite(SUITE, [point], store, options, quiet)
    (record,) = store.records(SUITE.name)
    return record


def gap(record: Record) -> float:
    return float(record.gaps.worst_over_ranks(gap=TRAJECTORY, layer="all")[0].max())


@transports
@pytest.mark.parametrize("launcher", [Launcher.MPI, Launcher.GLOO])
def test_without_staleness_the_table_is_in_step(store: Store, transport: Transport, launcher: Launcher) -> None:
    # Three workers do not divide the batch, and one that is late would like to see what the others did meanwhile.
    partition = StalePartition(3, 0, transport, stragglers=Stragglers.LOGNORMAL)
    record = made(store, partition, replace(SMALL, clocks=12), Options(launcher, time_limit=120))
    assert 0 < gap(record) < 1e-13
    assert check(events(record)).verdict is Word.SUPPORTED


@pytest.mark.parametrize("optimizer", [Optimizer.MOMENTUM, Optimizer.ADAM])
def test_optimizers_and_dropout_are_those_of_the_reference(store: Store, optimizer: Optimizer) -> None:
    regularisation = Regularisation(l1=1e-4, l2=1e-3, dropout=0.3)
    training = replace(SMALL, optimizer=optimizer, regularisation=regularisation, step_size=StepSize(0.01), summed=2)
    assert 0 < gap(made(store, StalePartition(2, 0), training)) < 1e-10


@pytest.mark.parametrize(
    ("transport", "staleness"), [(Transport.EAGER, 2), (Transport.PIPELINED, 2), (Transport.EAGER, inf)]
)
def test_stale_reads_keep_the_rules_and_end_with_the_same_bits(
    store: Store, transport: Transport, staleness: float
) -> None:
    record = made(store, StalePartition(4, staleness, transport, stragglers=Stragglers.PAUSES))
    found = check(events(record))
    assert found.verdict is Word.SUPPORTED, found.reason
    assert found.reads == found.writes == 4 * SMALL.clocks
    assert max(found.lags) > 0
    assert gap(record) > 1e-6


def events(record: Record) -> list[dict[str, object]]:
    return [json.loads(line) for line in record.history.splitlines()]


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (Fault.TOO_STALE, "bounded staleness"),
        (Fault.FORGETS_OWN, "read my writes"),
        (Fault.FALLS_BACK, "FIFO and monotone"),
        (Fault.FROM_FUTURE, "nothing from the future"),
        (Fault.LOSES_ONE, "nothing lost or doubled"),
    ],
)
def test_a_table_that_breaks_a_rule_is_found(store: Store, fault: Fault, rule: str) -> None:
    record = made(store, StalePartition(2, 3, fault=fault))
    assert record.gaps.worst_over_ranks(gap=VIOLATIONS, layer=rule)[0].sum() > 0
    (first, *_) = check(events(record)).violations
    assert first.name == rule
    assert first.witnesses


def test_an_update_that_is_not_finite_is_named(store: Store) -> None:
    training = replace(SMALL, step_size=StepSize(1e200), activation="relu")
    with pytest.raises(LaunchError, match=r"worker \d, clock \d, layer \d: the update holds a number that is not fin"):
        made(store, StalePartition(2, 1), training)


def test_a_worker_that_dies_ends_all_and_its_history_is_kept(store: Store) -> None:
    point = Setting(Role.CLAIM, replace(SMALL, clocks=100_000), StalePartition(2, 3), 2)
    folder = Run(SUITE, point, SeedBlock(0, 2)).folder(store, Part.DISTRIBUTED)
    journal = folder.path / "rank.1.journal"

    def kill() -> None:
        while not (journal.exists() and len(lines_of(journal)) > 100):
            time.sleep(0.05)
        victims = [p for p in _workers(store) if p.environ().get("OMPI_COMM_WORLD_RANK") == "1"]
        os.kill(victims[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(LaunchError, match="rank 1 stopped first") as caught:
        run_suite(SUITE, [point], store, OPTIONS, quiet)
    killer.join()
    assert caught.value.exit_status == 4
    assert not _workers(store)
    found = check(folder.history)
    assert found.verdict is Word.INCONCLUSIVE, found.reason
    assert found.writes > 100
    assert found.writes == sum('"write"' in line for rank in folder.histories() for line in rank)


def _workers(store: Store) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words[1:4] == ["-m", "harness", "worker"] and "distributed" in words and str(store.root) in words:
            found.append(process)
    return found


SHAPES = """
from harness.engine import ranks, runtime
from harness.engine.runtime import tf
from harness.engine.ranks import require_same_shapes
from harness.errors import BadInputError
here = ranks.join()
try:
    require_same_shapes([((2, 3), "f"), ((3,), "f"), ((3, 4 + here.rank), "f"), ((4,), "f")], here)
except BadInputError as error:
    print("rank", here.rank, "says", error, flush=True)
"""


def test_layers_of_other_shapes_are_named_on_every_rank(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(SHAPES)
    words = launch.launch_line(Launcher.MPI, 2, Hosts(), [sys.executable, str(tmp_path / "shapes.py")])
    launch.execute(words, log=tmp_path / "log", mark=str(tmp_path), time_limit=60)
    said = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("rank")]
    assert len(said) == 2
    assert all("ranks, layer 2: tensor 3 is (3, " in line and "another shape on rank" in line for line in said)


def test_no_exchange_leaves_each_worker_alone(store: Store) -> None:
    record = made(store, StalePartition(2, 3, fault=Fault.NO_EXCHANGE))
    assert not record.history
    assert set(record.gaps.rank[record.gaps.gap == TRAJECTORY].tolist()) == {0, 1}
    assert np.isfinite(gap(record))
    assert gap(record) > 1e-3
