"""`harness lint-report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import show
from harness.cli.options import RESULTS, Json
from harness.errors import BadInputError

_SHOWN = 3


def lint_report(
    file: Annotated[Path, typer.Argument(help="Page, as `harness report` wrote it.")] = RESULTS
    / "report"
    / "report.html",
    json: Json = None,
) -> int:
    """Score a report on the twelve rules of Hoefler and Belli for honest performance figures.

    Medians, intervals and ratios are computed once more from the rounds that the page lists, and what a figure draws
    is read from the picture. Exit status: 0 all rules are kept · 1 a rule is broken · 3 the file cannot be read, or
    nothing is timed in it.

    Examples: `harness lint-report`, `harness lint-report results/published/report.html --json score.json`

    Raises:
        BadInputError: the file cannot be read, or nothing is timed in it.
    """
    from harness.report.lint import broken, lint

    try:
        page = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"cannot be read: {error}", where=str(file), remedy="`harness report` writes such a page"
        ) from None
    scores = lint(page)
    out = show.console()
    for score in scores:
        where = "pass" if score.kept else f"FAIL: {'; '.join(score.problems[:_SHOWN])}{_more(score.problems)}"
        out.print(f"{score.number:2} {score.rule}: {where}", soft_wrap=True, highlight=False, markup=False)
    show.write_json(
        json, [{"number": s.number, "rule": s.rule, "kept": s.kept, "problems": list(s.problems)} for s in scores]
    )
    return 1 if broken(scores) else 0


def _more(problems: tuple[str, ...]) -> str:
    return f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
