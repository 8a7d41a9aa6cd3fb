"""The twelve rules of Hoefler and Belli, checked on what a report page really shows.

Numbers of the tables are read from their text and computed once more from the rounds that the page lists; what figures
show is read from the pictures in the page.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan

import numpy as np

from harness.errors import BadInputError
from harness.report import drawn
from harness.report.markup import Element, parse
from harness.report.timing import FASTER, NO_DIFFERENCE, SLOWER
from harness.stats.intervals import median_interval

_RATIOS = ("speedup", "efficiency", "limit")
_COSTS = ("base", "step", "cpu")
_VARYING = (*_COSTS, "rate", *_RATIOS, "ratio", "part", "law")
_NUMBER = r"-?(?:\d[\d.]*(?:e[+-]?\d+)?|inf|nan)"
_INTERVAL = re.compile(rf"({_NUMBER}) \[({_NUMBER}), ({_NUMBER})\]")
_ROUND = re.compile(rf"(\d+): ({_NUMBER})")
_FACTORS = (
    "nets",
    "batch",
    "step size and optimizer",
    "precision",
    "workers",
    "threads per worker",
    "clocks timed per round",
    "rounds",
    "machine",
    "system",
    "launcher",
    "code",
    "seed entropy",
    "python",
    "tensorflow",
    "horovod",
)
_HOW = ("timer", "synchronised", "warm-up", "interleaved", "summarised")
_MEANS = {"arithmetic mean", "harmonic mean", "geometric mean", "mean", "average"}
# Numbers are shown with four digits.
_ROUNDING = 2e-3
_ALPHA = 0.05


@dataclass(frozen=True)
class Score:
    """What became of one rule.

    Args:
        number: 1 to 12.
        rule: what it asks for.
        problems: where it is broken, and how; empty where it is kept.
    """

    number: int
    rule: str
    problems: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether it is kept everywhere."""
        return not self.problems


@dataclass(frozen=True)
class _Row:
    """A row of the table of times."""

    element: Element

    @property
    def setting(self) -> str:
        return self.element.attributes["data-setting"]

    @property
    def growth(self) -> float:
        """Examples of a clock over those of the reference's."""
        return int(self.element.attributes["data-batch"]) / int(self.element.attributes["data-base-batch"])

    def shown(self, quantity: str) -> tuple[float, float, float] | None:
        cells = self.element.find("td", data_quantity=quantity)
        return _interval(cells[0].text) if cells else None

    def text(self, quantity: str) -> str:
        cells = self.element.find("td", data_quantity=quantity)
        return cells[0].text if cells else ""


@dataclass(frozen=True)
class _Section:
    """What a page shows of one timed suite."""

    element: Element

    @property
    def name(self) -> str:
        return self.element.attributes["data-timed"]

    @cached_property
    def rows(self) -> list[_Row]:
        return [
            _Row(row) for table in self.element.find(data_mark="times") for row in table.find(having="data-setting")
        ]

    def heading(self, quantity: str) -> str:
        found = self.element.find("th", data_quantity=quantity)
        return found[0].text if found else ""

    @cached_property
    def rounds(self) -> dict[tuple[str, str], dict[int, float]]:
        """Milliseconds by round, by setting and what."""
        rows = self.listed("rounds", "data-setting")
        return {
            (row.attributes["data-setting"], row.attributes["data-what"]): {
                int(number): float(ms) for number, ms in _ROUND.findall(row.find("td")[-1].text)
            }
            for row in rows
        }

    def values(self, setting: str, what: str) -> dict[int, float]:
        return self.rounds.get((setting, what), {})

    def marked(self, name: str) -> list[Element]:
        return self.element.find(data_mark=name)

    def listed(self, name: str, attribute: str) -> list[Element]:
        return [row for mark in self.marked(name) for row in mark.find(having=attribute)]

    @cached_property
    def lines(self) -> list[list[drawn.Drawn] | None]:
        """What each picture shows."""
        return [_lines(picture.attributes.get("src", "")) for picture in self.element.find("img")]


