"""`harness plan`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import show
from harness.cli.options import RESULTS, Json, Results
from harness.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.planning import Constants, Forecast
    from harness.planning.network import ExchangeTimes
    from harness.planning.validation import Comparison
    from harness.record import Machine
    from harness.spec import Training
    from harness.store import Store

_MOST_WORKERS = 100_000
_LAUNCHERS = ("mpi", "gloo")
# The fewest of which a median has a 95 % interval are six.
_ROUNDS = 7


def plan(
    net: Annotated[str, typer.Option(help="Units per layer, inputs first.", metavar="N,NxTIMES,…")],
    workers: Annotated[str, typer.Option(help="Numbers of workers; A..B doubles.", metavar="A..B|N[,N…]")] = "2..64",
    batch: Annotated[int, typer.Option(help="Examples per step, all workers together.")] = 256,
    launcher: Annotated[str, typer.Option(help="Whose exchanges count: mpi or gloo.")] = "mpi",
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure this machine first, exchanges by the launcher.")
    ] = False,
    validate: Annotated[bool, typer.Option("--validate", help="Run steps and compare them with the forecast.")] = False,
    results: Results = RESULTS,
    json: Json = None,
) -> int:
    """Say what a step will cost under every partition of a net: memory, traffic and time, and which one is best.

    Constants of this machine are measured once, in some minutes, and kept in the results folder.

    Exit status: 0 · 3 bad input, or no constants of this machine yet · 4 a launch failed.

    Examples: `harness plan --net 440,2048x6,1993 --workers 2..64 --batch 256 --measure`,
    `harness plan --net 440,2048x6,1993 --validate`
    """
    from harness import planning
    from harness.measure import machine
    from harness.store import Store

    _require_launcher(launcher)
    store, counts = Store(results), worker_counts(workers)
    training = planning.example(widths(net), batch)
    if measure:
        _measure(store, launcher)
    constants = _known(store, machine.describe())
    network = constants.network(launcher)
    base = planning.forecast(training, planning.UNDIVIDED, constants.alone, network)
    found = planning.plan(training, counts, constants.busy, network)
    _show(training, base, found, constants, launcher)
    compared = _validate(store, training, constants, launcher) if validate else []
    rows = [row.to_json() for forecasts in found.values() for row in forecasts]
    result = {"machine": constants.machine.model_dump(), "batch": batch, "widths": training.widths}
    result |= {"one_process": base.to_json(), "forecasts": rows, "validation": [row.to_json() for row in compared]}
    show.write_json(json, result)
    return 0


def _require_launcher(name: str) -> None:
    """See that a launcher carries exchanges.

    Raises:
        BadInputError: it does not.
    """
    if name not in _LAUNCHERS:
        known = ", ".join(_LAUNCHERS)
        raise BadInputError(f"{name!r} carries no exchange", where="--launcher", remedy=f"known: {known}")


def _known(store: Store, here: Machine) -> Constants:
    """Constants of this machine.

    Raises:
        BadInputError: nothing was measured yet.
    """
    from harness import planning

    body = store.constants(here)
    if body is None:
        raise BadInputError(
            "no constants of this machine are stored",
            where=str(store.root),
            remedy="run it once with --measure, which takes some minutes on idle cores",
        )
    return planning.Constants.of(body)


def widths(text: str) -> tuple[int, ...]:
    """Read a net.

    Args:
        text: for example `440,2048x6,1993`.

    Returns:
        Units per layer.

    Raises:
        BadInputError: the text is of another form.
    """
    found = [re.fullmatch(r"([1-9]\d{0,6})(?:x([1-9]\d{0,3}))?", word) for word in text.split(",")]
    sizes = [int(part[1]) for part in found if part for _ in range(int(part[2] or 1))]
    if None in found or len(sizes) < 2:
        raise BadInputError(
            f"{text!r} is not a net of two or more layers of units", where="--net", remedy="as in --net 440,2048x6,1993"
        )
    return tuple(sizes)


def worker_counts(text: str) -> list[int]:
    """Read numbers of workers.

    Args:
        text: for example `2..64`, doubled from the first up to the last, or `2,3,6`.

    Returns:
        Increasing numbers.

    Raises:
        BadInputError: the text is of another form, or a number is out of range.
    """
    span = re.fullmatch(r"(\d{1,6})\.\.(\d{1,6})", text)
    listed = re.fullmatch(r"\d{1,6}(,\d{1,6})*", text)
    counts = [int(word) for word in text.split(",")] if listed else []
    if span:
        first, last = int(span[1]), int(span[2])
        counts = [first << power for power in range(20) if 0 < first << power < last]
        counts += [last] if last >= first else []
    if not counts or min(counts) < 2 or max(counts) > _MOST_WORKERS:
        raise BadInputError(
            f"{text!r} gives no numbers of workers from 2 to {_MOST_WORKERS}",
            where="--workers",
            remedy="for example 2..64 or 2,3,6",
        )
    return sorted(set(counts))


def _measure(store: Store, launcher: str) -> None:
    from harness.measure import constants, machine
    from harness.measure.launch import Launcher

    store.check()
    out, known = show.console(), store.constants(machine.describe())
    measured = constants.measure(
        Launcher(launcher), known, lambda text: out.print(f"measuring {text}", highlight=False)
    )
    store.save_constants(measured)


def _validate(store: Store, training: Training, constants: Constants, launcher: str) -> list[Comparison]:
    from rich.table import Table

    from harness.measure.constants import step_seconds
    from harness.measure.launch import Launcher
    from harness.planning.validation import median_error, page, validate

    def run(mode: str, steps: Mapping[str, float], ranks: int) -> Mapping[str, Sequence[float]]:
        out.print(f"running {', '.join(steps)} ({mode}, {ranks} ranks)", highlight=False)
        return step_seconds(mode, training.widths, training.batch, _ROUNDS, dict(steps), Launcher(launcher), ranks)

    out = show.console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("partition", "workers", "kind", "forecast", "step (95 %)", "error"):
        table.add_column(heading, justify="left" if heading in ("partition", "kind") else "right")
    found = []
    for row in validate(training, constants, launcher, run):
        found.append(row)
        interval = f"{_ms(row.seconds)} [{_ms(row.low)}, {_ms(row.high)}]"
        table.add_row(
            row.name, str(row.workers), row.kind, _ms(row.predicted_seconds), interval, f"{100 * row.error:+.0f} %"
        )
    out.print(table)
    out.print(f"median error {100 * median_error(found):.0f} %", highlight=False)
    stored = store.save_validation(constants.machine, page(training, constants, launcher, found))
    out.print(f"report: {stored}", highlight=False, soft_wrap=True)
    return found


def _show(
    training: Training, base: Forecast, found: dict[int, list[Forecast]], constants: Constants, launcher: str
) -> None:
    from rich.table import Table

    out = show.console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("workers", "partition", "memory", "sent", "collectives", "compute", "exchange", "step", "speed-up", "")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("partition", "") else "right")
    for count, forecasts in found.items():
        for row in forecasts:
            table.add_row(
                str(count) if row is forecasts[0] else "",
                row.label,
                f"{row.memory_bytes / 2**20:.0f} MiB",
                f"{row.sent_bytes / 1e6:.1f} MB",
                str(row.collectives),
                _ms(row.compute_seconds),
                _ms(row.exchange_seconds),
                _ms(row.step_seconds),
                f"{base.step_seconds / row.step_seconds:.2f}",
                "extrapolated" if row.extrapolated or count > constants.machine.cores else "",
            )
    out.print(table)
    out.print(*_summary(training, base, found, constants, launcher), sep="\n", highlight=False, soft_wrap=True)


def _summary(
    training: Training, base: Forecast, found: dict[int, list[Forecast]], constants: Constants, launcher: str
) -> list[Any]:
    from harness.planning import crossover

    most = max(found)
    best = found[most][0]
    crossing = crossover(found)
    changes = (
        f"from {crossing[0]} workers on {crossing[2]} overtakes {crossing[1]}"
        if crossing
        else f"no crossover: {best.layout} is the fastest for all of these numbers of workers"
    )
    cores, network = constants.machine.cores, constants.network(launcher).measured
    return [
        f"base: one process, one thread, {_ms(base.step_seconds)} per step of {training.batch} examples",
        f"best for {most} workers: {best.label}, {_ms(best.step_seconds)}; {changes}",
        f"measured on {constants.machine.id} at {constants.measured_at}: arithmetic on up to {cores} cores, "
        f"exchanges among up to {max(network)} ranks ({launcher}); beyond, every worker "
        "is taken to have a core like these and links like theirs, exchanges to go round a ring, nothing to overlap",
        _facts(constants, network[max(network)]),
    ]


def _facts(constants: Constants, exchanges: ExchangeTimes) -> str:
    busy = constants.busy
    rates = ", ".join(f"{busy.peak(precision) / 1e9:.0f} GFLOP/s in {precision}" for precision in busy.products)
    return (
        f"each of {busy.ranks} busy cores: {rates}, {busy.bandwidth / 1e9:.1f} GB/s through the update; an allreduce "
        f"among {exchanges.ranks}: {1e6 * exchanges.seconds['allreduce'][0]:.0f} µs at the least, "
        f"{exchanges.bus_bandwidth('allreduce') / 1e9:.1f} GB/s over the bus"
    )


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms"
