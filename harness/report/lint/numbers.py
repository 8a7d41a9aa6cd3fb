"""Rules about numbers: what is shown is computed once more from the rounds that the page lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite

import numpy as np

from harness.report.lint.shown import Row, Rules, Section, interval
from harness.report.timing.comparisons import FASTER, NO_DIFFERENCE, SLOWER
from harness.stats.intervals import median_interval

_RATIOS = ("speedup", "efficiency", "limit")
_COSTS = ("base", "step", "cpu")
_VARYING = (*_COSTS, "rate", *_RATIOS, "ratio", "part", "law")
_MEANS = {"arithmetic mean", "harmonic mean", "geometric mean", "mean", "average"}
# Numbers are shown with four digits.
_ROUNDING = 2e-3
_ALPHA = 0.05


def _means(section: Section) -> Iterator[str]:
    for quantity, right in [*((cost, "arithmetic mean") for cost in _COSTS), ("rate", "harmonic mean")]:
        heading = section.heading(quantity)
        if any(word in heading for word in _MEANS) and right not in heading:
            yield f"{heading!r}: a mean of these is the {right}"
    for row in section.rows:
        rate, step = row.shown("rate"), section.values(row.setting, "step")
        if rate and step:
            expected = float(np.median(1e3 * row.batch / np.array([*step.values()])))
            if not _near(rate[0], expected):
                yield f"{row.setting}: {rate[0]:g} examples/s, {expected:.4g} by its times"


def _ratios(section: Section) -> Iterator[str]:
    for quantity in (*_RATIOS, "ratio"):
        heading = section.heading(quantity)
        if any(word in heading for word in _MEANS):
            yield f"{heading!r}: ratios are averaged"
    for row in section.rows:
        shown = row.shown("speedup")
        above, below = section.values(row.setting, "base"), section.values(row.setting, "step")
        shared = above.keys() & below.keys()
        if shown and not (row.text("step") not in {"", "–"} and shared):
            yield f"{row.setting}: a ratio without the costs that it is made of"
        elif shown and not _near(shown[0], row.growth * float(np.median([above[n] / below[n] for n in shared]))):
            yield f"{row.setting}: speed-up {shown[0]:g} is not the median of its rounds"


def _intervals(section: Section) -> Iterator[str]:
    for quantity in _VARYING:
        for cell in section.element.find("td", data_quantity=quantity):
            shown = interval(cell.text)
            if cell.text == "–":
                continue
            if shown is None:
                yield f"{quantity} {cell.text!r} has no interval"
            elif not (all(map(isfinite, shown)) and shown[1] <= shown[0] <= shown[2]):
                yield f"{quantity} {cell.text!r} is no interval around its middle"
    if not any(row.shown("step") for row in section.rows):
        yield "no time is shown"


def _distributions(section: Section) -> Iterator[str]:
    for row in section.rows:
        for quantity, what in (("step", "step"), ("base", "base")):
            shown, rounds = row.shown(quantity), section.values(row.setting, what)
            if not shown:
                continue
            if not rounds:
                yield f"{row.setting}: the rounds behind its {quantity} are not shown"
                continue
            _, low, high = median_interval(np.array([*rounds.values()]), _ALPHA)
            if not (_near(shown[1], low) and _near(shown[2], high)):
                yield f"{row.setting}: the interval of its {quantity} does not lie between order statistics"


def _comparisons(section: Section) -> Iterator[str]:
    compared = section.listed("comparisons", "data-setting")
    for row in compared:
        ratio = Row(row).shown("ratio")
        word = "".join(mark.text for mark in row.find("td", data_mark="word"))
        if ratio is None or word != _word(ratio):
            yield f"{row.attributes['data-setting']} against {row.attributes['data-other']}: {word!r} is not shown"
    others = {row.attributes["data-other"] for row in compared}
    alone = [row for row in section.rows if row.is_peer and row.setting not in others]
    for peer in alone:
        if any(_same_load(peer, ours) and not ours.is_peer for ours in section.rows):
            yield f"{peer.setting}: a peer that nothing is compared with"


def _same_load(one: Row, other: Row) -> bool:
    """Whether nothing but the distribution differs, and nothing is broken on purpose."""
    name = f"{one.setting.rpartition('-w')[0]}-w{one.element.attributes['data-workers']}"
    return other.setting == name


def _word(ratio: tuple[float, float, float]) -> str:
    if ratio[1] > 1:
        return FASTER
    return SLOWER if ratio[2] < 1 else NO_DIFFERENCE


def _statistics(section: Section) -> Iterator[str]:
    for quantity in ("step", "base", "rate"):
        if not re.search("median|percentile", section.heading(quantity)):
            yield f"{section.heading(quantity)!r} does not say which statistic it is, or not one of a typical clock"
    for row in section.rows:
        shown, rounds = row.shown("step"), section.values(row.setting, "step")
        if shown and rounds and not _near(shown[0], float(np.median([*rounds.values()]))):
            yield f"{row.setting}: {shown[0]:g} ms is not the median of its rounds"


def _near(shown: float, expected: float) -> bool:
    return shown == expected or abs(shown - expected) <= _ROUNDING * abs(expected)


RULES: Rules = {
    3: ("means are arithmetic for costs, harmonic for rates", _means),
    4: ("ratios are not averaged, and their costs stand beside them", _ratios),
    5: ("what varies has an interval", _intervals),
    6: ("intervals do not presume normality", _distributions),
    7: ("comparisons are fair, and say no more than their intervals", _comparisons),
    8: ("the statistic fits the question", _statistics),
}