def lint(page: str) -> list[Score]:
    """Score a report page.

    Args:
        page: HTML, as `harness report` writes it.

    Returns:
        The twelve rules in their order.

    Raises:
        BadInputError: nothing is timed in it.

    References:
        hoefler2015
    """
    sections = [_Section(element) for element in parse(page).find(having="data-timed")]
    if not sections:
        raise BadInputError(
            "holds no suite of kind scaling, so there is nothing to score",
            where="report page",
            remedy="run one, then `harness report`",
        )
    return [
        Score(number, rule, tuple(f"{s.name}: {problem}" for s in sections for problem in check(s)))
        for number, (rule, check) in enumerate(_RULES.items(), start=1)
    ]


def _interval(text: str) -> tuple[float, float, float] | None:
    found = _INTERVAL.fullmatch(text)
    return (float(found[1]), float(found[2]), float(found[3])) if found else None


def _lines(source: str) -> list[drawn.Drawn] | None:
    try:
        return drawn.read(base64.b64decode(source.partition("base64,")[2], validate=True))
    except (binascii.Error, ValueError, TypeError):
        return None


def _near(shown: float, expected: float) -> bool:
    return shown == expected or abs(shown - expected) <= _ROUNDING * abs(expected)


def _bases(section: _Section) -> Iterator[str]:
    """Rule 1."""
    if not any("T(1) is " in mark.text for mark in section.marked("base")):
        yield "what T(1) is, is not said"
    for row in section.rows:
        base = row.shown("base") or (nan, nan, nan)
        if row.shown("speedup") and not base[0] > 0:
            yield f"{row.setting}: a speed-up without its base in ms"


def _subsets(section: _Section) -> Iterator[str]:
    """Rule 2."""
    counts = {name: [int(mark.text) for mark in section.marked(name)] for name in ("timed", "planned")}
    missing = section.marked("missing")
    if not section.marked("left-out") or not all(counts.values()):
        yield "what is left out is not said"
        return
    (timed, *_), (planned, *_) = counts["timed"], counts["planned"]
    if timed != len(section.rows):
        yield f"{timed} settings are said to be timed, {len(section.rows)} are shown"
    if planned != timed + len([mark for mark in missing if mark.text]):
        yield f"of {planned} planned settings {planned - timed} are missing, {len(missing)} are named"


def _means(section: _Section) -> Iterator[str]:
    """Rule 3."""
    for quantity, right in [*((cost, "arithmetic mean") for cost in _COSTS), ("rate", "harmonic mean")]:
        heading = section.heading(quantity)
        if any(word in heading for word in _MEANS) and right not in heading:
            yield f"{heading!r}: a mean of these is the {right}"
    for row in section.rows:
        rate, step = row.shown("rate"), section.values(row.setting, "step")
        if rate and step:
            expected = float(np.median(1e3 * int(row.element.attributes["data-batch"]) / np.array([*step.values()])))
            if not _near(rate[0], expected):
                yield f"{row.setting}: {rate[0]:g} examples/s, {expected:.4g} by its times"


def _ratios(section: _Section) -> Iterator[str]:
    """Rule 4."""
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


def _intervals(section: _Section) -> Iterator[str]:
    """Rule 5."""
    for quantity in _VARYING:
        for cell in section.element.find("td", data_quantity=quantity):
            shown = _interval(cell.text)
            if cell.text == "–":
                continue
            if shown is None:
                yield f"{quantity} {cell.text!r} has no interval"
            elif not (all(map(isfinite, shown)) and shown[1] <= shown[0] <= shown[2]):
                yield f"{quantity} {cell.text!r} is no interval around its middle"
    if not any(row.shown("step") for row in section.rows):
        yield "no time is shown"


def _distributions(section: _Section) -> Iterator[str]:
    """Rule 6."""
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


def _comparisons(section: _Section) -> Iterator[str]:
    """Rule 7."""
    compared = section.listed("comparisons", "data-setting")
    for row in compared:
        ratio = _Row(row).shown("ratio")
        word = "".join(mark.text for mark in row.find("td", data_mark="word"))
        if ratio is None or word != _word(ratio):
            yield f"{row.attributes['data-setting']} against {row.attributes['data-other']}: {word!r} is not shown"
    others = {row.attributes["data-other"] for row in compared}
    alone = [row for row in section.rows if "data-peer" in row.element.attributes and row.setting not in others]
    for peer in alone:
        if any(_same_load(peer, ours) and "data-peer" not in ours.element.attributes for ours in section.rows):
            yield f"{peer.setting}: a peer that nothing is compared with"


