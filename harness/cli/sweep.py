"""`harness sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.cli.progress import Display, duration
from harness.cli.run import launch_options, numbers
from harness.errors import BadInputError

if TYPE_CHECKING:
    from harness.rounds import Point


def sweep(
    suite: Annotated[str, typer.Argument(help="Suite that is timed; see `harness list`.")],
    settings: Annotated[list[str] | None, typer.Argument(help="Settings or patterns; all where left out.")] = None,
    workers: Annotated[str | None, typer.Option(help="Numbers of workers for the claims.", metavar="N[,N…]")] = None,
    launcher: Annotated[str, typer.Option(help="gloo, mpi or auto.")] = "auto",
    hosts: Annotated[str, typer.Option(help="Where ranks are placed; this machine if left out.", metavar="H:N,…")] = "",
    time_limit: Annotated[float, typer.Option(help="Seconds that one turn may take.")] = 600.0,
    plan_only: Annotated[bool, typer.Option("--plan", help="Say what it would do, and do nothing.")] = False,
    results: Results = RESULTS,
    json: Json = None,
) -> int:
    """Time a suite over cores: say first what will be done and how long it takes, then do it, point by point.

    Every visit's points are stored when it ends; a sweep that was stopped, even by SIGKILL, goes on from there.

    Exit status: that of the verdict · 3 bad input · 4 a rank died or took too long.

    Examples: `harness sweep weak_scaling --plan`, `harness sweep strong_scaling '*440x*' --workers 1,2,4`

    Raises:
        BadInputError: the suite is not one that is timed.
    """
    from harness import rounds
    from harness.cli.judge import judge_stored
    from harness.store import Store

    found = registry.load(suite)
    if found.claim.kind != rounds.KIND:
        raise BadInputError(
            f"{suite} is not about speed", where="harness sweep", remedy=f"run it with `harness run {suite}`"
        )
    options, store = launch_options(launcher, hosts, time_limit), Store(results)
    chosen = registry.select(found, settings or [], numbers(workers))
    points, seconds = rounds.expected(found, chosen, store, options)
    _show(points, seconds)
    if plan_only:
        rows = [{"setting": p.setting.id, "emulated": p.emulated, "rounds_left": p.rounds_left} for p in points]
        show.write_json(json, {"points": rows, "expected_seconds": seconds})
        return 0
    with Display() as display:
        rounds.run_suite(found, chosen, store, options, display.show)
    verdict = judge_stored(found.name, store)
    show.verdict(show.console(), verdict)
    show.write_json(json, verdict.to_json())
    return verdict.exit_status


def _show(points: list[Point], seconds: float) -> None:
    from rich.table import Table

    out = show.console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("setting", "ranks", "kind", "rounds left", "turns take"):
        table.add_column(heading, justify="right" if heading in ("ranks", "rounds left", "turns take") else "left")
    for point in points:
        kind = "emulated" if point.emulated else "measured"
        ranks, left = str(point.setting.distribution.ranks), str(point.rounds_left)
        table.add_row(point.setting.id, ranks, kind, left, duration(point.seconds) if point.rounds_left else "stored")
    out.print(table)
    out.print(f"about {duration(seconds)} in all, starting of processes included", highlight=False)
