from __future__ import annotations

import numpy as np

from harness.planning.modelled import Point
from harness.planning.validation import EMULATED, REAL, Comparison
from harness.report.modelled import plot_beyond, plot_model_error
from harness.report.sheet import to_png

ROWS = [
    Comparison("a", 2, REAL, 0.105, 0.1, 0.09, 0.11),
    Comparison("b", 4, EMULATED, 0.5, 0.4, -np.inf, np.inf),
    Comparison("c", 8, EMULATED, 1.0, 1.0, 0.9, 1.1),
]


def test_kinds_have_markers_of_their_own_and_their_median_error_is_said() -> None:
    figure = plot_model_error(ROWS)
    (legend,) = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert "measured: 1 points, median error 5.0 %" in said
    assert "emulated: 2 points, median error 12.5 %" in said
    assert "±10 %" in said
    assert "modelled / run" in figure.axes[1].get_ylabel()
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"
    assert to_png(figure).startswith(b"\x89PNG")


def test_beyond_says_that_it_is_modelled() -> None:
    points = [
        Point(topology, law, s, count, 0.1, count / (1 + s))
        for topology in ("flat", "racks")
        for law in ("lognormal", "pauses")
        for s in (0, 3)
        for count in (1, 100, 100_000)
    ]
    figure = plot_beyond(points, measured_up_to=2)
    assert "Modelled, not measured" in figure.get_suptitle()
    assert "modelled" in figure.axes[0].get_ylabel()
    assert [axis.get_title() for axis in figure.axes] == ["stragglers: lognormal", "stragglers: pauses"]
    assert to_png(figure).startswith(b"\x89PNG")


def test_nothing_yet_is_drawn_as_such() -> None:
    for figure in (plot_model_error([]), plot_beyond([], measured_up_to=2)):
        assert to_png(figure).startswith(b"\x89PNG")
