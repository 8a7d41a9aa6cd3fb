"""`harness check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import show
from harness.cli.options import Json
from harness.errors import BadInputError

if TYPE_CHECKING:
    from harness.checking import Request


def check(
    file: Annotated[Path, typer.Argument(help="Defines dataset() and training(), or model(distributed).")],
    workers: Annotated[str, typer.Option(help="Numbers of ranks.", metavar="N[,N…]")] = "2,3",
    steps: Annotated[int, typer.Option(help="Steps of the longest scenario.", metavar="N")] = 50,
    batch: Annotated[int, typer.Option(help="Examples per step, all ranks together.", metavar="N")] = 32,
    entry: Annotated[str, typer.Option(help="Function that makes the training, if another.", metavar="NAME")] = "",
    launcher: Annotated[str, typer.Option(help="gloo, mpi or auto.")] = "auto",
    time_limit: Annotated[float, typer.Option(help="Seconds per number of ranks.")] = 300.0,
    init: Annotated[bool, typer.Option("--init", help="Write a commented template to FILE instead.")] = False,
    github: Annotated[bool, typer.Option("--github", help="Annotate a GitHub run, and add to its summary.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page about this check there.", metavar="PATH")] = None,
    json: Json = None,
) -> int:
    """Is your distributed training right? Run FILE alone and on ranks, and say where they part first.

    Nothing of TensorFlow's or Horovod's is asked for but what the file itself uses. What counts as a gap is derived
    from the training alone, run again with another order of summation and other threads.

    Exit status: 0 supported · 1 refuted · 2 inconclusive · 3 the file cannot be used · 4 a rank died or hung.

    Examples: `harness check examples/keras_optimizer.py --workers 2`, `harness check mine.py --init`,
    `harness check mine.py --json out.json --html out.html`
    """
    from harness.checking import check as run
    from harness.cli.show_check import annotate, summarise
    from harness.report.check_page import to_html, to_markdown
    from harness.store import write_text

    if init:
        return _write_template(file)
    request = _request(file, workers, steps, batch, entry, launcher, time_limit)
    result = run(request, _progress)
    summarise(show.console(), result)
    show.write_json(json, result.to_json())
    if html is not None:
        write_text(html, to_html(result))
    if github:
        annotate(result, file, to_markdown(result))
    return result.verdict().exit_status


def _progress(line: str) -> None:
    print(f"harness: {line}", file=sys.stderr)


def _write_template(file: Path) -> int:
    from harness.check.template import TEMPLATE
    from harness.store import write_text

    if file.exists():
        raise BadInputError("is there already", where=str(file), remedy="name a new file")
    write_text(file, TEMPLATE)
    show.console().print(f"written: {file}; fill it in, then `harness check {file}`", soft_wrap=True, highlight=False)
    return 0


def _request(file: Path, workers: str, steps: int, batch: int, entry: str, launcher: str, time_limit: float) -> Request:
    from harness.checking import Request
    from harness.measure.launch import Launcher

    numbers = workers.split(",")
    if not all(number.strip().isdigit() for number in numbers):
        raise BadInputError(f"{workers!r} is not N[,N…]", where="--workers", remedy="for example --workers 2,3")
    if launcher not in list(Launcher):
        raise BadInputError(f"{launcher!r} is no launcher", where="--launcher", remedy=f"known: {', '.join(Launcher)}")
    if not time_limit > 0:
        raise BadInputError(f"{time_limit:g} s is no time to run in", where="--time-limit", remedy="give more")
    return Request(file, tuple(map(int, numbers)), steps, batch, entry, Launcher(launcher), time_limit)
