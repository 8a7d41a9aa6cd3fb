"""What timed rounds of a setting leave: times, and how far the weights ended from the reference's; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.record import (
    ALONE,
    BASE_BATCH,
    CPU,
    EMULATED,
    EXCHANGE,
    SECONDS,
    SLEPT,
    STEP,
    TRAJECTORY,
    GapTable,
    Measurement,
)
from harness.spec import ModelPartition, Setting
from harness.turns import Answer


@dataclass(frozen=True)
class Taken:
    """Turns that a setting took.

    Args:
        setting: who was timed.
        clocks: how many clocks of each turn were timed.
        answers: of each rank, by number of the round.
        base: the undistributed training whose time is T(1).
        alone: its turns, by number of the round.
        slept: seconds per clock that ranks slept in the place of computing; 0 where they computed.
        emulated: whether they slept.
    """

    setting: Setting
    clocks: int
    answers: Mapping[int, Sequence[Answer]]
    base: Setting
    alone: Mapping[int, Answer]
    slept: float
    emulated: bool


def measure(taken: Taken) -> Measurement:
    """Seconds per clock of every rank and round, and in the same round T(1) and the relative gap to the reference.

    Args:
        taken: the turns.

    Returns:
        Gaps `seconds`, `cpu seconds` and, where something was computed, `trajectory`.
    """
    tables = []
    for number, answers in taken.answers.items():
        rows = [(SECONDS, ALONE, 0, taken.alone[number].seconds)]
        for rank, answer in enumerate(answers):
            rows += [(SECONDS, STEP, rank, answer.seconds), (CPU, STEP, rank, answer.cpu_seconds)]
            if np.isfinite(answer.exchange_seconds):
                rows.append((SECONDS, EXCHANGE, rank, answer.exchange_seconds))
        rows += [(TRAJECTORY, layer, rank, gap) for layer, rank, gap in _gaps(taken.setting, answers)]
        tables += [
            GapTable.from_array(
                np.array([[value]]), replicates=[number], clocks=[taken.clocks], layer=layer, gap=gap, rank=rank
            )
            for gap, layer, rank, value in rows
        ]
    measured = {EMULATED: float(taken.emulated), SLEPT: taken.slept}
    measured[BASE_BATCH] = float(taken.base.training.batch)
    return Measurement(GapTable.concat(tables), measured)


def _gaps(setting: Setting, answers: Sequence[Answer]) -> list[tuple[str, int, float]]:
    """‖w − w_ref‖ / ‖w_ref − w_0‖ per layer and for all together; of a divided net over all shares at once."""
    if not answers[0].differences:
        return []
    apart, moved = (np.array([getattr(a, name) for a in answers]) for name in ("differences", "travelled"))
    if isinstance(setting.distribution, ModelPartition):
        apart, moved = apart.sum(axis=0, keepdims=True), moved.sum(axis=0, keepdims=True)
    found = []
    for rank, (d, t) in enumerate(zip(apart, moved, strict=True)):
        found += [(f"layer {at}", rank, gap) for at, gap in enumerate(_relative(d, t), start=1)]
        found += [("all", rank, gap) for gap in _relative(d.sum(keepdims=True), t.sum(keepdims=True))]
    return found


def _relative(apart: NDArray[np.float64], moved: NDArray[np.float64]) -> list[float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.where(apart == 0, 0.0, np.sqrt(apart / moved))
    return [float(gap) for gap in np.where(np.isnan(gaps), np.inf, gaps)]
