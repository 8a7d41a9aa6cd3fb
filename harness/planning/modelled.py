"""Modelled points: seconds per clock of what is timed, on this machine and beyond it, from constants alone.

The constants are seconds of matrix products, of passes over memory, of collectives by themselves, and of clocks of nets
that are in no suite, measured by `harness plan --measure`. None of the points that a prediction is compared with went
into them.

On this machine a rank computes where there is a core for it, else it sleeps for the time that worker 0 takes alone.
Whether an exchange over a table hides behind that is measured, and not assumed: ranks that compute leave it no core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from harness.planning.clocks import BYTES
from harness.planning.constants import Constants
from harness.planning.forecast import forecast, largest_share, seconds_here
from harness.planning.validation import EMULATED, REAL, Comparison, median_error
from harness.record import ELAPSED, Record
from harness.spec import DataPartition, Fault, ModelPartition, Setting, StalePartition, Stragglers, Training
from harness.spec.timings import AFTER, WARM
from harness.stats.queue import finish_times
from harness.stats.simulation import Flat, Law, OneMachine, Racks, Service, Topology, simulate
from harness.stats.speed import times
from harness.stragglers import service

_TIMED = DataPartition | ModelPartition | StalePartition


def is_emulated(setting: Setting, cores: int) -> bool:
    """Whether ranks sleep in the place of computing: for want of cores, or since their times are prescribed.

    Args:
        setting: who is timed.
        cores: of the machine.

    Returns:
        Whether its point is an emulated one.
    """
    found = setting.distribution
    return found.ranks > cores or (isinstance(found, StalePartition) and found.stragglers is not Stragglers.NONE)


def stretches(records: Iterable[Record]) -> dict[Setting, int]:
    """Into how many stretches the clocks that were timed were divided, each called for from Python.

    Args:
        records: of timed settings.

    Returns:
        One, or as many as there were clocks at which time was taken.
    """
    return {r.facts.setting: max(1, len(np.unique(r.gaps.clock[r.gaps.gap == ELAPSED]))) for r in records}


def predictions(
    settings: Iterable[Setting], constants: Constants, launcher: str, called: Mapping[Setting, int] | None = None
) -> dict[Setting, float]:
    """Seconds per clock of timed settings on this machine.

    Args:
        settings: those of other people's code are left out.
        constants: of this machine.
        launcher: under which exchanges were measured.
        called: stretches that were timed; one where it does not say.

    Returns:
        Seconds by setting.

    Raises:
        BadInputError: nothing was measured under that launcher.
    """
    counts = called or {}
    timed = (setting for setting in settings if isinstance(setting.distribution, _TIMED))
    return {setting: _seconds(setting, constants, launcher, counts.get(setting, 1)) for setting in timed}


def error(predicted: Mapping[Setting, float], records: Sequence[Record]) -> list[Comparison]:
    """Predictions beside what was timed.

    Args:
        predicted: seconds per clock by setting.
        records: of timed settings.

    Returns:
        One row per setting that has both, named by the setting's id.
    """
    by_name = {setting.id: seconds for setting, seconds in predicted.items()}
    return [
        Comparison(
            found.setting.id,
            found.setting.distribution.workers,
            EMULATED if found.emulated else REAL,
            by_name[found.setting.id],
            found.seconds.median,
            found.seconds.low,
            found.seconds.high,
        )
        for found in times(records).values()
        if found.setting.id in by_name
    ]


def stated(rows: Sequence[Comparison]) -> str:
    """The error of the model in a sentence, and what it was fitted to.

    Args:
        rows: one or more comparisons.

    Returns:
        The sentence.
    """
    kinds = ((kind, [row for row in rows if row.kind == kind]) for kind in (REAL, EMULATED))
    parts = [f"{100 * median_error(mine):.1f} % over {len(mine)} {kind}" for kind, mine in kinds if mine]
    return (
        f"Median error of the model, sign apart: {' and '.join(parts)} points; its constants (matrix products, passes "
        "over memory, collectives by themselves, clocks of nets in no suite) were fitted to none of them."
    )


def _seconds(setting: Setting, constants: Constants, launcher: str, calls: int) -> float:
    emulated = is_emulated(setting, constants.machine.cores)
    match setting.distribution:
        case StalePartition() as stale:
            return _over_tables(setting.training, stale, constants, launcher, emulated=emulated)
        case DataPartition() | ModelPartition() as partition:
            arithmetic = constants.alone if partition.workers == 1 or emulated else constants.busy
            step = seconds_here(setting.training, partition, constants, launcher, emulated=emulated)
            dispatch = arithmetic.dispatch
            exchanging = partition.workers > 1 and partition.fault is not Fault.NO_EXCHANGE
            call = dispatch.call_exchanging if exchanging else dispatch.call
            return step + calls * call / _timed(setting.training)
    raise TypeError(setting.id)


def _timed(training: Training) -> int:
    """Clocks of a turn that are timed, in one loop or in stretches between checkpoints."""
    return max(1, training.clocks - WARM - AFTER)


def _over_tables(
    training: Training, stale: StalePartition, constants: Constants, launcher: str, *, emulated: bool
) -> float:
    """Of a clock, from the first that is timed to the last.

    What a table adds to a clock from s = 1 on occupies a worker; what s = 0 adds beyond s = 1 is on its way meanwhile.
    """
    clocks = _timed(training)
    bounds = (max(1, stale.staleness), 1, 0)
    own, least, whole = (_of_table(training, stale, constants, launcher, staleness) for staleness in bounds)
    busy = own + _computing(training, stale, constants, launcher, clocks, emulated=emulated)
    warm = np.repeat(busy.mean(axis=1, keepdims=True), WARM, axis=1)
    finished = finish_times(np.hstack([warm, busy]), stale.staleness, max(0.0, whole - least)).max(axis=1)
    return float(finished[-1] - finished[WARM - 1]) / clocks


def _computing(
    training: Training, stale: StalePartition, constants: Constants, launcher: str, clocks: int, *, emulated: bool
) -> NDArray[np.float64]:
    """(workers, clocks): drawn, or slept as long as worker 0 of a data partition computes, or computed."""
    if stale.stragglers is not Stragglers.NONE:
        return service(stale.stragglers, stale.workers, clocks, 0)
    fault = Fault.NONE if emulated or stale.workers == 1 else Fault.NO_EXCHANGE
    arithmetic = constants.alone if emulated or stale.workers == 1 else constants.busy
    network = constants.network(launcher, oversubscribed=True)
    found = forecast(training, DataPartition(stale.workers, fault), arithmetic, network)
    return np.full((stale.workers, clocks), found.compute_seconds)


def _of_table(
    training: Training, stale: StalePartition, constants: Constants, launcher: str, staleness: float
) -> float:
    """Nothing for a worker alone, whose table folds as an update does."""
    if stale.workers == 1:
        return 0.0
    found = constants.clocks_of(launcher, stale.workers, tables=True)
    return found.of_table(stale.transport, staleness, training.sizes, largest_share(training.batch, stale.workers))


@dataclass(frozen=True)
class Point:
    """A modelled point beyond this machine.

    Args:
        topology: name of how workers are joined.
        law: name of how their times vary.
        staleness: s.
        workers: P.
        seconds: of a clock.
        speedup: P·T(1)/T(P), examples per second over those of one worker that nobody disturbs; same batch per worker.
    """

    topology: str
    law: str
    staleness: int
    workers: int
    seconds: float
    speedup: float


def topologies(
    constants: Constants, launcher: str, *, latency_seconds: float, bandwidth: float, rack: int
) -> dict[str, Topology]:
    """One machine as this one was measured, and two networks that are assumed.

    Args:
        constants: of this machine.
        launcher: under which exchanges were measured.
        latency_seconds: of a message over a link of the networks; twice that between racks.
        bandwidth: bytes per second of a link, and of a rack's uplink.
        rack: workers of a rack.

    Returns:
        Topologies by a name that says what they are.

    Raises:
        BadInputError: nothing was measured under that launcher.
    """
    measured = constants.network(launcher).measured
    pair = measured[min(measured)]
    steps, most = 2 * (pair.ranks - 1), pair.bytes[-1]
    quickest = pair.seconds["allreduce"][0] / steps
    memory = most / (pair.seconds["allreduce"][-1] / steps - quickest)
    link, uplink = Flat(latency_seconds, bandwidth), Flat(2 * latency_seconds, bandwidth)
    said = f"{1e6 * latency_seconds:g} µs, {bandwidth / 1e9:g} GB/s a link"
    return {
        f"one machine ({1e6 * quickest:.0f} µs, {memory / 1e9:.1f} GB/s in all)": OneMachine(quickest, memory),
        f"flat network ({said})": link,
        f"racks of {rack} ({said})": Racks(rack, link, uplink),
    }


def beyond(
    training: Training,
    compute_seconds: float,
    joined: Mapping[str, Topology],
    laws: Mapping[str, Law],
    workers: Sequence[int],
    *,
    staleness: Sequence[int] = (0, 3),
    clocks: int = 100,
) -> list[Point]:
    """Data partition among any number of workers, each with the whole batch to itself.

    Args:
        training: whose weights travel.
        compute_seconds: mean time of a worker's clock.
        joined: topologies by name.
        laws: of stragglers, by name, at the same mean.
        workers: numbers of them.
        staleness: bounds s.
        clocks: that are simulated.

    Returns:
        Points, one per combination.

    Raises:
        BadInputError: a number is out of range.
    """
    size = float(BYTES * training.parameters)
    found = []
    for (topology, links), (law, varying), bound, count in product(joined.items(), laws.items(), staleness, workers):
        drawn = Service(compute_seconds, varying)
        run = simulate(drawn, links, workers=count, clocks=clocks, staleness=bound, message_bytes=size)
        seconds = run.seconds / clocks
        found.append(Point(topology, law, bound, count, seconds, count * compute_seconds / seconds))
    return found
