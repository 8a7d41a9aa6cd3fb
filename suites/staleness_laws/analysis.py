"""The verdict on each law, and figures, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.record import Record
from harness.spec.laws import Trend
from harness.stats.laws import judge_laws
from harness.stats.suites import FIXED, Rule
from harness.verdict import Verdict
from suites.staleness_laws.sweep import ANCHORS, CONTROLS, LAWS, NETS, TOLERANCE

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
    return judge_laws("staleness_laws", LAWS, ANCHORS, CONTROLS, records, TOLERANCE, rule)


def plot_scaling(records: Sequence[Record]) -> Figure:
    """Absolute gap at the last clock against lateness, workers and step size: a law is a straight line of slope 1.

    Points are medians over replicates with 95 % order-statistic intervals; thin black lines have the predicted slope.
    Legends give the exponent with its 90 % interval, and the bend: exponent of the right half less that of the left.
    Without exchange (a control) nothing is late.

    Args:
        records: what is stored.

    Returns:
        One row per net, one column per quantity.
    """
    from harness.report.laws import draw_scalings

    title = "How far stale weights are from undistributed ones, by what makes them stale"
    return draw_scalings(LAWS, CONTROLS, records, title=title)


def plot_clock(records: Sequence[Record]) -> Figure:
    """Absolute gap against clock at a constant and at two decaying step sizes: a plateau, and a fall as η falls.

    Lines are medians over replicates, bands 5–95 % of them; dotted black lines follow the step size over the last three
    octaves, as the law predicts. Legends give the slope with its 90 % interval.

    Args:
        records: what is stored.

    Returns:
        One panel per net.
    """
    from harness.report.laws import draw_trends

    panels = {
        f"{net}: P = 8, s = 4, uniform delays": [law for law in LAWS if isinstance(law, Trend) and law.net == net]
        for net in NETS
    }
    return draw_trends(panels, records, title="Plateau at a constant step size, fall at a decaying one")
