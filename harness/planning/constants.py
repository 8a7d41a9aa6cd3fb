"""What a machine was measured to do, and how numbers between the measured ones are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError
from harness.record import Machine
from harness.spec import Transport

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
class Passes:
    """Seconds of passes over memory.

    Args:
        elements: increasing.
        seconds_per_element: over these, by what a pass does: `update`, `copy`, `hidden`, `classes`.
    """

    elements: tuple[int, ...]
    seconds_per_element: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Passes:
        """What a program measured.

        Args:
            found: `elements`, and `seconds` by what a pass does.

        Returns:
            The same as seconds per element.
        """
        elements = tuple(found["elements"])
        return cls(elements, {name: np.divide(times, elements) for name, times in found["seconds"].items()})

    def seconds(self, name: str, elements: float) -> float:
        """Time of a pass: what is small stays in a cache, what is large does not.

        Args:
            name: what it does.
            elements: over how many.

        Returns:
            Seconds, each element's interpolated in logarithms; beyond what was measured as at its end.
        """
        each = np.log(self.seconds_per_element[name])
        return elements * float(np.exp(np.interp(np.log(max(elements, 1.0)), np.log(self.elements), each)))


@dataclass(frozen=True)
class Dispatch:
    """Seconds that it takes to start the operations of a step, whatever they compute.

    Args:
        layers: of two nets of a few units.
        seconds: of a step of each, by how work is divided: `undivided`, `data`, or a layout.
        call: of calling a loop of steps from Python.
    """

    layers: tuple[int, int]
    seconds: Mapping[str, tuple[float, float]]
    call: float

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Dispatch:
        """What a program measured.

        Args:
            found: as `harness.engine.dispatch` prints it.

        Returns:
            The times.
        """
        few, many = found["layers"]
        seconds = {name: (less, more) for name, (less, more) in found["seconds"].items()}
        return cls((few, many), seconds, found["call"])

    def of_step(self, division: str, layers: int) -> float:
        """Time of a step: so much, and so much more for every layer.

        Args:
            division: how work is divided.
            layers: of the net.

        Returns:
            Seconds.
        """
        (few, many), (less, more) = self.layers, self.seconds[division]
        return less + (layers - few) * (more - less) / (many - few)


@dataclass(frozen=True)
class Arithmetic:
    """What one rank computes in a second while others compute too.

    Args:
        ranks: how many computed at once.
        products: by precision.
        passes: over memory.
        dispatch: what starting all that takes.
    """

    ranks: int
    products: Mapping[str, Products]
    passes: Passes
    dispatch: Dispatch

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Arithmetic:
        """What programs measured.

        Args:
            found: as `harness.engine.arithmetic` prints it, with `dispatch`.

        Returns:
            The rates.
        """
        products = {name: Products.of(grid) for name, grid in found["products"].items()}
        return cls(found["ranks"], products, Passes.of(found["passes"]), Dispatch.of(found["dispatch"]))

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
        """Bytes per second of the update w ← w − η g in float32: two numbers read, one written, none in a cache."""
        return 12 / float(self.passes.seconds_per_element["update"][-1])


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
class TableTimes:
    """By how much a clock over a table is longer than the same clock without any exchange.

    Args:
        bytes: of the weights of nets of one layer, increasing.
        seconds: of these.
        per_layer: seconds for every further layer.
    """

    bytes: tuple[int, ...]
    seconds: tuple[float, ...]
    per_layer: float

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> TableTimes:
        """What a program measured, for one transport and one staleness.

        Args:
            rows: nets of one layer, and one of several and few bytes.

        Returns:
            The times.
        """
        single = sorted((row["bytes"], row["seconds"]) for row in rows if row["layers"] == 1)
        (several,) = (row for row in rows if row["layers"] > 1)
        sizes, seconds = (tuple(column) for column in zip(*single, strict=True))
        more = several["seconds"] - np.interp(several["bytes"], sizes, seconds)
        return cls(sizes, seconds, float(more) / (several["layers"] - 1))

    def at(self, size: float, layers: int) -> float:
        """Time of a clock.

        Args:
            size: bytes of the weights.
            layers: of the net.

        Returns:
            Seconds, in proportion between sizes that were measured and beyond them.
        """
        beyond = max(1.0, size / self.bytes[-1])
        return beyond * float(np.interp(size, self.bytes, self.seconds)) + (layers - 1) * self.per_layer


@dataclass(frozen=True)
class ClockTimes:
    """What clocks of some ranks take beside computing and collectives.

    Args:
        naps: seconds of sleep, increasing.
        late: by how many the slowest rank is late for a collective after each.
        tables: by transport and staleness, 0 or 1.
    """

    naps: tuple[float, ...]
    late: tuple[float, ...]
    tables: Mapping[tuple[str, int], TableTimes]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ClockTimes:
        """What a program measured.

        Args:
            found: as `harness.engine.exchanges` prints it.

        Returns:
            The times.
        """
        rows: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
        for row in found["tables"]:
            rows.setdefault((row["transport"], row["staleness"]), []).append(row)
        tables = {kind: TableTimes.of(mine) for kind, mine in rows.items()}
        return cls(tuple(found["naps"]["seconds"]), tuple(found["naps"]["late"]), tables)

    def after_nap(self, seconds: float) -> float:
        """How late the slowest rank is.

        Args:
            seconds: that it slept.

        Returns:
            Seconds, in proportion to the logarithm of sleep; beyond what was measured as at its end.
        """
        return float(np.interp(np.log(max(seconds, self.naps[0])), np.log(self.naps), self.late))

    def of_table(self, transport: Transport, staleness: float, size: float, layers: int) -> float:
        """What a clock over a table takes more than one without exchange.

        Args:
            transport: how changes travel.
            staleness: s; any but 0 is as 1.
            size: bytes of the weights.
            layers: of the net.

        Returns:
            Seconds.
        """
        return self.tables[str(transport), min(1, int(staleness > 0))].at(size, layers)


@dataclass(frozen=True)
class Waits:
    """How long collectives wait for Horovod, which looks for them and then rests for a while.

    Args:
        computed: seconds that ranks computed before a small allreduce, increasing.
        seconds: that it took then.
        bytes: increasing.
        rested: by collective, over these: seconds of one right after another in which nothing is done for it.
    """

    computed: tuple[float, ...]
    seconds: tuple[float, ...]
    bytes: tuple[int, ...]
    rested: Mapping[str, tuple[float, ...]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Waits:
        """What a program measured.

        Args:
            found: as `harness.engine.exchanges` prints it.

        Returns:
            The times.
        """
        waits = found["waits"]
        rested = {
            name: tuple(max(0.0, whole - more) for whole, more in zip(found["seconds"][name], further, strict=False))
            for name, further in waits["further"].items()
        }
        return cls(tuple(waits["computed"]), tuple(waits["seconds"]), tuple(waits["bytes"]), rested)

    def rest(self, collective: str, size: float) -> float:
        """What of the time of a collective right after another is neither moving nor adding.

        Args:
            collective: its name.
            size: bytes of all pieces together.

        Returns:
            Seconds, interpolated over the logarithm of the size; beyond what was measured as at its end.
        """
        return float(np.interp(np.log(max(size, 1.0)), np.log(self.bytes), self.rested[collective]))

    def after(self, computed: float) -> float:
        """Time of one after some computing.

        Args:
            computed: seconds.

        Returns:
            Seconds, interpolated; after more computing than was measured, when a collective may come at any time, the
            mean of what was measured, but for the shortest third.
        """
        if computed > self.computed[-1]:
            late = [taken for before, taken in zip(self.computed, self.seconds, strict=True) if self._is_long(before)]
            return float(np.mean(late))
        return float(np.interp(computed, self.computed, self.seconds))

    def _is_long(self, computed: float) -> bool:
        return computed > self.computed[-1] / 3


@dataclass(frozen=True)
class Transfer:
    """A collective of a step.

    Args:
        collective: its name.
        members: of each group that makes it.
        bytes: of all pieces together.
        at_once: groups that make it at once.
    """

    collective: str
    members: int
    bytes: float
    at_once: int = 1


@dataclass(frozen=True)
class Network:
    """Collectives among any number of workers.

    Args:
        measured: times among so many ranks, by their number.
        cores: that all workers share; None where each has its own.
        groups: times of groups that exchanged at once and shared the cores, by members and number of groups.
        waits: of ranks that compute between collectives; None where they do not, or where nobody knows.
    """

    measured: Mapping[int, ExchangeTimes]
    cores: int | None = None
    groups: Mapping[tuple[int, int], ExchangeTimes] = field(default_factory=dict)
    waits: Waits | None = None

    def of_step(self, sent: Sequence[Transfer], computed: float, *, together: bool) -> float:
        """Time of all collectives of a step, of which each waits for some of the computing, or all for all of it.

        What was measured of a collective is that of one right after another, in which Horovod also rests. Ranks that
        compute in between wait for less, and several that begin together wait once.

        Args:
            sent: the collectives.
            computed: seconds of computing.
            together: whether all begin when everything is computed; else one after each share of it.

        Returns:
            Seconds.
        """
        whole = sum(self.seconds(each.collective, each.members, each.bytes, at_once=each.at_once) for each in sent)
        if self.waits is None or not sent:
            return whole
        moving = whole - sum(self.waits.rest(each.collective, each.bytes) for each in sent)
        times = 1 if together else len(sent)
        return moving + times * self.waits.after(computed / times)

    def seconds(self, collective: str, members: int, size: float, *, at_once: int = 1) -> float:
        """Time of one collective, or of as many at once as there are groups.

        Where ranks share cores, groups that were measured at once take what they took. Of others, ranks beyond the
        cores take turns: g groups of p on C cores have max(1, g·p/C) on each where one group alone has max(1, p/C).

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
        if self.cores is not None and (members, at_once) in self.groups:
            return self.groups[members, at_once].at(collective, size)
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
        groups: by launcher, members of a group, and number of groups that exchanged at once.
        clocks: by launcher and number of ranks.
        waits: by launcher; nothing where ranks never had a core each.
    """

    machine: Machine
    measured_at: str
    alone: Arithmetic
    busy: Arithmetic
    exchanges: Mapping[str, Mapping[int, ExchangeTimes]]
    groups: Mapping[str, Mapping[tuple[int, int], ExchangeTimes]]
    clocks: Mapping[str, Mapping[int, ClockTimes]]
    waits: Mapping[str, Waits]

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
            launches = body["exchanges"].items()
            tables = {name: {f["ranks"]: ExchangeTimes.of(f) for f in found} for name, found in launches}
            groups = {
                name: {(g["ranks"], g["at_once"]): ExchangeTimes.of(g) for f in found for g in f["groups"]}
                for name, found in launches
            }
            clocks = {name: {f["ranks"]: ClockTimes.of(f) for f in found} for name, found in launches}
            waiting = {name: [f for f in found if f["waits"]] for name, found in launches}
            waits = {name: Waits.of(found[-1]) for name, found in waiting.items() if found}
            alone, busy = (Arithmetic.of(body["arithmetic"][name]) for name in ("alone", "busy"))
            machine = Machine.model_validate(body["machine"])
            return cls(machine, body["measured_at"], alone, busy, tables, groups, clocks, waits)
        except (KeyError, ValueError, TypeError) as error:
            raise BadInputError(
                f"stored constants cannot be read ({type(error).__name__}: {error})",
                where="plan",
                remedy="measure them anew with `harness plan --measure`",
            ) from error

    def network(self, launcher: str, *, oversubscribed: bool = False, asleep: bool = False) -> Network:
        """Collectives under a launcher.

        Args:
            launcher: `mpi` or `gloo`.
            oversubscribed: whether also those among more ranks than cores count, and groups share the cores; else they
                are extrapolated, and every worker has a core of its own.
            asleep: whether ranks do not compute between collectives, which they make one right after the other.

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
        waits = None if asleep else self.waits.get(launcher)
        if not oversubscribed:
            return Network(known, waits=waits)
        return Network(known, self.machine.cores, self.groups[launcher], waits)

    def clocks_of(self, launcher: str, ranks: int, *, tables: bool = False) -> ClockTimes:
        """What clocks take beside computing and collectives.

        Args:
            launcher: under which they were measured.
            ranks: how many.
            tables: whether it is asked of tables, which are not measured among as many.

        Returns:
            Times among the nearest smaller number of ranks that was measured, or the smallest.
        """
        measured = {n: found for n, found in self.clocks[launcher].items() if found.tables or not tables}
        return measured[max((n for n in measured if n <= ranks), default=min(measured))]
