"""How long collectives take, as it was measured, and among numbers of workers that were not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


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
