from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.report.figures import gap_against_clock
from harness.report.sheet import to_png
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
