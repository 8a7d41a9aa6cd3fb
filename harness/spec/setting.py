"""One point of a sweep: frozen, and named by its own parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from harness.errors import BadInputError
from harness.spec.choices import Fault
from harness.spec.data_partitions import DataPartition, StalePartition, VirtualPartition
from harness.spec.distribution import Distribution, parse_distribution
from harness.spec.model_partition import ModelPartition
from harness.spec.names import refuse
from harness.spec.scheduled_partition import ScheduledPartition
from harness.spec.training import Training

_Kind = TypeVar("_Kind", DataPartition, StalePartition, VirtualPartition, ModelPartition, ScheduledPartition)
# Replicates of one launch share the schedule that the launch happened to take.
_REPLICATES_PER_SCHEDULE = 8
_NAME = re.compile(r"(?P<training>.*)-(?P<distribution>w\d.*)")


class Role(StrEnum):
    """What a setting is for."""

    CLAIM = "claim"
    ANCHOR = "anchor"
    CONTROL = "control"


class Part(StrEnum):
    """Halves of a run, each in processes of its own."""

    UNDISTRIBUTED = "undistributed"
    DISTRIBUTED = "distributed"


@dataclass(frozen=True)
class SeedBlock:
    """Consecutive replicates that one run trains side by side.

    Args:
        first: number of the first replicate.
        count: number of replicates.
    """

    first: int
    count: int

    @property
    def id(self) -> str:
        """Name of the block, inclusive at both ends."""
        return f"seeds-{self.first}-{self.first + self.count - 1}"

    @property
    def replicates(self) -> range:
        """Numbers of the replicates; each is a seed of its own, whatever block it is run in."""
        return range(self.first, self.first + self.count)

    @classmethod
    def parse(cls, text: str) -> SeedBlock:
        """Read the form FIRST:COUNT of the command line.

        Args:
            text: for example `0:64`.

        Returns:
            The block.

        Raises:
            BadInputError: the text is of another form or its numbers are out of range.
        """
        first, _, count = text.partition(":")
        if not (first.isdigit() and count.isdigit() and int(count) > 0):
            raise BadInputError(f"{text!r} is not FIRST:COUNT", where="--seeds", remedy="for example --seeds 0:64")
        return cls(int(first), int(count))


@dataclass(frozen=True)
class Setting:
    """One point of a sweep.

    Args:
        role: claim, anchor or control.
        training: the undistributed reference.
        distribution: how the training is divided among workers.
        replicates: R, the number of seeds.

    Raises:
        BadInputError: the distribution does not fit the training, or there is no replicate.
    """

    role: Role
    training: Training
    distribution: Distribution
    replicates: int

    def __post_init__(self) -> None:
        self.distribution.require(self.training)
        if self.replicates < 1:
            raise BadInputError(f"replicates = {self.replicates} must be at least 1", where=self.id)

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        return f"{self.training.id}-{self.distribution.id}"

    @property
    def blocks(self) -> tuple[SeedBlock, ...]:
        """Seed blocks that the setting consists of: small ones where replicates of a launch share its schedule."""
        size = _REPLICATES_PER_SCHEDULE if self._is_timed else self.replicates
        firsts = range(0, self.replicates, size)
        return tuple(SeedBlock(first, min(size, self.replicates - first)) for first in firsts)

    @property
    def _is_timed(self) -> bool:
        """Whether what is computed depends on the moments at which messages arrive."""
        match self.distribution:
            case StalePartition():
                return True
            case ScheduledPartition():
                return self.distribution.staleness > 0 and not self.distribution.simulated
            case _:
                return False

    def distributed_by(self, kind: type[_Kind]) -> _Kind:
        """The distribution, where it is of the kind that a suite can run.

        Args:
            kind: the kind.

        Returns:
            The distribution.

        Raises:
            BadInputError: it is of another kind.
        """
        if not isinstance(self.distribution, kind):
            raise BadInputError(
                f"this suite runs a {kind.__name__}, not a {type(self.distribution).__name__}",
                where=self.id,
                remedy="`harness list` names the settings of each suite",
            )
        return self.distribution

    @classmethod
    def parse(cls, name: str, replicates: int) -> Setting:
        """A setting by its id, which need not be part of any sweep: a control where it commits a fault, else a claim.

        Args:
            name: as returned by `id`.
            replicates: R.

        Returns:
            The setting.

        Raises:
            UnknownNameError: no setting has that name.
            BadInputError: a number in it is out of range.
        """
        found = _NAME.fullmatch(name) or refuse("setting", name, "digits-64x32x10-tanh-b32-c2000-eta0.1-w2")
        distribution = parse_distribution(found["distribution"])
        role = Role.CLAIM if distribution.fault is Fault.NONE else Role.CONTROL
        return cls(role, Training.parse(found["training"]), distribution, replicates)

    def with_workers(self, workers: int) -> Setting:
        """The same setting for another number of workers.

        Args:
            workers: P.

        Returns:
            The new setting.

        Raises:
            BadInputError: the number cannot be used.
        """
        return replace(self, distribution=replace(self.distribution, workers=workers))
