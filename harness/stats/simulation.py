"""Time of many workers' clocks, where only time is modelled: computing, stragglers and one exchange per clock.

Worker i computes clock k for x_i(k) seconds. The changes of a clock travel together, when all workers have made theirs
and the exchange before is over: arrived(k) = max(arrived(k−1), max_j finished_j(k)) + T. A worker begins a clock when
it has finished the one before and what it must know has arrived: started_i(k) = max(finished_i(k−1), arrived(k−1−s)).
With s = 0 that is bulk synchronous; with T = 0 it is the queue of `harness.stats.queue`. Memory grows with the number
of workers only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log2
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError

Seconds = NDArray[np.float64]
Draw = Callable[[int], Seconds]


class Law(StrEnum):
    """How compute times vary, at the same mean: not at all, lognormal, rare pauses, or one worker slower."""

    STEADY = "steady"
    LOGNORMAL = "lognormal"
    PAUSES = "pauses"
    SLOW_WORKER = "slow worker"


@dataclass(frozen=True)
class Service:
    """Compute times of a clock.

    Args:
        mean_seconds: of a worker that is not slowed down for good.
        law: how they vary.
        sigma: of the logarithm, under the lognormal law.
        share: of clocks that are pauses.
        factor: how many times longer a pause or the slow worker takes.
    """

    mean_seconds: float
    law: Law = Law.STEADY
    sigma: float = 0.5
    share: float = 0.05
    factor: float = 5.0

    def draws(self, workers: int, seed: int) -> Draw:
        """Compute times, clock by clock.

        Args:
            workers: P.
            seed: of the draws.

        Returns:
            From a clock to (workers,) seconds; clocks must be asked for in order.
        """
        stream, mean = np.random.default_rng(seed), self.mean_seconds
        match self.law:
            case Law.STEADY:
                return lambda _: np.full(workers, mean)
            case Law.LOGNORMAL:
                return lambda _: mean * np.exp(self.sigma * stream.standard_normal(workers) - self.sigma**2 / 2)
            case Law.PAUSES:
                base = mean / (1 + self.share * (self.factor - 1))
                return lambda _: base * np.where(stream.random(workers) < self.share, self.factor, 1.0)
            case Law.SLOW_WORKER:
                return lambda _: mean * np.where(np.arange(workers) == 0, self.factor, 1.0)


class Topology(Protocol):
    """How long it takes that all workers have the sum of everyone's change."""

    def allreduce_seconds(self, workers: int, size: float) -> float:
        """Seconds for so many bytes of every worker."""


@dataclass(frozen=True)
class Flat:
    """Every worker has a link of its own to a network without bottleneck; the faster of ring and tree.

    Args:
        latency_seconds: a, of a message.
        bandwidth: B, bytes per second of a link.

    References:
        patarasuk2009
    """

    latency_seconds: float
    bandwidth: float

    def allreduce_seconds(self, workers: int, size: float) -> float:
        """Ring: 2(p−1)·a + 2(p−1)/p·n/B; tree, up and down: 2⌈log₂ p⌉·(a + n/B).

        Args:
            workers: p.
            size: n, bytes.

        Returns:
            Seconds.
        """
        ring = 2 * (workers - 1) * (self.latency_seconds + size / workers / self.bandwidth)
        tree = 2 * ceil(log2(workers)) * (self.latency_seconds + size / self.bandwidth) if workers > 1 else 0.0
        return min(ring, tree)


@dataclass(frozen=True)
class OneMachine:
    """All workers share one memory.

    Args:
        latency_seconds: a, of a message.
        bandwidth: B, bytes per second of the memory, all workers together.
    """

    latency_seconds: float
    bandwidth: float

    def allreduce_seconds(self, workers: int, size: float) -> float:
        """A ring whose bytes go through one memory: 2(p−1)·(a + n/B).

        Args:
            workers: p.
            size: n, bytes.

        Returns:
            Seconds.
        """
        return 2 * (workers - 1) * (self.latency_seconds + size / self.bandwidth)


@dataclass(frozen=True)
class Racks:
    """Workers in racks, racks joined by uplinks: sums within the racks, among racks, and back.

    Args:
        size: workers of a rack.
        within: a rack's own network.
        among: the network of the racks, one link each.
    """

    size: int
    within: Topology
    among: Topology

    def allreduce_seconds(self, workers: int, size: float) -> float:
        """One allreduce within the racks (sums up, total down) and one among them.

        Args:
            workers: p.
            size: n, bytes.

        Returns:
            Seconds.
        """
        racks = ceil(workers / self.size)
        return self.within.allreduce_seconds(min(workers, self.size), size) + self.among.allreduce_seconds(racks, size)


@dataclass(frozen=True)
class Simulated:
    """What became of a run.

    Args:
        workers: P.
        clocks: how many.
        seconds: until everyone has the changes of the last clock.
        compute_seconds: mean over workers of the time spent computing.
        exchange_seconds: of one exchange.
    """

    workers: int
    clocks: int
    seconds: float
    compute_seconds: float
    exchange_seconds: float

    @property
    def clocks_per_second(self) -> float:
        """Of the whole run."""
        return self.clocks / self.seconds

    @property
    def efficiency(self) -> float:
        """Share of the time in which a worker computes, on average."""
        return self.compute_seconds / self.seconds


def simulate(
    service: Service,
    topology: Topology,
    *,
    workers: int,
    clocks: int,
    staleness: int,
    message_bytes: float,
    seed: int = 0,
) -> Simulated:
    """Run the recursion clock by clock, all workers at once.

    Args:
        service: compute times.
        topology: what an exchange takes.
        workers: P.
        clocks: how many.
        staleness: s; 0 is bulk synchronous.
        message_bytes: that every worker contributes to an exchange.
        seed: of the compute times.

    Returns:
        Times of the run.

    Raises:
        BadInputError: a number is out of range.
    """
    _require(service, workers, clocks, staleness, message_bytes)
    exchange = topology.allreduce_seconds(workers, message_bytes)
    draw = service.draws(workers, seed)
    now, computed = np.zeros(workers), 0.0
    # Arrivals of the last s + 1 clocks, the oldest first: the one that is waited for.
    arrivals = deque([0.0] * (staleness + 1), maxlen=staleness + 1)
    for clock in range(clocks):
        times = draw(clock)
        np.maximum(now, arrivals[0], out=now)
        now += times
        computed += float(times.mean())
        arrivals.append(max(arrivals[-1], float(now.max())) + exchange)
    return Simulated(workers, clocks, arrivals[-1], computed, exchange)


def _require(service: Service, workers: int, clocks: int, staleness: int, message_bytes: float) -> None:
    """Raises where a number cannot be used.

    Raises:
        BadInputError: the first of them.
    """
    wanted = {
        "workers": (workers, workers >= 1, "1 or more"),
        "clocks": (clocks, clocks >= 1, "1 or more"),
        "staleness": (staleness, staleness >= 0, "0 or more"),
        "message_bytes": (message_bytes, 0 <= message_bytes < np.inf, "0 or more"),
        "mean_seconds": (service.mean_seconds, 0 < service.mean_seconds < np.inf, "positive"),
        "share": (service.share, 0 <= service.share <= 1, "in [0, 1]"),
    }
    for name, (value, good, should) in wanted.items():
        if not good:
            raise BadInputError(f"{name} = {value} must be {should}", where="simulate")
