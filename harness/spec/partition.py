"""What all ways to divide a training among workers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from harness.spec.choices import Fault
from harness.spec.training import Training


class Partition(ABC):
    """A training divided among workers, named by its parameters.

    Attributes:
        workers: P.
        fault: what is broken on purpose.
    """

    workers: int
    fault: Fault = Fault.NONE

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        return self._name if self.fault is Fault.NONE else f"{self._name}-{self.fault}"

    @property
    def label(self) -> str:
        """Short name for legends."""
        return self._words if self.fault is Fault.NONE else f"{self._words}, {self.fault}"

    @property
    def ranks(self) -> int:
        """Number of processes."""
        return 1 if self.simulated else self.workers

    @property
    def simulated(self) -> bool:
        """Whether one process plays all workers."""
        return False

    @abstractmethod
    def require(self, training: Training) -> None:
        """Check that a training can be divided so.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: it cannot.
        """

    @property
    @abstractmethod
    def _name(self) -> str:
        """The name without the fault."""

    @property
    @abstractmethod
    def _words(self) -> str:
        """The label without the fault."""


class SynchronousPartition(Partition):
    """A partition whose workers all see the same clock."""

    @property
    def staleness(self) -> float:
        """S."""
        return 0
