"""What a model made of constants of the machine says: beside what was timed, and of workers beyond this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.planning import Constants
from harness.planning.modelled import Point, beyond, error, predictions, stated, stretches, topologies
from harness.planning.validation import Comparison
from harness.record import Record
from harness.spec import DataPartition
from harness.stats.simulation import Law
from harness.stats.speed import Times, times

# A network such as many have, assumed and named in the figure: 25 Gbit/s and 20 µs a link, 32 workers to a rack.
_LATENCY_SECONDS, _BANDWIDTH, _RACK = 20e-6, 3e9, 32
_LAWS = {str(law): Law(law) for law in (Law.STEADY, Law.LOGNORMAL, Law.PAUSES)}
_WORKERS = tuple(4**power for power in range(9))
_CLOCKS = 50
# Where many share a machine, within some hours its speed moves by more than the model is wrong.
_SAME_HOURS = 2.0


@dataclass(frozen=True)
class Model:
    """A model beside what was timed.

    Args:
        rows: modelled and timed seconds of a clock, of what can be modelled.
        constants: that it is made of.
        launcher: under which exchanges were measured.
        hours: from the constants to the first and the last of the records, negative where these came before.
        base: one worker of the largest net that was timed with the same batch per worker; None where none was.
    """

    rows: Sequence[Comparison]
    constants: Constants
    launcher: str
    hours: tuple[float, float]
    base: Times | None

    @property
    def said(self) -> str:
        """Its error, what it was fitted to, and how far apart in time both were measured."""
        first, last = self.hours
        said = (
            f"{stated(self.rows)} Measured {self.constants.measured_at}, exchanges under {self.launcher}; "
            f"points were begun {first:+.1f} to {last:+.1f} hours from then."
        )
        if max(-first, last) <= _SAME_HOURS:
            return said
        return f"{said} A machine's speed moves within hours: `harness plan --measure` measures constants again."

    def beyond(self) -> list[Point]:
        """Modelled points up to 65,536 workers.

        Returns:
            None where nothing was timed that they could be of.
        """
        if self.base is None:
            return []
        joined = topologies(
            self.constants, self.launcher, latency_seconds=_LATENCY_SECONDS, bandwidth=_BANDWIDTH, rack=_RACK
        )
        training, seconds = self.base.setting.training, self.base.seconds.median
        return beyond(training, seconds, joined, _LAWS, _WORKERS, clocks=_CLOCKS)


def model(records: Sequence[Record], constants: Constants) -> Model | None:
    """Set a model beside what was timed.

    Args:
        records: of one suite.
        constants: of the machine that they were made on.

    Returns:
        The model; None where nothing that can be modelled was timed, or exchanges were not measured.
    """
    launcher = next((name for name in ("mpi", "gloo") if name in constants.exchanges), None)
    if launcher is None:
        return None
    found = times(records)
    settings = (point.setting for point in found.values())
    rows = error(predictions(settings, constants, launcher, stretches(records)), records)
    single = [p for p in found.values() if p.setting.distribution == DataPartition(1) and not p.emulated]
    weak = any(point.base_batch < point.setting.training.batch for point in found.values())
    base = max(single, key=lambda p: p.setting.training.parameters, default=None) if weak else None
    return Model(rows, constants, launcher, _hours(constants, records), base) if rows else None


def _hours(constants: Constants, records: Sequence[Record]) -> tuple[float, float]:
    then = datetime.fromisoformat(constants.measured_at)
    apart = [(datetime.fromisoformat(r.facts.started) - then).total_seconds() / 3600 for r in records]
    return min(apart), max(apart)
