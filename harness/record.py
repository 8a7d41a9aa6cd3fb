"""What a run leaves behind: facts that never change, and its gaps in long form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from harness.errors import BadInputError
from harness.spec import SeedBlock, Setting

SCHEMA_VERSION = 2

# Which gap a row holds; what relative means is said in `engine.gaps`.
TRAJECTORY = "trajectory"  # of distributed weights to the reference, relative
NOISE = "aa"  # of the reference to itself with another order of summation, relative
NATURAL = "natural"  # of the reference to itself with another order of the data, relative
TRAVELLED = "travelled"  # distance of the reference from its initial weights
FUNCTION = "function"  # of distributed predictions to those of the reference, relative
ALIGNED = "aligned"  # as trajectory, hidden units permuted to come nearest
VIOLATIONS = "violations"  # of a rule of SSP in one launch, its name in the place of the layer
LAG = "lag"  # reads of one launch that were so many clocks behind another worker, the number in the place of the layer
VIEW = "view"  # of what was read to what had been written, over its bound
TO_TARGET = "clocks to target"  # until the loss has fallen to a target, infinite where it has not; whose: the layer
SECONDS_TO_TARGET = "seconds to target"  # the same in wall time of the slowest rank, from the first timed clock on
LOSS = "loss"  # on the whole data set, nats, at a checkpoint, infinite where it is not finite; whose: the layer
ELAPSED = "elapsed seconds"  # of wall time from the first timed clock to a checkpoint; whose: the layer
SLOWDOWN = "slowdown"  # distributed clocks to target over those of the reference, NaN where neither gets there
SECONDS = "seconds"  # wall time of a clock on one rank in one round; what of it: the layer, one of the next three
STEP, ALONE, EXCHANGE = "step", "alone", "exchange"  # the whole; the reference's, in the same round; collectives alone
CPU = "cpu seconds"  # the same, in time of the processor, all threads of the rank
BASE_BATCH = "base_batch"  # among the measured facts: examples per clock of the reference whose time is T(1)
TARGET_LOSS = "target_loss"  # among the measured facts: the loss that the target is
EMULATED = "emulated"  # among the measured facts: 1 where ranks slept in the place of computing, else 0
OUTCOME = "outcome"  # distributed minus undistributed outcome, its name in the place of the layer


class Machine(BaseModel):
    """The machine that a run was made on; results of two machines are never pooled.

    Attributes:
        node: network name.
        processor: model name.
        cores: usable logical cores.
        memory_bytes: main memory.
        system: operating system and release.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: str
    processor: str
    cores: int
    memory_bytes: int
    system: str

    @property
    def id(self) -> str:
        """One line that names the machine."""
        return f"{self.node} ({self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB)"


