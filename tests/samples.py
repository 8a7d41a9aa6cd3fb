"""Settings that train in milliseconds, and records made by hand so that judging can be tested without training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.record import (
    ALONE,
    BASE_BATCH,
    CPU,
    EMULATED,
    EXCHANGE,
    NATURAL,
    NOISE,
    OUTCOME,
    SECONDS,
    STEP,
    TRAJECTORY,
    TRAVELLED,
    Facts,
    GapTable,
    Machine,
    Record,
)
from harness.spec import (
    DataPartition,
    Distribution,
    Fault,
    Framework,
    Layout,
    ModelPartition,
    PeerPartition,
    Precision,
    Role,
    SeedBlock,
    Setting,
    StalePartition,
    StepSize,
    Training,
    Transport,
)

MACHINE = Machine(node="test", processor="none", cores=2, memory_bytes=2**34, system="Linux")
ROUNDS = 8
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


def timed_training(batch: int = 512) -> Training:
    """What records of times made by hand are about."""
    return Training("noise", (440, *[2048] * 6, 1993), batch, 15, StepSize(0.01), precision=Precision.FLOAT32)


def timed(
    distribution: Distribution,
    share: float,
    *,
    exchange: float | None = None,
    training: Training | None = None,
    base_batch: int | None = None,
    emulated: bool = False,
    rounds: range = range(ROUNDS),
) -> Record:
    """A record of times that nobody took: T(P) is a share of T(1) if the batch does not grow."""
    chosen = training or timed_training()
    fault = distribution.fault is not Fault.NONE
    role = Role.CONTROL if fault else Role.ANCHOR if distribution == DataPartition(1) else Role.CLAIM
    point = Setting(role, chosen, distribution, ROUNDS)
    reference = base_batch or chosen.batch
    base = 0.5 * np.random.default_rng([reference, 0]).lognormal(sigma=0.02, size=ROUNDS)[list(rounds)]
    noise = np.random.default_rng([*point.id.encode(), rounds.start])
    rows = []

    def add(gap: str, layer: str, values: NDArray[np.float64], rank: int = 0) -> None:
        rows.append(
            GapTable.from_array(values[:, None], replicates=rounds, clocks=[10], layer=layer, gap=gap, rank=rank)
        )

    step = share * chosen.batch / reference * base * noise.lognormal(sigma=0.02, size=len(rounds))
    for rank in range(distribution.ranks):
        late = 1 - 0.03 * rank / distribution.ranks
        add(SECONDS, STEP, late * step, rank)
        add(CPU, STEP, 0.95 * late * step, rank)
        if exchange is not None:
            add(SECONDS, EXCHANGE, late * exchange * noise.lognormal(sigma=0.1, size=len(rounds)), rank)
        if not emulated:
            for layer in ("layer 1", "all"):
                add(TRAJECTORY, layer, np.full(len(rounds), 0.7 if fault else 1e-6), rank)
    add(SECONDS, ALONE, base)
    facts = Facts(
        suite="strong_scaling",
        setting=point,
        block=SeedBlock(rounds.start, len(rounds)),
        entropy=1,
        code="0" * 64,
        machine=MACHINE,
        versions={"python": "3.11.0", "tensorflow-cpu": "2.18.1", "horovod": "0.28.1"},
        launcher="mpi",
        commands=("mpirun -np 2 true",),
        started="2026-01-01T00:00:00+00:00",
        wall_seconds={"visit": 1.0},
        measured={EMULATED: float(emulated), BASE_BATCH: float(reference)},
    )
    return Record(facts, GapTable.concat(rows))


def timed_records(*, weak: bool = False) -> list[Record]:
    """Times of several families at 1 and 2 workers as if measured, at 4 to 16 as if emulated, in two visits."""
    found = []
    tape, ddp = PeerPartition(2, Framework.TAPE), PeerPartition(2, Framework.DDP)
    for rounds in (range(5), range(5, ROUNDS)):
        for workers in (1, 2, 4, 8, 16):
            scale = workers if weak else 1
            training = timed_training(256 * workers if weak else 512)

            def add(distribution: Distribution, share: float, exchange: float | None = None) -> None:
                emulated = distribution.workers > MACHINE.cores
                found.append(
                    timed(
                        distribution,
                        share,
                        exchange=exchange,
                        training=training,  # noqa: B023 called before it changes
                        base_batch=256 if weak else 512,
                        emulated=emulated,
                        rounds=rounds,  # noqa: B023
                    )
                )

            add(DataPartition(workers), 1.04 / workers + 0.03, 0.03)
            if workers == 1:
                continue
            add(DataPartition(workers, Fault.NO_EXCHANGE), 1.05 / workers)
            add(StalePartition(workers, 1, Transport.EAGER), 1.04 / workers + 0.02)
            add(StalePartition(workers, 3, Transport.PIPELINED), 1.03 / workers + 0.01)
            add(ModelPartition(workers, Layout.NEURON), 1.1 / workers + 0.08, 0.05 * scale)
            add(ModelPartition(workers, Layout.ALTERNATE), 1.1 / workers + 0.05, 0.03 * scale)
            if workers > 2:
                add(ModelPartition(workers, Layout.NEURON, groups=2), 1.1 / workers + 0.04, 0.02 * scale)
            if workers == 2:
                add(tape, 0.62)
                add(ddp, 0.70)
    return found
