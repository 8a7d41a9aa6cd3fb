"""`harness gallery`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import show
from harness.cli.options import Json
from harness.errors import BadInputError

if TYPE_CHECKING:
    from harness.gallery import Score, Tally


def gallery(
    names: Annotated[list[str] | None, typer.Argument(help="Beginnings of file names; all if left out.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the mutants are.", metavar="DIR")] = Path("gallery"),
    workers: Annotated[int, typer.Option(help="Number of ranks.", metavar="N")] = 2,
    steps: Annotated[int, typer.Option(help="Steps of the longest scenario.", metavar="N")] = 12,
    batch: Annotated[int, typer.Option(help="Examples per step.", metavar="N")] = 24,
    time_limit: Annotated[float, typer.Option(help="Seconds for all of them.")] = 1800.0,
    markdown: Annotated[Path | None, typer.Option(help="Write the scores there as tables.", metavar="PATH")] = None,
    json: Json = None,
) -> int:
    """Check the check: mutants with one mistake each must be refuted, right twins must not.

    Exit status: 0 every mutant is refuted and no right twin is · 1 otherwise · 3 bad input · 4 a rank died.

    Examples: `harness gallery`, `harness gallery m02 m13 --workers 3`

    Raises:
        BadInputError: no such file.
    """
    from harness.checking import Request
    from harness.gallery import exhibits, score, tally
    from harness.report.check_page import gallery_to_markdown
    from harness.session import Session
    from harness.store import write_text

    found = exhibits(folder)
    chosen = [e for e in found if not names or any(e.file.name.startswith(name) for name in names)]
    if not chosen:
        known = ", ".join(exhibit.file.stem for exhibit in found)
        raise BadInputError(
            f"nothing begins with {' or '.join(names or [])}", where=str(folder), remedy=f"known: {known}"
        )
    request = Request(chosen[0].file, (workers,), steps, batch, time_limit=time_limit)
    with Session(workers, time_limit=time_limit) as session:
        scores = score(chosen, request, session, _progress)
    total = tally(scores)
    _summarise(scores, total)
    if markdown is not None:
        write_text(markdown, gallery_to_markdown(scores, total, workers=workers, steps=steps))
    show.write_json(json, {"scores": [made.to_json() for made in scores], "tally": asdict(total)})
    return 0 if total.found == total.mutants and not total.false_alarms else 1


def _progress(made: Score) -> None:
    print(f"harness: {made.file} {made.entry}: {made.word}", file=sys.stderr, flush=True)


def _summarise(scores: list[Score], total: Tally) -> None:
    from rich.table import Table

    table = Table("file", "training", "verdict", "as it should", "place", "hint", "said", box=None, pad_edge=False)
    for made in scores:
        marks = ["" if mark is None else "yes" if mark else "NO" for mark in (made.localised, made.hinted)]
        said = made.said if made.id else ""
        table.add_row(
            made.file, made.entry or "mutant", show.word(str(made.word)), "yes" if made.found else "NO", *marks, said
        )
    out = show.console()
    out.print(table)
    out.print(
        f"{total.found} of {total.mutants} mutants refuted, {total.localised} with the right place, {total.hinted} with"
        f" a right hint; {total.false_alarms} false alarms over {total.right} right trainings,"
        f" {total.undecided} undecided",
        soft_wrap=True,
        highlight=False,
    )
