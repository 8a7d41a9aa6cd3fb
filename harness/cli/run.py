"""`harness run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.cli.progress import Display
from harness.errors import BadInputError
from harness.spec import Suite
from harness.verdict import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.runner.event import Notify
    from harness.runner.run import Options
    from harness.spec import Setting
    from harness.store import Store


def run(
    suite: Annotated[str | None, typer.Argument(help="Suite to run; see `harness list`.")] = None,
    settings: Annotated[list[str] | None, typer.Argument(help="Settings or patterns; all where left out.")] = None,
    kind: Annotated[str | None, typer.Option(help="Run every suite of this kind instead.", metavar="KIND")] = None,
    workers: Annotated[str | None, typer.Option(help="Numbers of workers for the claims.", metavar="N[,N…]")] = None,
    launcher: Annotated[str, typer.Option(help="gloo, mpi or auto.")] = "auto",
    hosts: Annotated[str, typer.Option(help="Where ranks are placed; this machine if left out.", metavar="H:N,…")] = "",
    time_limit: Annotated[float, typer.Option(help="Seconds that one launch may take.")] = 600.0,
    until_decided: Annotated[
        bool, typer.Option("--until-decided", help="Add replicates until each setting is decided, and stop there.")
    ] = False,
    max_replicates: Annotated[int, typer.Option(help="With --until-decided: replicates per setting at most.")] = 256,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the launch lines and do nothing.")] = False,
    results: Results = RESULTS,
    json: Json = None,
) -> int:
    """Run a suite on real ranks, store its records, and judge them.

    A run that was stopped, even by SIGKILL, is gone on with by the same command.

    Examples:
    `harness run data_partition_bsp`,
    `harness run data_partition_bsp 'digits*' --workers 2,3 --launcher gloo`,
    `harness run data_partition_bsp --until-decided --max-replicates 128`,
    `harness run data_partition_bsp --dry-run`

    Raises:
        BadInputError: an option cannot be used.
    """
    from harness.cli.judge import judge_stored
    from harness.store import Store

    options = launch_options(launcher, hosts, time_limit)
    if max_replicates < 1:
        raise BadInputError(f"{max_replicates} replicates decide nothing", where="--max-replicates", remedy="give more")
    store = Store(results)
    verdicts = []
    for found in _suites(suite, kind):
        chosen = registry.select(found, settings or [], numbers(workers))
        if dry_run:
            for line in _lines(found, chosen, store, options):
                typer.echo(line)
            continue
        with Display() as display:
            _run(found, chosen, store, options, display.show, max_replicates if until_decided else 0)
        verdicts.append(judge_stored(found.name, store, sequential=until_decided))
    if dry_run:
        return 0
    out = show.console()
    for verdict in verdicts:
        show.verdict(out, verdict)
    show.write_json(json, [verdict.to_json() for verdict in verdicts])
    return all_of("run", verdicts).exit_status


def _lines(suite: Suite, settings: Sequence[Setting], store: Store, options: Options) -> list[str]:
    from harness import rounds
    from harness.runner import runs

    if suite.claim.kind == rounds.KIND:
        return rounds.plan(suite, settings, options)
    return runs.plan(suite, settings, store, options)


def _run(
    suite: Suite, settings: Sequence[Setting], store: Store, options: Options, notify: Notify, until_decided: int
) -> None:
    """Run what is planned, or at most so many replicates until each setting is decided.

    Raises:
        BadInputError: a suite that is timed has a number of rounds, and no rule for stopping earlier.
    """
    from harness import rounds
    from harness.runner import runs

    timed = suite.claim.kind == rounds.KIND
    if timed and until_decided:
        raise BadInputError(
            "rounds are not added until a claim is decided", where="--until-decided", remedy="leave it out"
        )
    if timed:
        rounds.run_suite(suite, settings, store, options, notify)
    elif until_decided:
        runs.run_until_decided(suite, settings, store, options, notify, until_decided)
    else:
        runs.run_suite(suite, settings, store, options, notify)


def _suites(name: str | None, kind: str | None) -> list[Suite]:
    if (name is None) == (kind is None):
        raise BadInputError("give either a suite or --kind", where="harness run", remedy="see `harness list`")
    if name is not None:
        return [registry.load(name)]
    everything = [registry.load(found) for found in registry.names()]
    chosen = [found for found in everything if found.claim.kind == kind]
    if not chosen:
        kinds = ", ".join(sorted({found.claim.kind for found in everything}))
        raise BadInputError(f"no suite is of kind {kind!r}", where="--kind", remedy=f"known: {kinds}")
    return chosen


def launch_options(launcher: str, hosts: str, time_limit: float) -> Options:
    """How to launch, from the words of the command line.

    Args:
        launcher: `mpi`, `gloo` or `auto`.
        hosts: as in `h1:4,h2:4`.
        time_limit: seconds.

    Returns:
        The options.

    Raises:
        BadInputError: one of them cannot be used.
    """
    from harness.measure.launch import Hosts, Launcher
    from harness.runner.run import Options

    if launcher not in list(Launcher):
        raise BadInputError(f"{launcher!r} is no launcher", where="--launcher", remedy=f"known: {', '.join(Launcher)}")
    if not time_limit > 0:
        raise BadInputError(
            f"{time_limit:g} s is no time to run in", where="--time-limit", remedy="give seconds above 0"
        )
    return Options(Launcher(launcher), Hosts.parse(hosts), time_limit)


def numbers(text: str | None) -> list[int]:
    """Read numbers of workers.

    Args:
        text: as in `2,4`.

    Returns:
        The numbers; none where the text is left out.

    Raises:
        BadInputError: the text is of another form.
    """
    words = text.split(",") if text else []
    if not all(word.strip().lstrip("-").isdigit() for word in words):
        raise BadInputError(f"{text!r} is not a list of numbers", where="--workers", remedy="for example --workers 2,4")
    return [int(word) for word in words]
