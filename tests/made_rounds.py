"""Records of timed rounds made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.record import EMULATED, SECONDS, STEP, TRAJECTORY, GapTable, Record
from harness.spec import Setting
from samples import record


def rounds(setting: Setting, seconds: Sequence[float], *, emulated: bool = False, gap: float | None = 1e-7) -> Record:
    """Seconds per clock of two ranks in every round, the second the slower, and a gap to the reference if any."""
    count = len(seconds)

    def rows(values: Sequence[float], gap: str, layer: str, rank: int = 0) -> GapTable:
        array = np.asarray(values, float)[:, None]
        return GapTable.from_array(array, replicates=range(count), clocks=[120], layer=layer, gap=gap, rank=rank)

    tables = [rows(0.5 * np.asarray(seconds), SECONDS, STEP), rows(seconds, SECONDS, STEP, 1)]
    if gap is not None:
        tables += [rows([gap] * count, TRAJECTORY, layer) for layer in ("layer 1", "all")]
    blank = record(setting, np.ones((count, 5)))
    facts = blank.facts.model_copy(update={"measured": {EMULATED: float(emulated)}})
    return replace(blank, facts=facts, gaps=GapTable.concat(tables))
