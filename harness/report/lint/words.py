"""Rules about what must be said: bases, what is left out, factors, and how it was measured."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

from harness.report.lint.shown import Rules, Section

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


def _bases(section: Section) -> Iterator[str]:
    if not any("T(1) is " in mark.text for mark in section.marked("base")):
        yield "what T(1) is, is not said"
    for row in section.rows:
        base = row.shown("base") or (nan, nan, nan)
        if row.shown("speedup") and not base[0] > 0:
            yield f"{row.setting}: a speed-up without its base in ms"


def _subsets(section: Section) -> Iterator[str]:
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


def _factors(section: Section) -> Iterator[str]:
    named = {row.attributes["data-factor"]: row for row in section.listed("factors", "data-factor")}
    for factor in _FACTORS:
        # The package for processors alone has a name of its own.
        row = named.get(factor) or named.get(f"{factor}-cpu")
        values = row.find("td") if row else []
        if not any(value.text for value in values):
            yield f"{factor} is not documented"


def _how(section: Section) -> Iterator[str]:
    said = {item.attributes["data-how"]: item.text for item in section.listed("how", "data-how")}
    for name in _HOW:
        if len(said.get(name, "")) <= len(name) + 1:
            yield f"how it was {name} is not said" if name.endswith("ed") else f"the {name} is not said"
    for row in section.rows:
        listed = len(section.values(row.setting, "step"))
        if row.text("rounds") != str(listed):
            yield f"{row.setting}: {row.text('rounds') or 'no'} rounds are named, {listed} are listed"


RULES: Rules = {
    1: ("the base of every speed-up is named, with its time", _bases),
    2: ("what is left out is named, with the reason", _subsets),
    9: ("factors and set-up are documented", _factors),
    10: ("how it was timed, synchronised and summarised is said", _how),
}
