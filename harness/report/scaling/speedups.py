"""Figure of speed-up and efficiency against workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.errors import BadInputError
from harness.record import Record
from harness.report.scaling.looks import KINDS, Looks, by_family, of_published
from harness.report.scaling.panel import Panel, comparable
from harness.report.sheet import legend_below, nothing_yet, sheet
from harness.report.timing.groups import Group, groups
from harness.report.timing.names import EMULATED, MEASURED, MODELLED, is_limit, workers

_LEAST_AXIS = 8  # workers: so far go the published series of small numbers
_WORDS = {
    MEASURED: "measured: ranks on cores of their own",
    EMULATED: "emulated: sleep for computing, real exchange",
    MODELLED: "modelled: calculated",
}


def speedup(
    records: Sequence[Record],
    modelled: Mapping[str, Mapping[int, float]] | None = None,
    *,
    title: str = "Speed-up and efficiency",
) -> Figure:
    """Speed-up and efficiency against workers: medians over rounds with 95 % intervals, between two bounds.

    Args:
        records: of one suite.
        modelled: speed-ups that were calculated, by family and number of workers; for records of one net and load.
        title: of the figure.

    Returns:
        One row per net and load: the rate of P workers over that of the reference, and the same over P.

    Raises:
        BadInputError: points were modelled, but the records are of several nets or loads.

    References:
        hoefler2015, sergeev2018, shoeybi2019, kumar2015, zhang2017
    """
    found = [group for group in groups(records) if any(point.alone for point in group.points)]
    if not found:
        return nothing_yet(title)
    if modelled and len(found) > 1:
        raise BadInputError(
            f"modelled points belong to one net and load, records to {len(found)}",
            where="speed-up",
            remedy="draw one at a time: `harness.report.series.groups` names them",
        )
    calculated, cores = modelled or {}, records[0].facts.machine.cores
    figure = sheet(title, 17, 7.4 * len(found) + 4.2, size=22)
    axes = figure.subplots(len(found), 2, squeeze=False)
    looks = by_family([name for group in found for name, _ in group.series()] + [*calculated])
    for row, group in zip(axes, found, strict=True):
        top = max(_LEAST_AXIS, *map(workers, group.points), *(n for counts in calculated.values() for n in counts))
        for axis, divided in zip(row, (False, True), strict=True):
            panel = Panel(axis, group, looks, top, divided)
            panel.draw_bounds(cores)
            panel.draw_families()
            for name, speedups in calculated.items():
                panel.draw_modelled(name, speedups)
            panel.draw_published()
            panel.finish()
    kinds = [how for group in found for _, how in group.series()] + [MODELLED] * bool(calculated)
    legend_below(figure, _two_columns(_families(looks), _others(found, kinds, cores)), columns=2, size=15)
    return figure


def _families(looks: Looks) -> list[Line2D]:
    return [Line2D([], [], label=name, markersize=11, linestyle="none", **look) for name, look in looks.items()]


def _others(found: Sequence[Group], kinds: Sequence[str], cores: int) -> list[Line2D | Patch]:
    """How everything is drawn that is not told by its family."""
    others: list[Line2D | Patch] = [
        Line2D([], [], marker="o", color="0.3", markersize=11, label=words, **KINDS[how])
        for how, words in _WORDS.items()
        if how in kinds
    ]
    others.append(Line2D([], [], color="black", linewidth=2, label="ideal"))
    if any(is_limit(point.setting) for group in found for point in group.points):
        others.append(Line2D([], [], color="black", marker="x", linestyle="-.", label="limit: no exchange"))
    others.append(Patch(color="0.9", label=f"more workers than this machine's {cores} cores"))
    seen = {id(published): (n, published) for group in found for n, published in enumerate(comparable(group))}
    return others + [Line2D([], [], label=published.label, **of_published(n)) for n, published in seen.values()]


def _two_columns(left: Sequence[Any], right: Sequence[Any]) -> list[Any]:
    """Columns of one length."""
    length = max(len(left), len(right))
    nothing = Line2D([], [], linestyle="none", label=" ")
    return [handle for column in (left, right) for handle in [*column, *[nothing] * (length - len(column))]]
