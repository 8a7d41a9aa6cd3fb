"""Exponents over replicates, the verdict on each law, and figures, from records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.record import TRAJECTORY, TRAVELLED, GapTable, Record, pooled
from harness.spec import Role, Setting
from harness.stats.equivalence import judge_equivalence
from harness.stats.suites import FIXED, Rule, covered, judge_setting, judge_trajectory
from harness.stats.trends import END_OCTAVES
from harness.verdict import Verdict, Word, with_controls, worst
from suites.staleness_laws.sweep import ANCHORS, CONTROLS, LAWS, MARGIN, NETS, TOLERANCE, Law, Scaling, Trend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "staleness_laws"
Floats = NDArray[np.float64]
Tables = Mapping[str, GapTable]
_MARKERS = "os^"


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge the laws, each net by itself; the laws of the controls must be refuted.

    Args:
        records: what is stored.
        rule: for the anchors; laws need the planned number of replicates.

    Returns:
        The suite's verdict, one part per law and net.
    """

    def equality(anchor: Setting, gaps: GapTable) -> Verdict:
        return judge_trajectory(anchor, gaps, TOLERANCE, rule)

    anchors = [judge_setting(anchor, records, equality, planned=rule is FIXED) for anchor in ANCHORS]
    claims = [judge_law(law, records, Role.CLAIM) for law in LAWS]
    controls = [judge_law(law, records, Role.CONTROL) for law in CONTROLS]
    return with_controls(NAME, claims, anchors, controls)


def judge_law(law: Law, records: Sequence[Record], role: Role) -> Verdict:
    """Judge whether the absolute gap has the predicted exponent all along, by two one-sided tests over replicates each.

    Args:
        law: what is predicted of which settings.
        records: what is stored.
        role: claim or control.

    Returns:
        Supported where the interval of the exponent lies within the margin, and that of the bend (exponent of the upper
        half of the points less that of the lower) within twice the margin; refuted where one lies outside; else
        inconclusive, as where a setting was not run in full.
    """
    subject = f"{law.net}: {law.name}"
    open_settings = [s.id for s in law.settings if covered(s, records) < s.replicates]
    if open_settings:
        reason = f"{open_settings[0]} was not run in full"
        return Verdict(Word.INCONCLUSIVE, subject, reason, {"role": role})
    places, logs, expected = points(law, _tables(records))
    predicted = float(slopes(places, expected[None])[0])
    exponent = judge_equivalence(slopes(places, logs - expected), margin=MARGIN, alpha=TOLERANCE.alpha)
    judged, found = [exponent], {name: predicted + exponent.evidence[key] for name, key in _SHIFTED.items()}
    reason = f"exponent {_interval(found)}, predicted {predicted:.3f} ± {MARGIN:g}, R = {len(logs)}"
    evidence = found | {
        "role": role,
        "predicted": predicted,
        "tolerated": MARGIN,
        "replicates": len(logs),
        "power": 0.95,
        "smallest_detectable": MARGIN + found["upper"] - found["lower"],
        "settings": [setting.id for setting in law.settings],
    }
    if len(places) >= _FEWEST_FOR_BEND:
        judged.append(judge_equivalence(bends(places, logs - expected), margin=2 * MARGIN, alpha=TOLERANCE.alpha))
        evidence["bend"] = {name: judged[1].evidence[key] for name, key in _SHIFTED.items()}
        reason += f"; bend {_interval(evidence['bend'])}, tolerated ± {2 * MARGIN:g}"
    return Verdict(worst(judgement.verdict for judgement in judged), subject, reason, evidence)


_SHIFTED = {"estimate": "difference", "lower": "lower", "upper": "upper"}
_FEWEST_FOR_BEND = 4


def _interval(found: Mapping[str, float]) -> str:
    return f"{found['estimate']:.3f} [{found['lower']:.3f}, {found['upper']:.3f}]"


def points(law: Law, tables: Tables) -> tuple[Floats, Floats, Floats]:
    """The points of a law on log scale: along an axis at the last clock, or over the last three octaves of the clock.

    Args:
        law: which settings.
        tables: gaps by id of the setting.

    Returns:
        Log of the quantity or of the clock (points,); log of the absolute gap (replicates, points), NaN where it is 0
        or infinite; and the log of what is predicted (points,), up to a constant.
    """
    if isinstance(law, Trend):
        gaps, clocks = absolute(law.setting, tables)
        late = clocks * 2**END_OCTAVES >= clocks[-1]
        gaps, clocks = gaps[:, late], clocks[late]
        step_size = law.setting.training.step_size
        expected = np.log([step_size.at(int(clock) - 1) for clock in clocks])
        return np.log(clocks), _logs(gaps), expected
    last = [absolute(setting, tables)[0][:, -1] for setting in law.settings]
    count = min(map(len, last))
    places = np.log([quantity for quantity, _ in law.points])
    return places, _logs(np.stack([gaps[:count] for gaps in last], axis=1)), law.predicted * places


def _logs(gaps: Floats) -> Floats:
    return np.asarray(np.log(np.where((gaps > 0) & np.isfinite(gaps), gaps, nan)))


def slopes(places: Floats, logs: Floats) -> Floats:
    """Least-squares slope of each replicate.

    Args:
        places: (points,) log of the quantity.
        logs: (replicates, points).

    Returns:
        (replicates,); NaN where a point is missing.
    """
    centred = places - places.mean()
    return np.asarray(logs @ centred / (centred @ centred))


