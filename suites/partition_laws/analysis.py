"""The verdict on each law, and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.record import Record
from harness.spec.laws import Scaling, Trend
from harness.stats.laws import judge_laws
from harness.stats.suites import FIXED, Rule
from harness.verdict import Verdict
from suites.partition_laws.sweep import ANCHORS, CONTROLS, LAWS, NETS, TOLERANCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge the laws, each net by itself; the laws of the controls must be refuted.

    Args:
        records: what is stored.
        rule: for the anchors; laws need the planned number of replicates.

    Returns:
        The suite's verdict, one part per law and net.
    """
    return judge_laws("partition_laws", LAWS, ANCHORS, CONTROLS, records, TOLERANCE, rule)


def plot_blocks(records: Sequence[Record]) -> Figure:
    """Absolute gap of scheduled updates against step size, number of blocks, and blocks that wait for each updated one.

    Points are medians over replicates with 95 % order-statistic intervals, each after the same training time; thin
    black lines have the predicted slope. Legends give the exponent with its 90 % interval, and the bend: exponent of
    the right half less that of the left. Unscaled steps are a control.

    Args:
        records: what is stored.

    Returns:
        One row per net, one column per quantity.
    """
    from harness.report.laws import draw_scalings

    title = "How far scheduled weights are from undistributed ones at one training time"
    return draw_scalings(*_scalings(late=False), records, title=title)


def plot_staleness(records: Sequence[Record]) -> Figure:
    """Absolute gap of stale activations and errors against staleness, step size and share of what is late.

    Points are medians over replicates with 95 % order-statistic intervals, each after the same training time; thin
    black lines have the predicted slope of 1. Legends give the exponent with its 90 % interval, and the bend: exponent
    of the right half less that of the left. Without exchange (a control) nothing is late.

    Args:
        records: what is stored.

    Returns:
        One row per net, one column per quantity.
    """
    from harness.report.laws import draw_scalings

    title = "How far weights of stale exchanges are from undistributed ones at one training time"
    return draw_scalings(*_scalings(late=True), records, title=title)


def plot_clock(records: Sequence[Record]) -> Figure:
    """Absolute gap against clock on all examples: growth over the first clocks of both nets, a floor late in softmax.

    Lines are medians over replicates, bands 5–95 % of them; dotted black lines are the predicted course over the last
    three octaves: c and √c at first, and a floor at last. Legends give the slope with its 90 % interval.

    Args:
        records: what is stored.

    Returns:
        One panel per net, and one of the floor.
    """
    panels = [("softmax", "first clocks"), ("softmax", "floor"), ("tanh", "first clocks")]
    return _trends(records, panels, "All examples: growth over the first clocks, and a floor")


def plot_batches(records: Sequence[Record]) -> Figure:
    """Absolute gap against clock where batches are drawn: a plateau of held noise, and what of it walks away.

    Lines are medians over replicates, bands 5–95 % of them; dotted black lines are the predicted course over the last
    three octaves. Legends give the slope with its 90 % interval.

    Args:
        records: what is stored.

    Returns:
        One panel per net.
    """
    return _trends(records, [(net, "batches") for net in NETS], "Drawn batches: a plateau that walks away")


def _scalings(*, late: bool) -> tuple[list[Scaling], list[Scaling]]:
    """Laws and controls in which something is late, or nothing is."""
    laws, controls = (
        [law for law in found if isinstance(law, Scaling) and (" late" in law.name) == late]
        for found in (LAWS, CONTROLS)
    )
    return laws, controls


def _trends(records: Sequence[Record], panels: Sequence[tuple[str, str]], title: str) -> Figure:
    """Panels by net and by how the names of their laws begin."""
    from harness.report.laws import draw_trends

    trends = [law for law in LAWS if isinstance(law, Trend)]
    drawn = {
        f"{net}: {kind}": [law for law in trends if law.net == net and law.name.startswith(kind)]
        for net, kind in panels
    }
    return draw_trends(drawn, records, title=title)
