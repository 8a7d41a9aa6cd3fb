"""Slowdowns compared replicate by replicate, the verdict, and figures, from records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.record import SLOWDOWN, TO_TARGET, Record, pooled
from harness.spec import Optimizer, Role, Setting
from harness.stats.intervals import binomial_lower, binomial_upper, median_interval
from harness.stats.signed_rank import location_interval
from harness.stats.suites import FIXED, Rule, covered
from harness.verdict import Verdict, Word, with_controls
from suites.staleness_depth_optimizer.sweep import (
    ALONE,
    ANCHORS,
    CLOCKS,
    COMPARISONS,
    DEPTHS,
    FRESH,
    GRID,
    LEAST,
    TARGET,
    TOLERANCE,
    Comparison,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "staleness_depth_optimizer"
Floats = NDArray[np.float64]


def judge(records: Sequence[Record], rule: Rule = FIXED) -> Verdict:
    """Judge every comparison; the one at staleness 0, and equality without exchange, must be refuted.

    Args:
        records: what is stored.
        rule: ignored: comparisons need the planned number of replicates.

    Returns:
        The suite's verdict, one part per comparison.
    """
    del rule
    anchors = [judge_equality(anchor, records) for anchor in ANCHORS]
    claims = [judge_comparison(pair, records, Role.CLAIM) for pair in COMPARISONS]
    controls = [judge_comparison(FRESH, records, Role.CONTROL), *(judge_equality(alone, records) for alone in ALONE)]
    return with_controls(NAME, claims, anchors, controls)


def judge_comparison(pair: Comparison, records: Sequence[Record], role: Role) -> Verdict:
    """Judge whether one setting is slowed down at least `LEAST` times as much as another.

    Args:
        pair: the two settings.
        records: what is stored.
        role: claim or control.

    Returns:
        Supported where the lower bound of the typical ratio of slowdowns is above `LEAST`, refuted where the upper one
        is below it, else inconclusive. A replicate of which neither setting has a finite slowdown might be anything:
        it counts as the smallest for the lower bound, and as the largest for the upper one.
    """
    missing = [s.id for s in (pair.more, pair.less) if covered(s, records) < s.replicates]
    if missing:
        return Verdict(Word.INCONCLUSIVE, pair.name, f"{missing[0]} was not run in full", {"role": role})
    slowdowns = of_records(records, SLOWDOWN)
    more, less = slowdowns[pair.more.id], slowdowns[pair.less.id]
    with np.errstate(invalid="ignore"):
        ratios = np.log(more) - np.log(less)
    unknown = np.isnan(ratios)
    lower = location_interval(np.where(unknown, -inf, ratios), TOLERANCE.alpha)[1]
    upper = location_interval(np.where(unknown, inf, ratios), TOLERANCE.alpha)[2]
    estimate = location_interval(ratios[~unknown], TOLERANCE.alpha)[0] if not unknown.all() else np.nan
    stated = [float(np.exp(value)) for value in (estimate, lower, upper)]
    evidence = {
        "role": role,
        "estimate": stated[0],
        "lower": stated[1],
        "upper": stated[2],
        "threshold": LEAST,
        "replicates": len(ratios),
        "unknown": int(unknown.sum()),
        "more": _summary(more),
        "less": _summary(less),
        # A ratio whose true value lies a whole width of the interval above the threshold is seen with power 0.95.
        "smallest_detectable": LEAST * stated[2] / stated[1] if stated[1] else inf,
        "power": 0.95,
    }
    word = Word.SUPPORTED if stated[1] > LEAST else Word.REFUTED if stated[2] < LEAST else Word.INCONCLUSIVE
    reason = (
        f"slowdown {_text(more)} against {_text(less)}: {stated[0]:.2f} times as much "
        f"[{stated[1]:.2f}, {stated[2]:.2f}], threshold {LEAST:g}, R = {len(ratios)}"
    )
    return Verdict(word, pair.name, reason, evidence)


def judge_equality(setting: Setting, records: Sequence[Record]) -> Verdict:
    """Judge whether the slowdown is 1 up to ε, as it must be at staleness 0.

    Args:
        setting: an anchor, or a control that must fail.
        records: what is stored.

    Returns:
        By Clopper–Pearson bounds of the share of replicates that differ, against δ.
    """
    evidence: dict[str, object] = {"role": setting.role}
    if covered(setting, records) < setting.replicates:
        return Verdict(Word.INCONCLUSIVE, setting.id, "it was not run in full", evidence)
    away = np.abs(of_records(records, SLOWDOWN)[setting.id] - 1)
    count, total = int(np.count_nonzero(~(away <= TOLERANCE.epsilon))), len(away)
    lower = binomial_lower(count, total, TOLERANCE.alpha)
    upper = binomial_upper(count, total, TOLERANCE.alpha)
    evidence |= {"largest": float(away.max()), "exceeding": count, "replicates": total, "bounds": [lower, upper]}
    holds, fails = upper <= TOLERANCE.delta, lower > TOLERANCE.delta
    word = Word.SUPPORTED if holds else Word.REFUTED if fails else Word.INCONCLUSIVE
    reason = (
        f"{count} of {total} slowdowns differ from 1 by more than {TOLERANCE.epsilon:g}, at most by {away.max():.2g}"
    )
    return Verdict(word, setting.id, reason, evidence)


def of_records(records: Sequence[Record], gap: str, layer: str = "all") -> Mapping[str, Floats]:
    """One number per replicate.

    Args:
        records: what is stored.
        gap: slowdown or clocks to target.
        layer: whose: `all`, or `reference` for the reference's own clocks.

    Returns:
        By id of the setting, (replicates,).
    """
    return {
        name: table.worst_over_ranks(gap=gap, layer=layer)[0][:, -1] for name, (_, table) in pooled(records).items()
    }


def _summary(slowdowns: Floats) -> dict[str, float | int]:
    kept = np.where(np.isnan(slowdowns), inf, slowdowns)
    middle, low, high = median_interval(kept, TOLERANCE.alpha)
    return {"median": middle, "lower": low, "upper": high, "not_reached": int(np.isinf(kept).sum())}


def _text(slowdowns: Floats) -> str:
    found = _summary(slowdowns)
    lost = f", {found['not_reached']} not there" if found["not_reached"] else ""
    return f"{found['median']:.2f} [{found['lower']:.2f}, {found['upper']:.2f}]{lost}"


def plot_slowdown(records: Sequence[Record]) -> Figure:
    """Slowdown by staleness 8 and the reference's own clocks to target against depth, one line per optimizer.

    Points are medians over replicates with 95 % order-statistic intervals. Where replicates did not reach the target
    their number is given, and a cross at the top stands for the median that did not. A worker alone (a control) reads
    nothing stale: it is slowed down by the noise of its smaller batch.

    Args:
        records: what is stored.

    Returns:
        Two panels.
    """
    import seaborn as sns
    from matplotlib.figure import Figure

    sns.set_theme(context="talk", style="whitegrid", palette="colorblind")
    figure = Figure(figsize=(17, 8), layout="constrained")
    left, right = figure.subplots(1, 2)
    lines = {
        str(optimizer): {depth: setting for (depth, mine), setting in GRID.items() if mine is optimizer}
        for optimizer in Optimizer
    }
    alone = {"sgd, a worker alone (control)": dict(zip((DEPTHS[0], DEPTHS[-1]), ALONE, strict=True))}
    _draw(left, lines | alone, of_records(records, SLOWDOWN), bottom=0.75)
    _draw(right, lines, of_records(records, TO_TARGET, "reference"))
    left.axhline(1, color="black", linewidth=1, linestyle="--")
    left.set_ylabel("clocks to target / those of the reference\n(no unit)")
    left.set_title("P = 8 workers, s = 8, uniform delays")
    right.set_ylabel(f"clocks until the loss is {TARGET:g} nats")
    right.set_title("undistributed reference")
    right.axhline(CLOCKS, color="black", linewidth=1, linestyle="--")
    for axis in (left, right):
        axis.set_xlabel("hidden layers")
        axis.set_xticks(DEPTHS)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle("Slowdown by staleness against depth, by optimizer", fontweight="bold")
    return figure


def _draw(
    axis: Axes, lines: Mapping[str, Mapping[int, Setting]], values: Mapping[str, Floats], bottom: float = 0.0
) -> None:
    from harness.report.points import draw_medians

    drawn: list[tuple[float, Floats, str]] = []
    for number, (label, points) in enumerate(lines.items()):
        run = {depth + 0.06 * (number - 2): values[s.id] for depth, s in points.items() if s.id in values}
        samples = [np.where(np.isnan(sample), inf, sample) for sample in run.values()]
        if samples:
            draw_medians(axis, list(run), samples, label=label, number=number)
        drawn += [(place, sample, f"C{number}") for place, sample in zip(run, samples, strict=True)]
    medians = np.array([np.median(sample) for _, sample, _ in drawn])
    top = 1.35 * max(medians[np.isfinite(medians)], default=1.0)
    axis.set_ylim(bottom, top)
    for place, sample, colour in drawn:
        _mark_lost(axis, place, sample, colour, top)


def _mark_lost(axis: Axes, place: float, sample: Floats, colour: str, top: float) -> None:
    lost, middle = int(np.isinf(sample).sum()), float(np.median(sample))
    if lost:
        height = min(middle, 0.97 * top)
        if np.isinf(middle):
            axis.plot(place, height, "X", color=colour, markersize=14)
        text = f"{lost} of {len(sample)}\nnot there"
        axis.annotate(text, (place, height), (-14, 8), textcoords="offset points", ha="right", va="bottom", fontsize=13)
