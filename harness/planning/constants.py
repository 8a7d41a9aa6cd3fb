"""Everything that a machine was measured to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import BadInputError
from harness.planning.arithmetic import Arithmetic
from harness.planning.clocks import ClockTimes
from harness.planning.network import ExchangeTimes, Network, Waits
from harness.record import Machine


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
