"""Records made by hand whose absolute gaps follow a law that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.record import NATURAL, NOISE, OUTCOME, TRAJECTORY, TRAVELLED, GapTable, Record
from harness.schedule import checkpoints
from harness.spec import Setting
from harness.spec.laws import Scaling, Trend
from harness.stats.laws import expected_course
from samples import record

TRAVEL = 2.0


def made(setting: Setting, gaps: np.ndarray) -> Record:
    """A record with these absolute gaps, (replicates, checkpoints)."""
    clocks, replicates = checkpoints(setting.training.clocks, setting.training.checkpoints), range(len(gaps))
    ones = np.ones_like(gaps)
    values = {TRAJECTORY: gaps / TRAVEL, TRAVELLED: TRAVEL * ones, NOISE: 1e-16 * ones, NATURAL: 0.1 * ones}
    tables = [
        GapTable.from_array(array, replicates=replicates, clocks=clocks, layer="all", gap=gap, rank=0)
        for gap, array in values.items()
    ]
    tables += [
        GapTable.from_array(0 * ones[:, :1], replicates=replicates, clocks=clocks[-1:], layer=name, gap=OUTCOME, rank=0)
        for name in ("error rate", "loss")
    ]
    blank = record(setting, gaps)
    facts = blank.facts.model_copy(update={"suite": "laws", "setting": setting})
    return replace(blank, facts=facts, gaps=GapTable.concat(tables))


def along(law: Scaling, exponent: float, spread: float = 0.1, seed: int = 7) -> list[Record]:
    """Last gaps that follow a power of the quantity, with noise of each replicate at each point; others are all 1."""
    draws = np.random.default_rng(seed)
    records = []
    for quantity, setting in law.points:
        gaps = np.ones((
            setting.replicates,
            len(checkpoints(setting.training.clocks, setting.training.checkpoints)),
        ))
        gaps[:, -1] = 1e-3 * quantity**exponent * np.exp(spread * draws.standard_normal(setting.replicates))
        records.append(made(setting, gaps))
    return records


def in_time(law: Trend, strength: float = 1.0, spread: float = 0.1) -> list[Record]:
    """Gaps that follow the law along the clock, or it to another power."""
    draws, training = np.random.default_rng(8), law.setting.training
    clocks = checkpoints(training.clocks, training.checkpoints)
    noise = np.exp(spread * draws.standard_normal((law.setting.replicates, len(clocks))))
    return [made(law.setting, 1e-2 * np.exp(strength * expected_course(law, clocks)) * noise)]
