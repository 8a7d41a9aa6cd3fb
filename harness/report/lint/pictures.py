"""Rules about figures, read from the pictures in the page."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report import drawn
from harness.report.lint.shown import Row, Rules, Section


def _bounds(section: Section) -> Iterator[str]:
    bounds = {line.series for lines in section.lines for line in lines or [] if line.kind == drawn.BOUND}
    if not bounds:
        yield "no figure draws a bound"
    if not any(_bounds_another(row, section) for row in section.rows):
        return
    if "no exchange" not in bounds:
        yield "what does not exchange was timed, and no figure draws it as a bound"
    if not any(row.shown("limit") for row in section.rows):
        yield "no rate is given as a share of the limit"


def _bounds_another(row: Row, section: Section) -> bool:
    """Whether it exchanges nothing, and others with as many workers do."""
    workers = row.element.attributes["data-workers"]
    others = (other for other in section.rows if other.element.attributes["data-workers"] == workers)
    return "no-exchange" in row.setting and any("no-exchange" not in other.setting for other in others)


def _figures(section: Section) -> Iterator[str]:
    captions = [caption.text for caption in section.element.find("figcaption")]
    if len([caption for caption in captions if caption]) != len(section.lines):
        yield "a figure does not say what it is for"
    for number, lines in enumerate(section.lines, start=1):
        if lines is None:
            yield f"figure {number} does not say what its lines are"
        for line in lines or []:
            if line.joined and not line.between:
                yield f"figure {number}: points of {line.series!r} are joined, and nothing lies between them"


RULES: Rules = {
    11: ("upper bounds are shown", _bounds),
    12: ("figures are needed, and join only points between which something lies", _figures),
}
