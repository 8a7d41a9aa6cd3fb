"""`harness calibrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.errors import BadInputError

if TYPE_CHECKING:
    from harness.stats.worlds import Draw
    from harness.store import Store


_PROBABILITIES = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.10, 0.15, 0.20, 0.30, 0.50, 1.0)


def calibrate(
    suites: Annotated[int, typer.Option(help="Simulated suites per cell of the table.")] = 400,
    replicates: Annotated[str, typer.Option(help="Numbers of replicates.", metavar="N[,N…]")] = "30,60,100,200",
    results: Results = RESULTS,
    json: Json = None,
) -> int:
    """Measure the verdict's own error rates in worlds with known truth; the report then shows the table.

    Where records are stored, worlds are also planted in the noise of their trajectories.

    Examples: `harness calibrate`, `harness calibrate --suites 1000 --replicates 60`

    Raises:
        BadInputError: an option cannot be used.
    """
    from harness.stats import calibration, worlds
    from harness.store import Store

    words = replicates.split(",")
    if suites < 1 or not all(word.isdigit() and int(word) > 0 for word in words):
        raise BadInputError("numbers above 0 are needed", where="calibrate", remedy="for example --replicates 60")
    counts = [int(word) for word in words]
    store = Store(results)
    noises = worlds.NOISES | _recorded(store)
    total, table = calibration.cells(counts, noises), []
    for cell in calibration.characteristics(counts, suites, noises):
        table.append(cell.to_json())
        if len(table) % 50 == 0 or len(table) == total:
            show.console().print(f"[{len(table)}/{total}] {cell.noise}", markup=False)
    watched = [row.to_json() for row in calibration.decisions(_PROBABILITIES)]
    result = {"cells": table, "decisions": watched}
    store.save_calibration(result)
    show.write_json(json, result)
    return 0


def _recorded(store: Store) -> dict[str, Draw]:
    """Noise of every training that is on record: the reference against itself with another order of the data."""
    from harness.record import NATURAL
    from harness.stats.calibration import recorded

    found = {}
    for name in store.suites():
        for record in store.records(name):
            training = record.facts.setting.training
            gaps, _ = record.gaps.worst_over_ranks(gap=NATURAL, layer="all")
            widths = "–".join(map(str, training.widths))
            found[f"recorded: {training.data} {widths}"] = recorded(gaps)
    return found
