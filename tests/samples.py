"""Settings that train in milliseconds, and records made by hand so that judging can be tested without training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.record import NATURAL, NOISE, OUTCOME, TRAJECTORY, TRAVELLED, Facts, GapTable, Machine, Record
from harness.spec import DataPartition, Fault, Role, SeedBlock, Setting, StepSize, Training

MACHINE = Machine(node="test", processor="none", cores=2, memory_bytes=2**34, system="Linux")
TINY = Training(data="teacher", widths=(64, 4, 10), batch=8, clocks=12, step_size=StepSize(0.1), checkpoints=5)


def setting(workers: int = 2, fault: Fault = Fault.NONE, replicates: int = 3, role: Role | None = None) -> Setting:
    """A setting that trains in milliseconds."""
    assumed = Role.CLAIM if fault is Fault.NONE else Role.CONTROL
    return Setting(role or assumed, TINY, DataPartition(workers, fault), replicates)


def gap_table(
    gaps: NDArray[np.float64], *, noise: float = 1e-15, travelled: float = 1.0, outcomes: float = 0.0, first: int = 0
) -> GapTable:
    """Gaps of two layers and all, the given ones in `layer 2`."""
    clocks = 2 ** np.arange(gaps.shape[1])
    replicates = range(first, first + len(gaps))
    constant = np.ones_like(gaps)
    rows = []
    for layer in ("layer 1", "layer 2", "all"):
        for gap, values in (
            (TRAVELLED, travelled * constant),
            (NOISE, noise * constant),
            (NATURAL, 0.1 * constant),
            (TRAJECTORY, gaps if layer == "layer 2" else noise * constant),
        ):
            rows.append(GapTable.from_array(values, replicates=replicates, clocks=clocks, layer=layer, gap=gap, rank=0))
    for outcome in ("error rate", "loss"):
        differences = outcomes * constant[:, :1]
        rows.append(
            GapTable.from_array(
                differences, replicates=replicates, clocks=clocks[-1:], layer=outcome, gap=OUTCOME, rank=0
            )
        )
    return GapTable.concat(rows)


def record(
    point: Setting, gaps: NDArray[np.float64], *, machine: Machine = MACHINE, code: str = "0" * 64, first: int = 0
) -> Record:
    """A record of a run that never was."""
    facts = Facts(
        suite="data_partition_bsp",
        setting=point,
        block=SeedBlock(first, len(gaps)),
        entropy=1,
        code=code,
        machine=machine,
        versions={"python": "3.11.0"},
        launcher="mpi",
        commands=("mpirun -np 2 true",),
        started="2026-01-01T00:00:00+00:00",
        wall_seconds={"distributed": 1.0},
        measured={"median_error_rate_reference": 0.1},
    )
    return Record(facts, gap_table(gaps, first=first))
