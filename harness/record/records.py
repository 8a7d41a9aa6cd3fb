"""A run as it is stored, and several of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import BadInputError
from harness.record.facts import Facts, Machine
from harness.record.gaps import GapTable
from harness.record.quantities import EMULATED, SECONDS, TRAJECTORY
from harness.spec import Setting


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
