"""How a training is divided among workers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Literal

from harness.errors import BadInputError
from harness.spec.names import refuse


class Fault(StrEnum):
    """An assumption broken on purpose, for negative controls.

    The first four break a data partition; the others break one rule each of stale synchronous parallel.
    """

    NONE = "none"
    NO_EXCHANGE = "no-exchange"
    SUM_FOR_MEAN = "sum-for-mean"
    SAME_SHARD = "same-shard"
    TOO_STALE = "too-stale"
    FORGETS_OWN = "forgets-own"
    FALLS_BACK = "falls-back"
    FROM_FUTURE = "from-future"
    LOSES_ONE = "loses-one"


class Transport(StrEnum):
    """How updates travel: each by itself as soon as it is made, or one sum per clock with up to s in flight."""

    EAGER = "eager"
    PIPELINED = "pipelined"


class Controller(StrEnum):
    """What carries Horovod's messages; `any` is whatever the launch chooses."""

    ANY = "any"
    MPI = "mpi"
    GLOO = "gloo"


class Stragglers(StrEnum):
    """Compute time that is added to each clock of each worker, drawn from the seed."""

    NONE = "none"
    LOGNORMAL = "lognormal"
    PAUSES = "pauses"
    SLOW_RANK = "slow-rank"


class Delays(StrEnum):
    """How late the updates of another worker are seen, in clocks, under the virtual executor."""

    NONE = "fresh"
    UNIFORM = "uniform"
    GEOMETRIC = "geometric"
    STRAGGLER = "straggler"
    LATEST = "latest"


def _require_workers(workers: int) -> None:
    if workers < 1:
        raise BadInputError(
            f"{workers} workers cannot train", where="workers", remedy="give a number of workers of 1 or more"
        )


def _require_staleness(staleness: float) -> None:
    if not (staleness == inf or (staleness >= 0 and staleness == int(staleness))):
        raise BadInputError(
            f"staleness = {staleness} is not a whole number from 0, or inf",
            where="staleness",
            remedy="0 is bulk synchronous, inf has no bound",
        )


# Faults that need no table to be committed.
_WITHOUT_TABLE = (Fault.NONE, Fault.NO_EXCHANGE, Fault.SUM_FOR_MEAN, Fault.SAME_SHARD)


def _require_no_table(fault: Fault) -> None:
    if fault not in _WITHOUT_TABLE:
        raise BadInputError(
            f"{fault} breaks a rule of a table, and there is none here",
            where="fault",
            remedy="use it with a partition such as w2-s3-eager",
        )


@dataclass(frozen=True)
class DataPartition:
    """Every worker takes its share of each batch; updates are averaged at every clock (s = 0, BSP).

    Args:
        workers: P.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, or the fault is one of a table.
    """

    workers: int
    fault: Fault = Fault.NONE
    kind: Literal["data"] = "data"

    def __post_init__(self) -> None:
        _require_workers(self.workers)
        _require_no_table(self.fault)

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        return f"w{self.workers}" if self.fault is Fault.NONE else f"w{self.workers}-{self.fault}"

    @property
    def ranks(self) -> int:
        """Number of processes."""
        return self.workers

    @property
    def staleness(self) -> float:
        """S."""
        return 0

    @property
    def label(self) -> str:
        """Short name for legends."""
        ranks = f"{self.workers} rank" + ("s" if self.workers > 1 else "")
        return ranks if self.fault is Fault.NONE else f"{ranks}, {self.fault}"


