from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.record import TRAJECTORY
from harness.report.figures import gap_against_clock, gap_by_training
from harness.report.sheet import legend_below, sheet, to_png
from harness.spec import Tolerance
from samples import gap_table, record, setting

TOLERANCE = Tolerance(
    epsilon=1e-12, delta=0.1, alpha=0.05, noise=1e-15, natural=0.1, throughout=True, margins=(), derivation=""
)


def test_every_layer_of_every_net_has_a_panel_with_units_and_epsilon() -> None:
    """A shallower net once came first, and hid the deeper layers of the others."""
    gaps = np.full((30, 6), 1e-15)
    deep = setting(2, replicates=30)
    shallow = replace(deep, training=replace(deep.training, widths=(64, 10)))
    table = gap_table(gaps)
    keep = table.layer != "layer 2"
    columns = {name: getattr(table, name)[keep] for name in table.__annotations__}
    records = [replace(record(shallow, gaps), gaps=type(table)(**columns)), record(deep, gaps)]
    figure = gap_against_clock(records, TOLERANCE, title="title")
    shown = [axis for axis in figure.axes if axis.axison]
    titles = [axis.get_title() for axis in shown]
    assert len(shown) == 2 + 3
    assert any("64–4–10, layer 2" in title for title in titles)
    assert all("R = 30" in title for title in titles)
    assert "no unit" in shown[0].get_ylabel()
    (legend,) = figure.legends
    assert {"ε = 1e-12", "2 ranks: median, 5–95 %"} <= {text.get_text() for text in legend.get_texts()}
    assert to_png(figure).startswith(b"\x89PNG")


def test_exact_zeros_and_infinities_can_be_drawn() -> None:
    gaps = np.full((30, 6), 0.0)
    gaps[0] = np.inf
    assert to_png(gap_against_clock([record(setting(2, replicates=30), gaps)], TOLERANCE, title="title"))


def test_legend_that_is_too_wide_for_its_figure_gets_fewer_columns() -> None:
    figure = sheet("wide", 8, 6)
    axis = figure.subplots()
    lines = [
        axis.plot([0, 1], [0, 1], label=f"{n}: a name that is about as long as they come here")[0] for n in range(4)
    ]
    legend_below(figure, lines, columns=3, size=14)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert legend.get_window_extent().width <= figure.bbox.width
    assert len(legend.get_texts()) == len(lines)


def test_a_bound_that_every_curve_leaves_behind_is_still_in_sight() -> None:
    made = record(setting(2, replicates=30), np.full((30, 6), 1.0))
    far = replace(made, gaps=replace(made.gaps, value=np.ones_like(made.gaps.value)))
    tolerance = replace(TOLERANCE, epsilon=1e-3)
    figure = gap_by_training([far], tolerance, gap=TRAJECTORY, title="controls")
    low, high = figure.axes[0].get_ylim()
    assert low < tolerance.epsilon < 1 < high, (low, high)
