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
    before: Annotated[Path, typer.Argument(help="Folder of records, or a file of pytest-benchmark's.")],
    after: Annotated[Path, typer.Argument(help="Another one, of the same machine.")],
    suites: Annotated[
        list[str] | None, typer.Argument(help="Suites; those with records on both sides if left out.")
    ] = None,
    json: Json = None,
) -> int:
    """Compare two folders of records, setting by setting, or two files of timings, benchmark by benchmark.

    Of records: final gaps with intervals, and verdicts. Of timings (pytest-benchmark's JSON): the ratio of medians with
    its interval, and one of slower, faster, no difference shown; a change below 10 % does not matter, and where nothing
    has changed, anything is called slower or faster in at most 5 % of comparisons.

    Exit status: 0 nothing is larger or slower and no verdict differs · 1 some gap is shown to be larger, some benchmark
    to be slower, or some verdict differs · 3 bad input, two machines included.

    Examples: `harness compare results results-before`,
    `harness compare results/benchmarks/baseline.json results/benchmarks/latest.json`

    Raises:
        BadInputError: nothing can be compared.
    """
    if before.is_file() != after.is_file():
        raise BadInputError(
            "one is a file and the other is not",
            where=f"{before}, {after}",
            remedy="give two folders of records, or two files of pytest-benchmark's",
        )
    if before.is_file() and suites:
        raise BadInputError(
            "benchmarks belong to no suite", where=", ".join(suites), remedy="give two files and nothing else"
        )
    return _timings(before, after, json) if before.is_file() else _records(before, after, suites, json)


def _timings(before: Path, after: Path, json: Path | None) -> int:
    from rich.markup import escape
    from rich.table import Table

    from harness.stats import timings
    from harness.store import read_timings

    changes = timings.compare(read_timings(before), read_timings(after))
    table = Table("benchmark", "before, ms", "after, ms", "ratio", "", box=None, pad_edge=False)
    for change in changes:
        times = (f"{1e3 * seconds:.4g}" for seconds in (change.before, change.after))
        table.add_row(escape(change.benchmark), *times, _interval(change.ratio), change.word)
    show.console().print(table)
    show.write_json(json, [change.to_json() for change in changes])
    return 1 if any(change.word == timings.SLOWER for change in changes) else 0


def _records(before: Path, after: Path, suites: list[str] | None, json: Path | None) -> int:
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
