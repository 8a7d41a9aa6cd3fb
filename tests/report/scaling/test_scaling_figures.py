"""Figures of times, from records made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.record import Record
from harness.report import scaling
from harness.report.sheet import to_png
from harness.spec import DataPartition
from harness.stats.speed import times
from samples import record, setting, timed, timed_records, timed_training

FIGURES = [scaling.speedup, scaling.breakdown, scaling.rates]


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize(
    "records",
    [
        [],
        [record(setting(2), np.full((3, 4), 1e-15))],
        timed_records()[:1],
        [timed(DataPartition(2), 0.5, rounds=range(3))],
        timed_records(),
        timed_records(weak=True),
        [*timed_records(), timed(DataPartition(2), 0.5, training=timed_training(256))],
    ],
    ids=["nothing", "nothing timed", "one visit", "no interval", "strong", "weak", "two loads"],
)
def test_every_figure_is_drawn(draw: type[Figure], records: Sequence[Record]) -> None:
    figure = draw(records)
    assert isinstance(figure, Figure)
    assert to_png(figure).startswith(b"\x89PNG")
    if not records or records[0].facts.suite != "strong_scaling":
        assert "no record yet" in [text.get_text() for text in figure.texts]


def test_slow_downs_are_named_as_fractions() -> None:
    slow = [timed(DataPartition(1), 0.5), timed(DataPartition(2), 40.0)]
    figure = scaling.speedup(slow)
    to_png(figure)
    said = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert {"1/64×", "1/4×", "1×"} <= set(said)
    assert not [label for label in said if "." in label]


@pytest.mark.parametrize("weak", [False, True])
def test_no_interval_of_a_rate_is_cut_off(weak: bool) -> None:
    records = timed_records(weak=weak)
    drawn = 0
    for axis in scaling.rates(records).axes:
        low, high = axis.get_xlim()
        ends = [x for bars in axis.collections for segment in bars.get_segments() for x, _ in segment]
        assert low <= min(ends) < max(ends) <= high
        drawn += len(ends) // 2
    assert drawn == len(times(records))


def test_an_interval_without_an_end_runs_out_of_its_panel() -> None:
    (axis, *_) = scaling.rates([timed(DataPartition(2), 0.5, rounds=range(3))]).axes
    low, high = axis.get_xlim()
    assert 0 <= low < high < 1e6


def test_no_bar_ends_at_the_edge_as_if_it_were_cut_off() -> None:
    """Where computing by itself takes longer than the step, nothing is left for the parts after it."""
    (axis, *_) = scaling.breakdown([timed(DataPartition(1), 0.8)]).axes
    ends = [bar.get_x() + bar.get_width() for bar in axis.patches]
    assert 0 < max(ends) < axis.get_xlim()[1]
