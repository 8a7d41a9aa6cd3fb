"""`harness compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.options import Json
from harness.errors import BadInputError


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of records.")],
    after: Annotated[Path, typer.Argument(help="Another folder of records, of the same machine.")],
    suites: Annotated[
        list[str] | None, typer.Argument(help="Suites; those with records on both sides if left out.")
    ] = None,
    json: Json = None,
) -> int:
    """Compare two folders of records setting by setting: final gaps with intervals, and verdicts.

    Exit status: 0 no gap is larger and no verdict differs · 1 some gap is shown to be larger, or some
    verdict differs · 3 bad input, two machines included.

    Examples: `harness compare results results-before`

    Raises:
        BadInputError: nothing can be compared.
    """
    from rich.table import Table

    from harness.cli.judge import judge_stored
    from harness.record import one_machine
    from harness.stats import comparison
    from harness.store import Store

    old, new = Store(before), Store(after)
    shared = [name for name in registry.names() if name in old.suites() and name in new.suites()]
    names = [registry.load(name).name for name in suites or shared]
    if not names:
        raise BadInputError(
            "no suite has records on both sides", where=f"{before}, {after}", remedy="run one on either side"
        )
    table = Table("setting", "before", "after", "gap", "verdicts", box=None, pad_edge=False)
    found = []
    for name in names:
        verdicts = judge_stored(name, old), judge_stored(name, new)
        one_machine([*old.records(name), *new.records(name)])
        found += comparison.compare(old.records(name), new.records(name), verdicts)
    for row in found:
        words = row.verdicts[0] if row.verdicts[0] == row.verdicts[1] else " → ".join(row.verdicts)
        table.add_row(row.setting, _interval(row.before), _interval(row.after), row.gap, words)
    show.console().print(table)
    show.write_json(json, [row.to_json() for row in found])
    differs = any(row.gap == comparison.LARGER or row.verdicts[0] != row.verdicts[1] for row in found)
    return 1 if differs else 0


def _interval(numbers: tuple[float, float, float]) -> str:
    median, low, high = numbers
    return f"{median:.3g} [{low:.3g}, {high:.3g}]"