class Facts(BaseModel):
    """Everything about a run apart from its gaps.

    Attributes:
        suite: name of the suite.
        setting: the point of the sweep.
        block: the seeds.
        entropy: entropy of the `numpy.random.SeedSequence` that all streams are spawned from.
        code: hash of the code that the result depends on.
        machine: where it ran.
        versions: versions of Python and of the packages that matter.
        launcher: `mpi` or `gloo`, or `by hand` where the user launched the ranks.
        commands: the exact launch lines.
        started: ISO 8601 time, UTC.
        wall_seconds: wall time per part, start-up included; provenance, not a benchmark.
        measured: scalar facts that the suite's `measure` returned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    schema_version: int = SCHEMA_VERSION
    suite: str
    setting: Setting
    block: SeedBlock
    entropy: int
    code: str
    machine: Machine
    versions: dict[str, str]
    launcher: str
    commands: tuple[str, ...]
    started: str
    wall_seconds: dict[str, float]
    measured: dict[str, float]


@dataclass(frozen=True)
class GapTable:
    """Gaps in long form: row i is one number, columns are of equal length.

    Args:
        replicate: (rows,) number of the replicate.
        clock: (rows,) updates made.
        rank: (rows,) rank whose weights were compared; 0 where there are no ranks.
        layer: (rows,) name of the layer, `all` for all together.
        gap: (rows,) which gap.
        value: (rows,) the number; infinite where weights were not finite.
    """

    replicate: NDArray[np.int32]
    clock: NDArray[np.int32]
    rank: NDArray[np.int32]
    layer: NDArray[np.str_]
    gap: NDArray[np.str_]
    value: NDArray[np.float64]

    @classmethod
    def from_array(
        cls,
        values: NDArray[np.float64],
        *,
        replicates: Sequence[int],
        clocks: Sequence[int] | NDArray[np.int64],
        layer: str,
        gap: str,
        rank: int,
    ) -> GapTable:
        """Long form of one array.

        Args:
            values: (replicates, clocks).
            replicates: their numbers.
            clocks: the checkpoints.
            layer: name of the layer.
            gap: which gap.
            rank: whose weights.

        Returns:
            One row per element.
        """
        rows = values.size
        return cls(
            replicate=np.repeat(np.asarray(replicates, np.int32), len(clocks)),
            clock=np.tile(np.asarray(clocks, np.int32), len(replicates)),
            rank=np.full(rows, rank, np.int32),
            layer=np.full(rows, layer),
            gap=np.full(rows, gap),
            value=values.ravel(),
        )

    @classmethod
    def concat(cls, tables: Sequence[GapTable]) -> GapTable:
        """Rows of several tables one after the other.

        Args:
            tables: one or more.

        Returns:
            The joined table.
        """
        return cls(**{name: np.concatenate([getattr(t, name) for t in tables]) for name in cls.__annotations__})

    def counted(self, gap: str) -> dict[str, float]:
        """Sums of counts over launches.

        Args:
            gap: which, its name in the place of the layer.

        Returns:
            The sum by name.
        """
        rows = self.gap == gap
        names = dict.fromkeys(self.layer[rows].tolist())
        return {name: float(self.value[rows & (self.layer == name)].sum()) for name in names}

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers in order of appearance."""
        return tuple(dict.fromkeys(self.layer[self.gap == TRAJECTORY].tolist()))

    def worst_over_ranks(self, *, gap: str, layer: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """One gap as an array, the largest over ranks.

        Args:
            gap: which gap.
            layer: name of the layer, or `all`.

        Returns:
            values (replicates, clocks) and clocks (clocks,).

        Raises:
            BadInputError: the table holds no such gap, or a hole in it.
        """
        rows = (self.gap == gap) & (self.layer == layer)
        replicates, r = np.unique(self.replicate[rows], return_inverse=True)
        clocks, c = np.unique(self.clock[rows], return_inverse=True)
        if not len(replicates):
            raise BadInputError(f"no gap {gap!r} of layer {layer!r} was recorded", where="gaps")
        values = np.full((len(replicates), len(clocks)), -np.inf)
        np.maximum.at(values, (r, c), self.value[rows])
        if np.isneginf(values).any():
            raise BadInputError(f"gap {gap!r} of layer {layer!r} misses replicates or clocks", where="gaps")
        return values, clocks.astype(np.int64)

    def signed(self, *, gap: str, layer: str) -> NDArray[np.float64]:
        """One quantity of either sign at its last clock, of largest size over ranks.

        Args:
            gap: which quantity.
            layer: its layer, or the name of an outcome.

        Returns:
            (replicates,).

        Raises:
            BadInputError: the table holds no such quantity.
        """
        rows = (self.gap == gap) & (self.layer == layer)
        if not rows.any():
            raise BadInputError(f"no {gap} of {layer!r} was recorded", where="gaps")
        rows &= self.clock == self.clock[rows].max()
        size = np.where(np.isnan(self.value[rows]), np.inf, np.abs(self.value[rows]))
        order = np.lexsort((size, self.replicate[rows]))
        replicates = self.replicate[rows][order]
        last = np.append(replicates[1:] != replicates[:-1], True)
        return np.asarray(self.value[rows][order][last])

    def offender(self, *, gap: str, layer: str) -> dict[str, Any]:
        """The row with the largest value.

        Args:
            gap: which gap.
            layer: name of the layer, or `all`.

        Returns:
            Its replicate, clock, rank and value.
        """
        rows = np.flatnonzero((self.gap == gap) & (self.layer == layer))
        row = rows[np.argmax(self.value[rows])]
        return {
            "replicate": int(self.replicate[row]),
            "clock": int(self.clock[row]),
            "rank": int(self.rank[row]),
            "value": float(self.value[row]),
        }


def pooled(records: Sequence[Record]) -> dict[str, tuple[Setting, GapTable]]:
    """Gaps of all blocks of a setting together.

    Args:
        records: of any settings.

    Returns:
        By id of the setting, in the order of the records.
    """
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.facts.setting.id, []).append(record)
    return {name: (mine[0].facts.setting, GapTable.concat([r.gaps for r in mine])) for name, mine in found.items()}


@dataclass(frozen=True)
class Measurement:
    """What a suite's `measure` makes of the parts of a run.

    Args:
        gaps: the gaps.
        measured: scalar facts, units in their names.
    """

    gaps: GapTable
    measured: dict[str, float]


@dataclass(frozen=True)
class Record:
    """A run as it is stored.

    Args:
        facts: everything but the gaps.
        gaps: the gaps.
        history: reads, writes and final states as JSON lines, the header first; empty where none was kept.

    Raises:
        BadInputError: something was timed that computed weights, and these were not compared with the reference's.
    """

    facts: Facts
    gaps: GapTable
    history: str = ""

    def __post_init__(self) -> None:
        timed, compared = (set(self.gaps.replicate[self.gaps.gap == gap].tolist()) for gap in (SECONDS, TRAJECTORY))
        if not self.facts.measured.get(EMULATED) and timed - compared:
            raise BadInputError(
                "a time without a comparison of weights is not stored",
                where=f"{self.facts.setting.id}, round {min(timed - compared)}",
                remedy="compare what was trained in the round with the reference",
            )


def one_machine(records: Sequence[Record]) -> Machine:
    """The machine that all records come from.

    Args:
        records: one or more.

    Returns:
        The machine.

    Raises:
        BadInputError: the records come from two machines.
    """
    machines = {record.facts.machine.id: record.facts.machine for record in records}
    if len(machines) > 1:
        raise BadInputError(
            f"records of {len(machines)} machines are never pooled: {'; '.join(machines)}",
            where=f"suite {records[0].facts.suite}",
            remedy="keep one results folder per machine (--results)",
        )
    return next(iter(machines.values()))
