"""`harness gallery`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.errors import BadInputError

if TYPE_CHECKING:
    from harness.drawn import Outcome
    from harness.gallery import Score, Tally

# A check that takes longer hangs.
_LONGEST_CHECK_SECONDS = 300.0


def gallery(
    names: Annotated[list[str] | None, typer.Argument(help="Beginnings of file names; all if left out.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the mutants are.", metavar="DIR")] = Path("gallery"),
    workers: Annotated[int, typer.Option(help="Number of ranks.", metavar="N")] = 2,
    steps: Annotated[int, typer.Option(help="Steps of the longest scenario.", metavar="N")] = 12,
    batch: Annotated[int, typer.Option(help="Examples per step.", metavar="N")] = 24,
    drawn: Annotated[
        int,
        typer.Option(help="Instead, check so many right trainings that hypothesis draws.", metavar="N"),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Equal seeds draw equal trainings.", metavar="N")] = 0,
    time_limit: Annotated[float, typer.Option(help="Seconds for all of them, per number of ranks.")] = 3600.0,
    results: Results = RESULTS,
    markdown: Annotated[Path | None, typer.Option(help="Write the scores there as tables.", metavar="PATH")] = None,
    json: Json = None,
) -> int:
    """Check the check: mutants with one mistake each must be refuted, right twins must not.

    Scores of the whole gallery, and of trainings that were drawn, are kept for `harness report`. Every drawn training
    is a file under `results/drawn` that `harness check` takes; ranks, steps and batch are drawn too. A run that was
    stopped goes on.

    Exit status: 0 every mutant is refuted and no right training is · 1 otherwise · 3 bad input · 4 a rank died.

    Examples: `harness gallery`, `harness gallery m02 m13 --workers 3`, `harness gallery --drawn 200 --seed 0`

    Raises:
        BadInputError: no such file.
    """
    if drawn and names:
        raise BadInputError("files are named, and others are to be drawn", where="--drawn", remedy="give one of both")
    if drawn:
        return _drawn(drawn, seed, folder, results, markdown, json, time_limit)
    from harness.checking import Request
    from harness.gallery import exhibits, score, tally
    from harness.report.check_page import gallery_to_markdown
    from harness.session import Session
    from harness.store import Store, write_text

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
    table = {
        "workers": workers,
        "steps": steps,
        "scores": [made.to_json() for made in scores],
        "tally": asdict(total),
    }
    if len(chosen) == len(found):
        Store(results).save_gallery(table)
    show.write_json(json, table)
    return 0 if total.found == total.mutants and not total.false_alarms else 1


def _drawn(
    count: int, seed: int, gallery: Path, results: Path, markdown: Path | None, json: Path | None, time_limit: float
) -> int:
    from harness import configurations
    from harness.drawn import judged, summary
    from harness.report.check_page import drawn_to_markdown
    from harness.session import Session
    from harness.store import Store, write_text

    chosen = configurations.drawn(count, seed)
    folder = results / "drawn"
    files = configurations.write(chosen, seed, gallery=gallery, folder=folder)
    made: list[Outcome] = []
    for workers in sorted({configuration.workers for configuration in chosen}):
        with Session(workers, time_limit=time_limit) as session:
            made += judged(files, chosen, session, _tell, time_limit=_LONGEST_CHECK_SECONDS)
    total = summary(made)
    table = {"seed": seed, "summary": asdict(total), "outcomes": [outcome.to_json() for outcome in made]}
    Store(results).save_drawn(table)
    if markdown is not None:
        write_text(markdown, drawn_to_markdown(table))
    show.write_json(json, table)
    _list_unsupported(made, folder)
    show.console().print(
        f"{total.false_alarms} false alarms over {total.configurations} drawn trainings, {total.undecided} undecided;"
        f" {total.median_seconds:.1f} s for one (median), {total.seconds:.0f} s for all",
        soft_wrap=True,
        highlight=False,
    )
    return 1 if total.false_alarms else 0


def _tell(made: Outcome) -> None:
    print(f"harness: {made.file}: {made.word}, {made.seconds:.1f} s", file=sys.stderr, flush=True)


def _list_unsupported(outcomes: list[Outcome], folder: Path) -> None:
    from rich.table import Table

    table = Table("file", "ranks", "steps", "batch", "verdict", "why", box=None, pad_edge=False)
    for made in outcomes:
        if made.detector:
            run = (str(number) for number in (made.configuration.workers, made.configuration.steps))
            word, batch = show.word(str(made.word)), str(made.configuration.batch)
            table.add_row(str(folder / made.file), *run, batch, word, made.reason)
    if table.row_count:
        show.console().print(table)


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
