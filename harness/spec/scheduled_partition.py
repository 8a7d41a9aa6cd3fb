"""Every layer divided among workers, blocks updated as a scheduler says, and what crosses a partition maybe stale."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from harness.errors import BadInputError
from harness.spec.choices import Delays, Fault, Layout, Policy
from harness.spec.partition import Partition
from harness.spec.requirements import require_fault, require_no_clipping, require_staleness, require_workers
from harness.spec.training import Training

_FAULTS = (Fault.NO_EXCHANGE, Fault.UNSCALED)


@dataclass(frozen=True)
class ScheduledPartition(Partition):
    """Worker p owns block (l, p) of every layer l; at each clock some of the L·P blocks are updated, or all.

    Where n of the L·P are, their steps are L·P/n times as long, so that over the schedule the mean step is that of the
    reference. Activations and errors of other workers may be up to s clocks old.

    Args:
        workers: P.
        layout: `neuron` or `weight`: blocks with one owner each.
        policy: which blocks are updated at a clock.
        staleness: s, finite; above 0 only where every clock sees the same examples.
        delays: law of the delays where all workers are played in one process; none where they are real ranks.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, s is not a whole number from 0, or the layout or the fault is another one.
    """

    workers: int
    layout: Layout
    policy: Policy
    staleness: int
    delays: Delays | None = None
    fault: Fault = Fault.NONE
    kind: Literal["scheduled"] = "scheduled"

    def __post_init__(self) -> None:
        require_workers(self.workers)
        require_staleness(self.staleness)
        require_fault(self.fault, _FAULTS, "scheduled partition")
        if self.staleness == inf or self.layout not in (Layout.NEURON, Layout.WEIGHT):
            raise BadInputError(
                f"a schedule with staleness {self.staleness} and layout {self.layout} cannot be run",
                where="distribution",
                remedy="give a bound, and one of the layouts neuron and weight, whose blocks have one owner each",
            )
        if self.fault is Fault.UNSCALED and self.policy is Policy.ALL:
            raise BadInputError("a schedule of all blocks has nothing to scale", where="fault")

    @property
    def _name(self) -> str:
        name = f"w{self.workers}-{self.layout}-{self.policy}-s{self.staleness}"
        return f"{name}-virtual-{self.delays}" if self.delays else name

    @property
    def simulated(self) -> bool:
        """Whether one process plays all workers."""
        return self.delays is not None

    @property
    def _words(self) -> str:
        name = f"P = {self.workers}, {self.policy}, s = {self.staleness}"
        return f"{name}, virtual ({self.delays})" if self.delays else name

    def require(self, training: Training) -> None:
        """Check that every worker gets a share of every layer, and that what is stale is of the same examples.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: there are more workers than units, or gradients are clipped.
        """
        require_no_clipping(training)
        divided = training.widths if self.layout is Layout.WEIGHT else training.widths[1:]
        if self.workers > min(divided):
            raise BadInputError(
                f"{self.workers} workers cannot share a layer of {min(divided)} units",
                where="distribution",
                remedy="use fewer workers, or wider layers",
            )
