"""Two sets of records of the same settings: which gaps and verdicts differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.record import Record
from harness.stats.intervals import median_interval
from harness.verdict import Verdict

NO_DIFFERENCE, LARGER, SMALLER = "no difference shown", "larger", "smaller"


@dataclass(frozen=True)
class Comparison:
    """One setting, before and after.

    Args:
        setting: its id.
        before: median final gap of all layers with its interval.
        after: the same.
        gap: larger, smaller, or no difference shown.
        verdicts: the word before and the word after.
    """

    setting: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    gap: str
    verdicts: tuple[str, str]

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return asdict(self)


def compare(
    before: Sequence[Record], after: Sequence[Record], verdicts: tuple[Verdict, Verdict], *, alpha: float = 0.05
) -> list[Comparison]:
    """Compare the final gaps of settings that both sides hold.

    A difference is shown where the intervals of the medians do not overlap.

    Args:
        before: records of one side.
        after: records of the other.
        verdicts: verdict of the suite on either side.
        alpha: error probability of each interval.

    Returns:
        One comparison per shared setting, in the order of the first side.
    """
    others = {record.facts.setting.id: record for record in after}
    words = [{part.subject: str(part.word) for part in verdict.parts} for verdict in verdicts]
    found = []
    for record in before:
        name = record.facts.setting.id
        if name not in others:
            continue
        old, new = median_interval(_final(record), alpha), median_interval(_final(others[name]), alpha)
        gap = LARGER if new[1] > old[2] else SMALLER if new[2] < old[1] else NO_DIFFERENCE
        found.append(Comparison(name, old, new, gap, (words[0][name], words[1][name])))
    return found


def _final(record: Record) -> NDArray[np.float64]:
    values, _ = record.gaps.worst_over_ranks(gap="trajectory", layer="all")
    return values[:, -1]
