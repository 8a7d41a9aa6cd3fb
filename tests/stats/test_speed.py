"""Speed from timed rounds: slowest rank, ratios round by round, and the base that is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_rounds import rounds
from numpy.typing import NDArray

from harness.errors import BadInputError
from harness.record import ALONE, BASE_BATCH, SECONDS, TRAJECTORY, GapTable, Record
from harness.spec import DataPartition, Fault, Role, Setting
from harness.spec.timings import SMALL
from harness.stats.speed import Interval, Times, ratio, times

ROUNDS = 9
SETTING = Setting(Role.CLAIM, SMALL.training(512), DataPartition(2), ROUNDS)
LIMIT = replace(SETTING, role=Role.CONTROL, distribution=DataPartition(2, Fault.NO_EXCHANGE))
DRIFT = np.linspace(1.0, 3.0, ROUNDS)


def with_base(record: Record, seconds: NDArray[np.float64], batch: int) -> Record:
    rows = GapTable.from_array(
        seconds[:, None], replicates=range(ROUNDS), clocks=[200], layer=ALONE, gap=SECONDS, rank=0
    )
    facts = record.facts.model_copy(update={"measured": record.facts.measured | {BASE_BATCH: float(batch)}})
    return replace(record, facts=facts, gaps=GapTable.concat([record.gaps, rows]))


def timed(batch: int) -> Times:
    return times([with_base(rounds(SETTING, 0.6 * DRIFT), DRIFT, batch)])[SETTING.id]


def test_the_slowest_rank_counts() -> None:
    assert timed(512).step == pytest.approx(dict(enumerate(0.6 * DRIFT)))
    assert timed(512).rate.median == pytest.approx(512 / (0.6 * 2.0))


def test_ratios_are_taken_round_by_round_so_that_drift_cancels() -> None:
    found = timed(512).speedup
    assert (found.median, found.low, found.high) == pytest.approx((1 / 0.6,) * 3)
    assert timed(512).efficiency.median == pytest.approx(1 / 1.2)


def test_speed_up_of_growing_work_counts_examples() -> None:
    assert timed(256).speedup.median == pytest.approx(2 / 0.6)


def test_rounds_that_only_one_side_has_do_not_count() -> None:
    assert ratio({0: 1.0, 1: 2.0, 2: 9.0}, {1: 4.0, 0: 2.0}) == Interval(0.5, -np.inf, np.inf, 2)
    assert ratio({0: 1.0}, {1: 1.0}).rounds == 0


def test_a_time_without_a_comparison_of_weights_is_refused() -> None:
    record = rounds(SETTING, DRIFT)
    rows = ~((record.gaps.gap == TRAJECTORY) & (record.gaps.replicate == 4))
    kept = GapTable(**{name: getattr(record.gaps, name)[rows] for name in GapTable.__annotations__})
    with pytest.raises(BadInputError, match="round 4"):
        replace(record, gaps=kept)