def bends(places: Floats, logs: Floats) -> Floats:
    """Slope of the upper half of the points less that of the lower half, of each replicate.

    Args:
        places: (points,) log of the quantity, four or more.
        logs: (replicates, points).

    Returns:
        (replicates,); NaN where a point is missing.
    """
    half = (len(places) + 1) // 2
    return slopes(places[-half:], logs[:, -half:]) - slopes(places[:half], logs[:, :half])


def absolute(setting: Setting, tables: Tables) -> tuple[Floats, NDArray[np.int64]]:
    """The theorem's gap ‖x_c − w_c‖: the relative one times the distance travelled, all layers together.

    Args:
        setting: which run.
        tables: gaps by id of the setting.

    Returns:
        (replicates, checkpoints), in units of the weights, and (checkpoints,) clocks.
    """
    relative, clocks = tables[setting.id].worst_over_ranks(gap=TRAJECTORY, layer="all")
    travelled, _ = tables[setting.id].worst_over_ranks(gap=TRAVELLED, layer="all")
    return relative * travelled, clocks


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
    import seaborn as sns
    from matplotlib.figure import Figure

    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    laws = [law for law in (*LAWS, *CONTROLS) if isinstance(law, Scaling) and _complete(law, records)]
    columns = list(dict.fromkeys(law.quantity for law in LAWS if isinstance(law, Scaling)))
    figure = Figure(figsize=(4.9 * len(columns), 6.8 * len(NETS)), layout="constrained")
    axes = figure.subplots(len(NETS), len(columns), squeeze=False, sharey="row")
    for row, net in zip(axes, NETS, strict=True):
        for axis, quantity in zip(row, columns, strict=True):
            mine = [law for law in laws if law.net == net and law.quantity == quantity]
            for number, law in enumerate(mine):
                _draw_scaling(axis, law, records, number)
            _finish(axis, f"{net}: against {quantity.split(' (')[0]}", quantity)
        row[0].set_ylabel("‖x − w‖ at the last clock\n(units of the weights)")
    figure.suptitle("How far stale weights are from undistributed ones, by what makes them stale", fontweight="bold")
    return figure


def plot_clock(records: Sequence[Record]) -> Figure:
    """Absolute gap against clock at a constant and at two decaying step sizes: a plateau, and a fall as η falls.

    Lines are medians over replicates, bands 5–95 % of them; dotted black lines follow the step size over the last three
    octaves, as the law predicts. Legends give the slope with its 90 % interval.

    Args:
        records: what is stored.

    Returns:
        One panel per net.
    """
    import seaborn as sns
    from matplotlib.figure import Figure

    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    figure = Figure(figsize=(9 * len(NETS), 7.6), layout="constrained")
    axes = figure.subplots(1, len(NETS), squeeze=False)[0]
    for axis, net in zip(axes, NETS, strict=True):
        mine = [law for law in LAWS if isinstance(law, Trend) and law.net == net and _complete(law, records)]
        for number, law in enumerate(mine):
            _draw_trend(axis, law, records, number)
        _finish(axis, f"{net}: P = 8, s = 4, uniform delays", "clock (updates)")
        axis.set_ylabel("‖x − w‖ (units of the weights)")
    figure.suptitle("Plateau at a constant step size, fall at a decaying one", fontweight="bold")
    return figure


def _complete(law: Law, records: Sequence[Record]) -> bool:
    return all(covered(setting, records) for setting in law.settings)


def _tables(records: Sequence[Record]) -> Tables:
    return {name: table for name, (_, table) in pooled(records).items()}


def _stated(law: Law, records: Sequence[Record]) -> str:
    evidence = judge_law(law, records, Role.CLAIM).evidence
    if "estimate" not in evidence:
        return law.name
    interval = f"{evidence['estimate']:.2f} [{evidence['lower']:.2f}, {evidence['upper']:.2f}]"
    bend = f", bend {evidence['bend']['estimate']:.2f}" if "bend" in evidence else ""
    predicted = f", predicted {evidence['predicted']:.2f}" if isinstance(law, Trend) else ""
    return f"{law.name}:\n{interval}{bend}{predicted}"


def _draw_scaling(axis: Axes, law: Scaling, records: Sequence[Record], number: int) -> None:
    from harness.report.points import draw_medians

    tables = _tables(records)
    samples = [absolute(setting, tables)[0][:, -1] for setting in law.settings]
    places = np.array([quantity for quantity, _ in law.points])
    draw_medians(axis, places.tolist(), samples, label=_stated(law, records), number=number)
    logs, middles, expected = points(law, tables)
    height = np.median(middles, axis=0).mean()
    if law in LAWS and np.isfinite(height):
        line = np.exp(height + expected - expected.mean())
        axis.plot(np.exp(logs), line, color="black", linewidth=1, linestyle="--")


def _draw_trend(axis: Axes, law: Trend, records: Sequence[Record], number: int) -> None:
    from harness.report.figures import FLOOR

    gaps, clocks = absolute(law.setting, _tables(records))
    seen = clocks > 1  # Before the second clock nothing can be late.
    low, middle, high = np.clip(np.quantile(gaps[:, seen], [0.05, 0.5, 0.95], axis=0), FLOOR, 1e6)
    axis.plot(clocks[seen], middle, label=_stated(law, records), marker=_MARKERS[number], color=f"C{number}")
    axis.fill_between(clocks[seen], low, high, color=f"C{number}", alpha=0.2, linewidth=0)
    places, logs, expected = points(law, _tables(records))
    height = np.nan_to_num(np.median(logs, axis=0)).mean()
    axis.plot(np.exp(places), np.exp(height + expected - expected.mean()), color="black", linestyle=":", linewidth=3)


def _finish(axis: Axes, title: str, label: str) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

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
