"""`harness run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.errors import BadInputError
from harness.spec import Suite
from harness.verdict import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress, TaskID

    from harness.runner.event import Event, Notify
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

    options = _options(launcher, hosts, time_limit)
    if max_replicates < 1:
        raise BadInputError(f"{max_replicates} replicates decide nothing", where="--max-replicates", remedy="give more")
    store = Store(results)
    verdicts = []
    for found in _suites(suite, kind):
        chosen = registry.select(found, settings or [], _numbers(workers))
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


def _options(launcher: str, hosts: str, time_limit: float) -> Options:
    from harness.measure.launch import Hosts, Launcher
    from harness.runner.run import Options

    if launcher not in list(Launcher):
        raise BadInputError(f"{launcher!r} is no launcher", where="--launcher", remedy=f"known: {', '.join(Launcher)}")
    if not time_limit > 0:
        raise BadInputError(
            f"{time_limit:g} s is no time to run in", where="--time-limit", remedy="give seconds above 0"
        )
    return Options(Launcher(launcher), Hosts.parse(hosts), time_limit)


def _numbers(text: str | None) -> list[int]:
    words = text.split(",") if text else []
    if not all(word.strip().lstrip("-").isdigit() for word in words):
        raise BadInputError(f"{text!r} is not a list of numbers", where="--workers", remedy="for example --workers 2,4")
    return [int(word) for word in words]


class Display:
    """Progress: a bar with the time remaining in a terminal, a line per step elsewhere."""

    def __init__(self) -> None:
        self._out = show.console()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Display:
        if self._out.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            # What must not be cut off comes first: names of settings are long.
            left, name = TextColumn("{task.fields[left]}"), TextColumn("{task.description}")
            columns = (MofNCompleteColumn(), BarColumn(12), TimeElapsedColumn(), left, name)
            self._progress = Progress(*columns, console=self._out, transient=True)
            self._task = self._progress.add_task("starting", total=None, left="")
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, event: Event) -> None:
        """Show a step.

        Args:
            event: what happened.
        """
        left = "" if event.seconds_left is None else f"about {_duration(event.seconds_left)} left"
        if not event.total:
            self._out.print(event.text, soft_wrap=True, highlight=False)
        elif self._progress is not None and self._task is not None:
            self._progress.update(
                self._task, completed=event.done, total=event.total, description=event.text, left=left
            )
        else:
            line = f"[{event.done + 1}/{event.total}] {event.text}" + (f", {left}" if left else "")
            self._out.print(line, soft_wrap=True, markup=False)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
