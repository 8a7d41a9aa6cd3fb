"""`harness judge`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.errors import BadInputError
from harness.verdict import Verdict, all_of

if TYPE_CHECKING:
    from harness.store import Store


def judge_stored(name: str, store: Store, *, sequential: bool = False) -> Verdict:
    """Judge what is stored of a suite.

    Args:
        name: name of the suite.
        store: the results folder.
        sequential: whether replicates were added until decided, rather than planned.

    Returns:
        The verdict.

    Raises:
        BadInputError: records are missing, damaged, or come from two machines.
    """
    records = store.records(name)
    if not records:
        raise BadInputError(
            f"holds no record of {name}", where=str(store.root), remedy=f"run `harness run {name}` first"
        )
    # SciPy is half of a whole command's start: nobody waits for it who has nothing to judge.
    from harness.record import one_machine
    from harness.stats import suites

    one_machine(records)
    rule = suites.SEQUENTIAL if sequential else suites.FIXED
    verdict: Verdict = registry.analysis_module(name).judge(records, rule)
    return verdict


def judge(
    suites: Annotated[
        list[str] | None, typer.Argument(help="Suites to judge; all that have records if left out.")
    ] = None,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Judge replicates that were added until decided.")
    ] = False,
    results: Results = RESULTS,
    json: Json = None,
) -> int:
    """Judge stored records again; nothing is run, so it can be repeated at will.

    Examples: `harness judge`, `harness judge data_partition_bsp --json verdict.json`
    """
    from harness.store import Store

    store = Store(results)
    names = [registry.load(name).name for name in suites or with_records(store)]
    verdicts = [judge_stored(name, store, sequential=sequential) for name in names]
    out = show.console()
    for verdict in verdicts:
        show.verdict(out, verdict)
    show.write_json(json, [verdict.to_json() for verdict in verdicts])
    return all_of("judge", verdicts).exit_status


def with_records(store: Store) -> list[str]:
    """Suites that have records and still exist.

    Args:
        store: the results folder.

    Returns:
        Their names.

    Raises:
        BadInputError: there is none.
    """
    stored = store.suites()
    found = [name for name in registry.names() if name in stored]
    if not found:
        raise BadInputError(
            "holds no record", where=str(store.root), remedy="run `harness run SUITE` first; see `harness list`"
        )
    return found
