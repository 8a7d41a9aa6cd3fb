"""Figures of laws: the absolute gap against what it should be a power of, and along the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from harness.record import Record
from harness.report.figures import FLOOR
from harness.report.points import draw_medians
from harness.report.sheet import sheet
from harness.spec import Role
from harness.spec.laws import Law, Scaling, Trend
from harness.stats.laws import absolute, judge_law, points, tables_of
from harness.stats.suites import covered

_MARKERS = "os^"


def draw_scalings(laws: Sequence[Law], controls: Sequence[Law], records: Sequence[Record], *, title: str) -> Figure:
    """Absolute gap at the last clock against the quantities of the laws, medians with 95 % intervals.

    Args:
        laws: those about a power are drawn, with a thin line of the predicted slope.
        controls: drawn without one.
        records: what is stored; laws that were not run are left out.
        title: of the figure.

    Returns:
        One row per net, one column per quantity; a place without a law is left free.
    """
    claimed = [law for law in laws if isinstance(law, Scaling)]
    drawn = [law for law in (*claimed, *controls) if isinstance(law, Scaling) and _complete(law, records)]
    nets, columns = (list(dict.fromkeys(found)) for found in zip(*((a.net, a.quantity) for a in claimed), strict=True))
    figure = sheet(title, 4.9 * max(4, len(columns)), 6.8 * len(nets), size=22)
    axes = figure.subplots(len(nets), len(columns), squeeze=False, sharey="row")
    for row, net in zip(axes, nets, strict=True):
        for axis, quantity in zip(row, columns, strict=True):
            if not any(law.net == net and law.quantity == quantity for law in claimed):
                axis.set_axis_off()
                continue
            mine = [law for law in drawn if law.net == net and law.quantity == quantity]
            for number, law in enumerate(mine):
                _draw_scaling(axis, law, records, number, predicted=law in claimed)
            _finish(axis, f"{net}: against {quantity.split(' (')[0]}", quantity)
        row[0].set_ylabel("‖x − w‖ at the last clock\n(units of the weights)")
    return figure


def draw_trends(panels: Mapping[str, Sequence[Trend]], records: Sequence[Record], *, title: str) -> Figure:
    """Absolute gap against clock, median and 5–95 % of replicates, with what is predicted over the last three octaves.

    Args:
        panels: laws by the title of their panel.
        records: what is stored; laws that were not run are left out.
        title: of the figure.

    Returns:
        The panels in a row.
    """
    figure = sheet(title, 9 * len(panels), 7.6, size=22)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (name, laws) in zip(axes, panels.items(), strict=True):
        for number, law in enumerate(law for law in laws if _complete(law, records)):
            _draw_trend(axis, law, records, number)
        _finish(axis, name, "clock (updates)")
        axis.set_ylabel("‖x − w‖ (units of the weights)")
    return figure


def _complete(law: Law, records: Sequence[Record]) -> bool:
    return all(covered(setting, records) for setting in law.settings)


def _stated(law: Law, records: Sequence[Record]) -> str:
    evidence = judge_law(law, records, Role.CLAIM).evidence
    if "estimate" not in evidence:
        return law.name
    interval = f"{evidence['estimate']:.2f} [{evidence['lower']:.2f}, {evidence['upper']:.2f}]"
    bend = f", bend {evidence['bend']['estimate']:.2f}" if "bend" in evidence else ""
    obvious = isinstance(law, Scaling) and law.predicted == 1
    predicted = "" if obvious else f", predicted {evidence['predicted']:.2f}"
    return f"{law.name}:\n{interval}{bend}{predicted}"


def _draw_scaling(axis: Axes, law: Scaling, records: Sequence[Record], number: int, *, predicted: bool) -> None:
    tables = tables_of(records)
    samples = [absolute(setting, tables)[0][:, -1] for setting in law.settings]
    places = np.array([quantity for quantity, _ in law.points])
    draw_medians(axis, places.tolist(), samples, label=_stated(law, records), number=number)
    logs, middles, expected = points(law, tables)
    height = np.median(middles, axis=0).mean()
    if predicted and np.isfinite(height):
        line = np.exp(height + expected - expected.mean())
        axis.plot(np.exp(logs), line, color="black", linewidth=1, linestyle="--")


def _draw_trend(axis: Axes, law: Trend, records: Sequence[Record], number: int) -> None:
    gaps, clocks = absolute(law.setting, tables_of(records))
    seen = clocks > 1  # Before the second clock nothing can be late.
    low, middle, high = np.clip(np.quantile(gaps[:, seen], [0.05, 0.5, 0.95], axis=0), FLOOR, 1e6)
    axis.plot(
        clocks[seen], middle, label=_stated(law, records), marker=_MARKERS[number % len(_MARKERS)], color=f"C{number}"
    )
    axis.fill_between(clocks[seen], low, high, color=f"C{number}", alpha=0.2, linewidth=0)
    places, logs, expected = points(law, tables_of(records))
    height = np.nan_to_num(np.median(logs, axis=0)).mean()
    axis.plot(np.exp(places), np.exp(height + expected - expected.mean()), color="black", linestyle=":", linewidth=3)


def _finish(axis: Axes, title: str, label: str) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(numticks=6))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_title(title, fontsize=17)
    axis.set_xlabel(label)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), frameon=False, fontsize=15)
