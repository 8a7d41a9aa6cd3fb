"""What a machine was measured to do, and how numbers between the measured ones are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError
from harness.record import Machine

PRODUCTS = ("forward", "gradient", "backward")


@dataclass(frozen=True)
class Products:
    """Seconds of matrix products over a grid of shapes.

    Args:
        axes: increasing inputs, units and examples.
        rates: for each of `PRODUCTS` floating-point operations per second, one axis each.
    """

    axes: tuple[tuple[int, ...], ...]
    rates: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Products:
        """What a program measured.

        Args:
            found: `inputs`, `units`, `batch`, and `seconds` by product, flat.

        Returns:
            The same as rates.
        """
        axes = tuple(tuple(found[name]) for name in ("inputs", "units", "batch"))
        shape = tuple(map(len, axes))
        operations = 2.0 * np.multiply.outer(np.multiply.outer(*axes[:2]), axes[2])
        return cls(axes, {name: operations / np.reshape(found["seconds"][name], shape) for name in PRODUCTS})

    def seconds(self, product: str, inputs: int, units: int, examples: float) -> float:
        """Time of one product: its operations, at a rate that is interpolated in logarithms.

        Args:
            product: one of `PRODUCTS`.
            inputs: rows of W.
            units: columns of W.
            examples: columns of the activations.

        Returns:
            Seconds; beyond the grid at the rate of its nearest point.
        """
        rates = np.log(self.rates[product])
        for axis, value in zip(self.axes, (inputs, units, examples), strict=True):
            place = np.interp(np.log(value), np.log(axis), np.arange(len(axis)))
            low = min(int(place), len(axis) - 2) if len(axis) > 1 else 0
            share = place - low
            rates = rates[0] if len(axis) == 1 else (1 - share) * rates[low] + share * rates[low + 1]
        return 2.0 * inputs * units * examples / float(np.exp(rates))


@dataclass(frozen=True)
class Arithmetic:
    """What one rank computes in a second while others compute too.

    Args:
        ranks: how many computed at once.
        products: by precision.
        seconds_per_element: of a pass over memory, by what it does: `update`, `copy`, `activation`.
    """

    ranks: int
    products: Mapping[str, Products]
    seconds_per_element: Mapping[str, float]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Arithmetic:
        """What a program measured.

        Args:
            found: as `harness.engine.arithmetic` prints it.

        Returns:
            The rates.
        """
        products = {name: Products.of(grid) for name, grid in found["products"].items()}
        return cls(found["ranks"], products, found["seconds_per_element"])

    def peak(self, precision: str) -> float:
        """Fastest product.

        Args:
            precision: `float32`, `float64` or `bfloat16`.

        Returns:
            Floating-point operations per second.
        """
        return max(float(rates.max()) for rates in self.products[precision].rates.values())

    @property
    def bandwidth(self) -> float:
        """Bytes per second of the update w ← w − η g in float32: two numbers read, one written."""
        return 12 / self.seconds_per_element["update"]


@dataclass(frozen=True)
class ExchangeTimes:
    """Seconds of collectives over the bytes of all pieces together.

    Args:
        ranks: how many took part.
        bytes: increasing.
        seconds: by collective.
    """

    ranks: int
    bytes: tuple[int, ...]
    seconds: Mapping[str, tuple[float, ...]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ExchangeTimes:
        """What a program measured.

        Args:
            found: as `harness.engine.exchanges` prints it.

        Returns:
            The times.
        """
        seconds = {name: tuple(times) for name, times in found["seconds"].items()}
        return cls(found["ranks"], tuple(found["bytes"]), seconds)

    def at(self, collective: str, size: float) -> float:
        """Time of one collective.

        Args:
            collective: its name.
            size: bytes of all pieces together.

        Returns:
            Seconds, interpolated in logarithms; below the smallest size its time, above the largest in proportion.
        """
        times = self.seconds[collective]
        beyond = max(1.0, size / self.bytes[-1])
        return beyond * float(np.exp(np.interp(np.log(max(size, 1.0)), np.log(self.bytes), np.log(times))))

    def bus_bandwidth(self, collective: str) -> float:
        """Bytes per second over the slowest link at the largest size, as NCCL's tests define it.

        Args:
            collective: its name.

        Returns:
            (p − 1)/p of the bytes per second, twice that for an allreduce.
        """
        share = (self.ranks - 1) / self.ranks * (2 if collective == "allreduce" else 1)
        return (1.0 if collective == "broadcast" else share) * self.bytes[-1] / self.seconds[collective][-1]


@dataclass(frozen=True)
class Network:
    """Collectives among any number of workers.

    Args:
        measured: times among so many ranks, by their number.
        cores: that all workers share; None where each has its own.
    """

    measured: Mapping[int, ExchangeTimes]
    cores: int | None = None

    def seconds(self, collective: str, members: int, size: float, *, at_once: int = 1) -> float:
        """Time of one collective, or of as many at once as there are groups.

        Ranks beyond the cores take turns: g groups of p on C cores have max(1, g·p/C) on each where one group alone,
        which is what was measured, has max(1, p/C).

        Among numbers of workers that were not measured a ring is assumed: p − 1 steps of latency (twice for an
        allreduce), and (p − 1)/p of the bytes over each link, both from the nearest smaller number that was measured.

        Args:
            collective: its name.
            members: p.
            size: bytes of all pieces together.
            at_once: g.

        Returns:
            Seconds.

        References:
            patarasuk2009
        """
        return self._crowding(members, at_once) * self._of_one_group(collective, members, size)

    def _crowding(self, members: int, at_once: int) -> float:
        return 1.0 if self.cores is None else max(1.0, at_once * members / self.cores) / max(1.0, members / self.cores)

    def _of_one_group(self, collective: str, members: int, size: float) -> float:
        if members in self.measured:
            return self.measured[members].at(collective, size)
        known = max((n for n in self.measured if n < members), default=min(self.measured))
        table = self.measured[known]
        latency = min(table.seconds[collective][0], table.at(collective, size))
        carried = (members - 1) / members / ((known - 1) / known)
        steps = (members - 1) / (known - 1)
        return steps * latency + carried * (table.at(collective, size) - latency)


@dataclass(frozen=True)
class Constants:
    """Everything that was measured of a machine.

    Args:
        machine: which.
        measured_at: ISO 8601 time, UTC.
        alone: one process.
        busy: as many ranks as there are cores.
        exchanges: by launcher and number of ranks.
    """

    machine: Machine
    measured_at: str
    alone: Arithmetic
    busy: Arithmetic
    exchanges: Mapping[str, Mapping[int, ExchangeTimes]]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Constants:
        """What is stored.

        Args:
            body: JSON, as `harness.measure.constants` makes it.

        Returns:
            The constants.

        Raises:
            BadInputError: something is missing.
        """
        try:
            tables = {
                launcher: {found["ranks"]: ExchangeTimes.of(found) for found in measured}
                for launcher, measured in body["exchanges"].items()
            }
            alone, busy = (Arithmetic.of(body["arithmetic"][name]) for name in ("alone", "busy"))
            return cls(Machine.model_validate(body["machine"]), body["measured_at"], alone, busy, tables)
        except (KeyError, ValueError, TypeError) as error:
            raise BadInputError(
                f"stored constants cannot be read ({type(error).__name__}: {error})",
                where="plan",
                remedy="measure them anew with `harness plan --measure`",
            ) from error

    def network(self, launcher: str, *, oversubscribed: bool = False) -> Network:
        """Collectives under a launcher.

        Args:
            launcher: `mpi` or `gloo`.
            oversubscribed: whether also those among more ranks than cores count, and groups share the cores; else they
                are extrapolated, and every worker has a core of its own.

        Returns:
            The network.

        Raises:
            BadInputError: nothing was measured under that launcher.
        """
        tables = self.exchanges.get(launcher, {})
        most = max(self.machine.cores, 2)
        known = {ranks: table for ranks, table in tables.items() if oversubscribed or ranks <= most}
        if not known:
            raise BadInputError(
                f"no exchange was measured under {launcher!r}",
                where="plan",
                remedy=f"known: {', '.join(self.exchanges)}; or measure anew with `harness plan --measure`",
            )
        return Network(known, self.machine.cores if oversubscribed else None)