@dataclass(frozen=True)
class StalePartition:
    """Stale synchronous parallel on real ranks: worker p at clock c has seen all updates stamped ≤ c − s − 1.

    Args:
        workers: P.
        staleness: s; infinite for no bound.
        transport: how updates travel.
        controller: what carries Horovod's messages.
        stragglers: compute time that is added.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, or s is neither a whole number from 0 nor infinite.
    """

    workers: int
    staleness: float
    transport: Transport = Transport.EAGER
    controller: Controller = Controller.ANY
    stragglers: Stragglers = Stragglers.NONE
    fault: Fault = Fault.NONE
    kind: Literal["stale"] = "stale"

    def __post_init__(self) -> None:
        _require_workers(self.workers)
        _require_staleness(self.staleness)

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        name = f"w{self.workers}-s{self.staleness:g}-{self.transport}"
        name += "" if self.controller is Controller.ANY else f"-{self.controller}"
        name += "" if self.stragglers is Stragglers.NONE else f"-{self.stragglers}"
        return name if self.fault is Fault.NONE else f"{name}-{self.fault}"

    @property
    def ranks(self) -> int:
        """Number of processes."""
        return self.workers

    @property
    def label(self) -> str:
        """Short name for legends."""
        name = f"P = {self.workers}, s = {self.staleness:g}, {self.transport}"
        return name if self.fault is Fault.NONE else f"{name}, {self.fault}"


@dataclass(frozen=True)
class VirtualPartition:
    """Stale synchronous parallel simulated in one process, workers in lockstep, delays drawn per replicate.

    Args:
        workers: P.
        staleness: s, finite.
        delays: how late other workers' updates are seen.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1, s is not a whole number from 0, or the fault is one of a table.
    """

    workers: int
    staleness: float
    delays: Delays = Delays.UNIFORM
    fault: Fault = Fault.NONE
    kind: Literal["virtual"] = "virtual"

    def __post_init__(self) -> None:
        _require_workers(self.workers)
        _require_staleness(self.staleness)
        _require_no_table(self.fault)
        if self.staleness == inf:
            raise BadInputError("delays without a bound cannot be simulated", where="staleness", remedy="give a number")

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        name = f"w{self.workers}-s{self.staleness:g}-virtual-{self.delays}"
        return name if self.fault is Fault.NONE else f"{name}-{self.fault}"

    @property
    def ranks(self) -> int:
        """Number of processes: one plays all workers."""
        return 1

    @property
    def label(self) -> str:
        """Short name for legends."""
        name = f"P = {self.workers}, s = {self.staleness:g}, virtual ({self.delays})"
        return name if self.fault is Fault.NONE else f"{name}, {self.fault}"


Distribution = DataPartition | StalePartition | VirtualPartition


def _any(words: type[StrEnum]) -> str:
    return "|".join(words)


_FAULT = rf"(?:-(?P<fault>{_any(Fault)}))?"
_DATA = re.compile(rf"w(?P<workers>\d+){_FAULT}")
_STALE = re.compile(
    rf"w(?P<workers>\d+)-s(?P<staleness>\d+|inf)-(?P<transport>{_any(Transport)})"
    rf"(?:-(?P<controller>{_any(Controller)}))?(?:-(?P<stragglers>{_any(Stragglers)}))?{_FAULT}"
)
_VIRTUAL = re.compile(rf"w(?P<workers>\d+)-s(?P<staleness>\d+)-virtual-(?P<delays>{_any(Delays)}){_FAULT}")


def parse_distribution(name: str) -> Distribution:
    """Inverse of a distribution's `id`.

    Args:
        name: for example `w2`, `w2-no-exchange`, `w4-s3-eager` or `w64-s8-virtual-uniform`.

    Returns:
        The distribution of that name.

    Raises:
        UnknownNameError: none has that name.
        BadInputError: a number in it is out of range.
    """
    makers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Distribution]], ...] = (
        (_DATA, lambda m: DataPartition(int(m["workers"]), Fault(m["fault"] or "none"))),
        (
            _STALE,
            lambda m: StalePartition(
                int(m["workers"]),
                float(m["staleness"]),
                Transport(m["transport"]),
                Controller(m["controller"] or "any"),
                Stragglers(m["stragglers"] or "none"),
                Fault(m["fault"] or "none"),
            ),
        ),
        (
            _VIRTUAL,
            lambda m: VirtualPartition(
                int(m["workers"]), float(m["staleness"]), Delays(m["delays"]), Fault(m["fault"] or "none")
            ),
        ),
    )
    for pattern, make in makers:
        found = pattern.fullmatch(name)
        if found:
            return make(found)
    refuse("distribution", name, "w2 or w4-s3-eager")
