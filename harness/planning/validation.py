"""How far forecasts are from steps that were run: real ones, and emulated ones beyond the cores of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harness.planning.constants import Constants
from harness.planning.forecast import seconds_here, synchronous
from harness.spec import Training
from harness.stats.intervals import median_interval

REAL, EMULATED = "measured", "emulated"
WORKERS = (1, 2, 4, 8)
# Runs a mode on some ranks: names of partitions with seconds of computing → seconds of every round.
Run = Callable[[str, Mapping[str, float], int], Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Comparison:
    """A forecast beside what was run.

    Args:
        name: of the distribution.
        workers: P.
        kind: `measured` or `emulated`.
        predicted_seconds: of a step.
        seconds: median of the rounds.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    name: str
    workers: int
    kind: str
    predicted_seconds: float
    seconds: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.predicted_seconds / self.seconds - 1

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return asdict(self) | {"error": self.error}


def names(workers: int) -> list[str]:
    """Partitions that are run with so many workers.

    Args:
        workers: P.

    Returns:
        Names of distributions.
    """
    if workers == 1:
        return ["w1"]
    pure = [f"w{workers}", *(f"w{workers}-{layout}" for layout in ("neuron", "weight", "alternate"))]
    return pure + ([f"w{workers}-d2-alternate"] if workers > 2 else [])


def validate(
    training: Training, constants: Constants, launcher: str, run: Run, workers: Sequence[int] = WORKERS
) -> Iterator[Comparison]:
    """Run every partition, really where there are cores enough, else emulated with a measured time of computing.

    Args:
        training: widths and batch.
        constants: of this machine.
        launcher: under which exchanges were measured.
        run: launches.
        workers: numbers of workers.

    Yields:
        One comparison per partition and number of workers.
    """
    cores = constants.machine.cores
    sleeping = [name for count in workers if count > cores for name in names(count)]
    calibrated = run("alone", dict.fromkeys(sleeping, 0.0), 1) if sleeping else {}
    for count in workers:
        kind = REAL if count <= cores else EMULATED
        if kind == REAL:
            found = run("real", dict.fromkeys(names(count), 0.0), count)
        else:
            found = run("emulated", {name: float(np.median(calibrated[name])) for name in names(count)}, count)
        for name, times in found.items():
            predicted = seconds_here(training, synchronous(name), constants, launcher, emulated=kind == EMULATED)
            yield Comparison(name, count, kind, predicted, *median_interval(np.asarray(times), 0.05))


def median_error(rows: Sequence[Comparison]) -> float:
    """How far a forecast is, whichever way.

    Args:
        rows: comparisons.

    Returns:
        Median of the errors without their signs.
    """
    return float(np.median([abs(row.error) for row in rows]))


def page(training: Training, constants: Constants, launcher: str, rows: Sequence[Comparison]) -> str:
    """A small report.

    Args:
        training: widths and batch.
        constants: of this machine.
        launcher: under which exchanges were measured.
        rows: comparisons.

    Returns:
        Markdown.
    """
    lines = [
        f"# Forecasts of a step of {'–'.join(map(str, training.widths))}, batch {training.batch}, against steps run",
        "",
        f"{constants.machine.id}; constants of {constants.measured_at}; exchanges under {launcher}.",
        f"Median error {100 * median_error(rows):.0f} %, signs apart; intervals of the median, 95 %.",
        "*Measured*: real ranks, one thread each.",
        "*Emulated*: more ranks than cores, which sleep for the time that one process took to compute, exchanges real.",
        "",
        "| partition | workers | kind | forecast, ms | step, ms | error |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        forecasted, step, low, high = (
            f"{1e3 * seconds:.1f}" for seconds in (row.predicted_seconds, row.seconds, row.low, row.high)
        )
        cells = row.name, row.workers, row.kind, forecasted, f"{step} [{low}, {high}]", f"{100 * row.error:+.0f} %"
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"
