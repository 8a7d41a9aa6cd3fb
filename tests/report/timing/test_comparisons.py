from __future__ import annotations

from dataclasses import replace

import pytest

from harness.report.timing.comparisons import FASTER, NO_DIFFERENCE, SLOWER, Comparison, comparisons
from harness.report.timing.groups import groups
from harness.spec import DataPartition, Fault, Framework, PeerPartition
from harness.stats.speed import Interval
from samples import timed, timed_records, timed_training


def test_ours_are_compared_with_peers_of_the_same_training_alone() -> None:
    fast, slow, same = (
        timed(PeerPartition(2, Framework.DDP), 0.8),
        timed(PeerPartition(2, Framework.MIRRORED), 0.3),
        timed(PeerPartition(2, Framework.TAPE), 0.5),
    )
    other = timed(DataPartition(2), 0.5, training=replace(timed_training(), clocks=25))
    records = [other, timed(DataPartition(2), 0.5), timed(DataPartition(2, Fault.NO_EXCHANGE), 0.5), fast, slow, same]
    found = comparisons(groups(records))
    words = {row.peer.setting.distribution.framework: row.word for row in found}
    assert len(groups(records)) == 1
    assert len(found) == 3
    assert words == {"ddp": FASTER, "mirrored": SLOWER, "tape": NO_DIFFERENCE}


def test_the_word_is_that_of_the_whole_interval() -> None:
    (one, *_) = groups(timed_records())[0].points
    words = [
        Comparison(one, one, Interval(median, low, high, 8)).word
        for median, low, high in [(1.2, 1.1, 1.3), (1.1, 0.9, 1.3), (0.9, 0.8, 1.1), (0.9, 0.8, 0.95)]
    ]
    assert words == [FASTER, NO_DIFFERENCE, NO_DIFFERENCE, SLOWER]


@pytest.mark.parametrize(("low", "high"), [(1.0004, 1.116), (0.9, 0.99996)])
def test_the_word_says_no_more_than_the_interval_does_as_it_is_printed(low: float, high: float) -> None:
    (one, *_) = groups(timed_records())[0].points
    assert Comparison(one, one, Interval(low, low, high, 8)).word == NO_DIFFERENCE
