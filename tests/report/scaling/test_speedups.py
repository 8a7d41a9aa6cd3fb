"""Speed-ups from records made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.errors import BadInputError
from harness.report import drawn
from harness.report.scaling import speedup
from harness.report.sheet import to_png
from harness.report.timing.groups import groups
from harness.report.timing.names import EMULATED, MEASURED, MODELLED
from harness.report.timing.published import PUBLISHED
from harness.spec import DataPartition
from harness.stats.speed import Interval, times
from samples import timed, timed_records, timed_training


def lines(figure: Figure) -> list[drawn.Drawn]:
    found = drawn.read(to_png(figure))
    assert found is not None
    return found


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_measured_and_emulated_points_are_never_joined() -> None:
    found = lines(speedup(timed_records()))
    bsp = [line for line in found if line.series == "data, BSP"]
    assert {(line.kind, line.points) for line in bsp} == {(MEASURED, 2), (EMULATED, 3)}
    assert all(line.joined for line in bsp)
    # Between 2 × 2 and 2 × 4 workers there is nothing.
    assert not any(line.joined for line in found if line.series.startswith("hybrid"))
    assert {line.series for line in found if line.kind == drawn.BOUND} == {"ideal", "no exchange"}


def test_points_stand_at_their_speedup_with_their_interval() -> None:
    records = [timed(DataPartition(1), 1.1), timed(DataPartition(2), 0.55)]
    axis, other = speedup(records).axes
    for panel, divided in ((axis, False), (other, True)):
        (line,) = [line for line in panel.lines if "data, BSP" in (line.get_gid() or "")]
        expected = [t.efficiency if divided else t.speedup for t in times(records).values()]
        np.testing.assert_allclose(line.get_ydata(orig=False), [interval.median for interval in expected])
        (bars,) = [c for c in panel.collections if len(c.get_segments()) == 2]
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, [[interval.low, interval.high] for interval in expected])


def test_the_base_is_named_with_its_time() -> None:
    strong, weak = (speedup(timed_records(weak=weak)).axes[1].get_title() for weak in (False, True))
    base = Interval.of(np.array([*groups(timed_records())[0].base.values()]))
    assert f"{1e3 * base.median:.4g} [{1e3 * base.low:.4g}, {1e3 * base.high:.4g}] ms per clock" in strong
    assert "same batch of 512" in strong
    assert "batch 256, that of one worker" in weak


def test_modelled_points_have_a_label_of_their_own_and_one_net() -> None:
    model = {"data, BSP": {1: 1.0, 64: 40.0}}
    figure = speedup(timed_records(), model)
    found = [line for line in lines(figure) if line.kind == MODELLED]
    assert [(line.series, line.points) for line in found] == [("data, BSP", 2)] * 2
    assert any(text.startswith("modelled") for text in texts(figure))
    assert not any(text.startswith("modelled") for text in texts(speedup(timed_records())))
    (line,) = [line for line in figure.axes[1].lines if MODELLED in (line.get_gid() or "")]
    assert line.get_fillstyle() == "none"
    np.testing.assert_allclose(line.get_ydata(orig=False), [1.0, 40 / 64])
    with pytest.raises(BadInputError, match="one net and load"):
        speedup([*timed_records(), timed(DataPartition(2), 0.5, training=timed_training(128))], model)


def test_published_series_are_those_of_the_same_scaling_each_with_a_source(
    pytestconfig: pytest.Config,
) -> None:
    keys = (pytestconfig.rootpath / "harness" / "references.bib").read_text()
    for weak in (False, True):
        shown = texts(speedup(timed_records(weak=weak)))
        for series in PUBLISHED:
            assert f"{{{series.source}," in keys
            assert (series.label in shown) == (series.weak == weak)
    horovod = [series for series in PUBLISHED if series.source == "sergeev2018"]
    assert ["90%" in series.label or "68%" in series.label for series in horovod] == [True, True]
