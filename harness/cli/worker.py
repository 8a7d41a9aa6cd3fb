"""`harness worker`: what every rank runs."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from harness.cli.options import RESULTS, Results
from harness.spec import Part, SeedBlock


def worker(
    suite: Annotated[str, typer.Argument(help="Name of the suite.")],
    setting: Annotated[str, typer.Argument(help="Id of the setting.")],
    seeds: Annotated[str, typer.Option(help="Seed block.", metavar="FIRST:COUNT")],
    part: Annotated[Part, typer.Option(help="Which half of the run.")] = Part.DISTRIBUTED,
    results: Results = RESULTS,
    time_limit: Annotated[float, typer.Option(help="Seconds after which the process ends itself.")] = 600.0,
    parent: Annotated[int, typer.Option(help="Process on this machine that must stay alive.")] = 0,
    watch_folder: Annotated[
        bool, typer.Option("--watch-folder", help="End when `harness run` leaves no more signs of life.")
    ] = False,
    mark: Annotated[str, typer.Option(help="Any text; it marks the processes of a launch.")] = "",
) -> int:
    """Do one rank's part of a run; for a cluster's own launcher. `harness run` then goes on with what is there.

    Examples: `horovodrun -np 2 python -m harness worker data_partition_bsp SETTING --seeds 0:64`,
    with a line from `harness run data_partition_bsp --dry-run`
    """
    from harness import registry
    from harness.runner.run import Run
    from harness.store import Store
    from harness.worker import work

    # A rank that waits in a collective hears nothing of what Python is told.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    found = registry.load(suite)
    run = Run(found, registry.setting(found, setting), SeedBlock.parse(seeds))
    work(run.assignment(Store(results), part, time_limit, parent, watch_folder))
    return 0