def _same_load(one: _Row, other: _Row) -> bool:
    """Whether nothing but the distribution differs, and nothing is broken on purpose."""
    name = f"{one.setting.rpartition('-w')[0]}-w{one.element.attributes['data-workers']}"
    return other.setting == name


def _word(ratio: tuple[float, float, float]) -> str:
    if ratio[1] > 1:
        return FASTER
    return SLOWER if ratio[2] < 1 else NO_DIFFERENCE


def _statistics(section: _Section) -> Iterator[str]:
    """Rule 8."""
    for quantity in ("step", "base", "rate"):
        if not re.search("median|percentile", section.heading(quantity)):
            yield f"{section.heading(quantity)!r} does not say which statistic it is, or not one of a typical clock"
    for row in section.rows:
        shown, rounds = row.shown("step"), section.values(row.setting, "step")
        if shown and rounds and not _near(shown[0], float(np.median([*rounds.values()]))):
            yield f"{row.setting}: {shown[0]:g} ms is not the median of its rounds"


def _factors(section: _Section) -> Iterator[str]:
    """Rule 9."""
    named = {row.attributes["data-factor"]: row for row in section.listed("factors", "data-factor")}
    for factor in _FACTORS:
        # The package for processors alone has a name of its own.
        row = named.get(factor) or named.get(f"{factor}-cpu")
        values = row.find("td") if row else []
        if not any(value.text for value in values):
            yield f"{factor} is not documented"


def _how(section: _Section) -> Iterator[str]:
    """Rule 10."""
    said = {item.attributes["data-how"]: item.text for item in section.listed("how", "data-how")}
    for name in _HOW:
        if len(said.get(name, "")) <= len(name) + 1:
            yield f"how it was {name} is not said" if name.endswith("ed") else f"the {name} is not said"
    for row in section.rows:
        listed = len(section.values(row.setting, "step"))
        if row.text("rounds") != str(listed):
            yield f"{row.setting}: {row.text('rounds') or 'no'} rounds are named, {listed} are listed"


def _bounds(section: _Section) -> Iterator[str]:
    """Rule 11."""
    bounds = {line.series for lines in section.lines for line in lines or [] if line.kind == drawn.BOUND}
    if not bounds:
        yield "no figure draws a bound"
    if not any("no-exchange" in row.setting for row in section.rows):
        return
    if "no exchange" not in bounds:
        yield "what does not exchange was timed, and no figure draws it as a bound"
    if not any(row.shown("limit") for row in section.rows):
        yield "no rate is given as a share of the limit"


def _figures(section: _Section) -> Iterator[str]:
    """Rule 12."""
    captions = [caption.text for caption in section.element.find("figcaption")]
    if len([caption for caption in captions if caption]) != len(section.lines):
        yield "a figure does not say what it is for"
    for number, lines in enumerate(section.lines, start=1):
        if lines is None:
            yield f"figure {number} does not say what its lines are"
        for line in lines or []:
            if line.joined and not line.between:
                yield f"figure {number}: points of {line.series!r} are joined, and nothing lies between them"


_RULES: dict[str, Callable[[_Section], Iterator[str]]] = {
    "the base of every speed-up is named, with its time": _bases,
    "what is left out is named, with the reason": _subsets,
    "means are arithmetic for costs, harmonic for rates": _means,
    "ratios are not averaged, and their costs stand beside them": _ratios,
    "what varies has an interval": _intervals,
    "intervals do not presume normality": _distributions,
    "comparisons are fair, and say no more than their intervals": _comparisons,
    "the statistic fits the question": _statistics,
    "factors and set-up are documented": _factors,
    "how it was timed, synchronised and summarised is said": _how,
    "upper bounds are shown": _bounds,
    "figures are needed, and join only points between which something lies": _figures,
}


def broken(scores: Sequence[Score]) -> list[Score]:
    """Rules that are not kept.

    Args:
        scores: of a page.

    Returns:
        Some or none of them.
    """
    return [score for score in scores if not score.kept]
