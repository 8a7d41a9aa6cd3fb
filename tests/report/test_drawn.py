from __future__ import annotations

from matplotlib.figure import Figure

from harness.report import drawn
from harness.report.sheet import to_png


def lines(figure: Figure) -> list[drawn.Drawn]:
    found = drawn.read(to_png(figure))
    assert found is not None
    return found


def test_what_a_figure_draws_is_read_from_its_file() -> None:
    assert drawn.read(b"no picture") is None
    assert drawn.read(b"\x89PNG\r\n\x1a\n") is None
    figure = Figure()
    axis = figure.add_subplot()
    axis.plot([1, 2], [1, 2], marker="o", label="é")
    axis.plot([1, 2], [1, 2])
    axis.plot([1, 2], [1, 2], marker="o", linestyle="none")
    unmarked, curve, dots = lines(figure)
    assert (unmarked.kind, unmarked.series, unmarked.joined, unmarked.between) == ("", "é", True, False)
    assert not curve.joined
    assert not dots.joined
