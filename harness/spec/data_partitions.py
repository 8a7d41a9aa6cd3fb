"""The batch divided among workers: synchronous, stale on real ranks, and stale in simulation."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from harness.errors import BadInputError
from harness.spec.choices import Controller, Delays, Fault, Stragglers, Transport
from harness.spec.partition import Partition, SynchronousPartition
from harness.spec.requirements import (
    OF_DATA,
    OF_TABLE,
    require_fault,
    require_no_clipping,
    require_shares,
    require_staleness,
    require_workers,
)
from harness.spec.training import Training


@dataclass(frozen=True)
class DataPartition(SynchronousPartition):
    """Every worker takes its share of each batch; updates are averaged at every clock (s = 0, BSP).

    Args:
        workers: P.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, or the fault does not break a data partition.
    """

    workers: int
    fault: Fault = Fault.NONE
    kind: Literal["data"] = "data"

    def __post_init__(self) -> None:
        require_workers(self.workers)
        require_fault(self.fault, OF_DATA, "data partition")

    @property
    def _name(self) -> str:
        return f"w{self.workers}"

    @property
    def _words(self) -> str:
        return f"{self.workers} rank" + ("s" if self.workers > 1 else "")

    def require(self, training: Training) -> None:
        """Check that every worker gets a share of the batch.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: there are more workers than examples.
        """
        require_shares(self.workers, training)


@dataclass(frozen=True)
class StalePartition(Partition):
    """Stale synchronous parallel on real ranks: worker p at clock c has seen all updates stamped ≤ c − s − 1.

    Args:
        workers: P.
        staleness: s; infinite for no bound.
        transport: how updates travel.
        controller: what carries Horovod's messages.
        stragglers: compute time that is added.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, s is neither a whole number from 0 nor infinite, or the fault breaks neither a data
            partition nor a table.
    """

    workers: int
    staleness: float
    transport: Transport = Transport.EAGER
    controller: Controller = Controller.ANY
    stragglers: Stragglers = Stragglers.NONE
    fault: Fault = Fault.NONE
    kind: Literal["stale"] = "stale"

    def __post_init__(self) -> None:
        require_workers(self.workers)
        require_staleness(self.staleness)
        require_fault(self.fault, OF_DATA + OF_TABLE, "partition under a table")

    @property
    def _name(self) -> str:
        name = f"w{self.workers}-s{self.staleness:g}-{self.transport}"
        name += "" if self.controller is Controller.ANY else f"-{self.controller}"
        return name if self.stragglers is Stragglers.NONE else f"{name}-{self.stragglers}"

    @property
    def _words(self) -> str:
        return f"P = {self.workers}, s = {self.staleness:g}, {self.transport}"

    def require(self, training: Training) -> None:
        """Check that every worker gets a share of the batch, and that nothing is clipped.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: there are more workers than examples, or gradients are clipped.
        """
        require_shares(self.workers, training)
        require_no_clipping(training)


@dataclass(frozen=True)
class VirtualPartition(Partition):
    """Stale synchronous parallel simulated in one process, workers in lockstep, delays drawn per replicate.

    Args:
        workers: P.
        staleness: s, finite.
        delays: how late other workers' updates are seen.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, s is not a whole number from 0, or the fault does not break a data partition.
    """

    workers: int
    staleness: float
    delays: Delays = Delays.UNIFORM
    fault: Fault = Fault.NONE
    kind: Literal["virtual"] = "virtual"

    def __post_init__(self) -> None:
        require_workers(self.workers)
        require_staleness(self.staleness)
        require_fault(self.fault, OF_DATA, "simulated partition")
        if self.staleness == inf:
            raise BadInputError("delays without a bound cannot be simulated", where="staleness", remedy="give a number")

    @property
    def _name(self) -> str:
        return f"w{self.workers}-s{self.staleness:g}-virtual-{self.delays}"

    @property
    def simulated(self) -> bool:
        """Whether one process plays all workers."""
        return True

    @property
    def _words(self) -> str:
        return f"P = {self.workers}, s = {self.staleness:g}, virtual ({self.delays})"

    def require(self, training: Training) -> None:
        """Check that every worker gets a share of the batch, and that nothing is clipped.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: there are more workers than examples, or gradients are clipped.
        """
        require_shares(self.workers, training)
        require_no_clipping(training)
