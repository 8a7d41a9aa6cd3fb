"""What is claimed and over which settings it is tested: frozen values, named by their own parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Never

from harness.errors import BadInputError, UnknownNameError


class Role(StrEnum):
    """What a setting is for."""

    CLAIM = "claim"
    ANCHOR = "anchor"
    CONTROL = "control"


class Part(StrEnum):
    """Halves of a run, each in processes of its own."""

    UNDISTRIBUTED = "undistributed"
    DISTRIBUTED = "distributed"


class Fault(StrEnum):
    """An assumption of the data partition broken on purpose, for negative controls."""

    NONE = "none"
    NO_EXCHANGE = "no-exchange"
    SUM_FOR_MEAN = "sum-for-mean"
    SAME_SHARD = "same-shard"


class Precision(StrEnum):
    """Floating-point type of weights and arithmetic: float64 for theory, float32 for timing."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


class Activation(StrEnum):
    """Non-linearity of hidden layers."""

    TANH = "tanh"
    RELU = "relu"


_TRAINING = re.compile(
    r"(?P<data>[a-z0-9]+)-(?P<widths>\d+(?:x\d+)+)-(?P<activation>tanh|relu)-b(?P<batch>\d+)-c(?P<clocks>\d+)"
    r"-eta(?P<eta>\d[\d.]*(?:e[+-]?\d+)?)(?:-p(?P<decay>\d[\d.]*(?:e[+-]?\d+)?))?(?:-k(?P<checkpoints>\d+))?(?:-(?P<precision>float32))?"
)
_PARTITION = re.compile(r"w(?P<workers>\d+)(?:-(?P<fault>no-exchange|sum-for-mean|same-shard))?")


def _refuse_name(kind: str, name: str, example: str) -> Never:
    raise UnknownNameError(f"{name!r} is no name of a {kind}", remedy=f"for example {example}")


@dataclass(frozen=True)
class Training:
    """Everything that fixes the undistributed reference w_{c+1} = w_c − η · mean ∇ℓ(w_c; batch_c), seeds apart.

    Args:
        data: name of a data set.
        widths: units per layer, inputs first, classes last.
        batch: examples per clock, all workers together.
        clocks: number of updates.
        step_size: η_0.
        decay: p of the schedule η_c = η_0 / (1 + c/100)^p; 0 keeps the step size constant.
        activation: non-linearity of hidden layers.
        precision: floating-point type.
        checkpoints: number of log-spaced clocks at which weights are kept.

    Raises:
        BadInputError: a number is out of range.
    """

    data: str
    widths: tuple[int, ...]
    batch: int
    clocks: int
    step_size: float
    activation: Activation = Activation.TANH
    precision: Precision = Precision.FLOAT64
    checkpoints: int = 14
    decay: float = 0.0

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise BadInputError(f"widths {self.widths} must hold two or more positive numbers", where="training")
        for name in ("batch", "clocks", "checkpoints"):
            if getattr(self, name) < 1:
                raise BadInputError(f"{name} = {getattr(self, name)} must be at least 1", where="training")
        if not 0 <= self.decay <= 1:
            raise BadInputError(f"decay = {self.decay} must lie in [0, 1]", where="training")
        if not self.step_size > 0:
            raise BadInputError(f"step_size = {self.step_size} must be positive", where="training")

    @property
    def id(self) -> str:
        """Name built from the parameters, so that it means the same after any edit of a sweep."""
        widths = "x".join(map(str, self.widths))
        name = f"{self.data}-{widths}-{self.activation}-b{self.batch}-c{self.clocks}-eta{self.step_size!r}"
        name += f"-p{self.decay!r}" if self.decay else ""
        name += "" if self.checkpoints == 14 else f"-k{self.checkpoints}"
        return name if self.precision is Precision.FLOAT64 else f"{name}-{self.precision}"

    @classmethod
    def parse(cls, name: str) -> Training:
        """Inverse of `id`.

        Args:
            name: for example `digits-64x32x10-tanh-b32-c2000-eta0.1`.

        Returns:
            The training of that name.

        Raises:
            UnknownNameError: no training has that name.
            BadInputError: a number in it is out of range.
        """
        found = _TRAINING.fullmatch(name) or _refuse_name("training", name, "digits-64x32x10-tanh-b32-c2000-eta0.1")
        return cls(
            data=found["data"],
            widths=tuple(int(width) for width in found["widths"].split("x")),
            batch=int(found["batch"]),
            clocks=int(found["clocks"]),
            step_size=float(found["eta"]),
            activation=Activation(found["activation"]),
            precision=Precision(found["precision"] or "float64"),
            checkpoints=int(found["checkpoints"] or 14),
            decay=float(found["decay"] or 0),
        )

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum((inputs + 1) * outputs for inputs, outputs in zip(self.widths, self.widths[1:], strict=False))


@dataclass(frozen=True)
class DataPartition:
    """Every worker takes its share of each batch; updates are averaged at every clock (s = 0, BSP).

    Args:
        workers: P.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P < 1.
    """

    workers: int
    fault: Fault = Fault.NONE

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise BadInputError(
                f"{self.workers} workers cannot train", where="workers", remedy="give a number of workers of 1 or more"
            )

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        return f"w{self.workers}" if self.fault is Fault.NONE else f"w{self.workers}-{self.fault}"

    @classmethod
    def parse(cls, name: str) -> DataPartition:
        """Inverse of `id`.

        Args:
            name: for example `w2` or `w2-no-exchange`.

        Returns:
            The partition of that name.

        Raises:
            UnknownNameError: no partition has that name.
        """
        found = _PARTITION.fullmatch(name) or _refuse_name("data partition", name, "w2")
        return cls(int(found["workers"]), Fault(found["fault"] or "none"))


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
        BadInputError: there are more workers than examples in a batch, or no replicate.
    """

    role: Role
    training: Training
    distribution: DataPartition
    replicates: int

    def __post_init__(self) -> None:
        if self.distribution.workers > self.training.batch:
            raise BadInputError(
                f"{self.distribution.workers} workers cannot share {self.training.batch} examples per clock",
                where=self.id,
                remedy="use fewer workers or a larger batch",
            )
        if self.replicates < 1:
            raise BadInputError(f"replicates = {self.replicates} must be at least 1", where=self.id)

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        return f"{self.training.id}-{self.distribution.id}"

    @property
    def blocks(self) -> tuple[SeedBlock, ...]:
        """Seed blocks that the setting consists of."""
        return (SeedBlock(0, self.replicates),)

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
        training, _, partition = name.rpartition("-w")
        distribution = DataPartition.parse(f"w{partition}")
        role = Role.CLAIM if distribution.fault is Fault.NONE else Role.CONTROL
        return cls(role, Training.parse(training), distribution, replicates)

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


@dataclass(frozen=True)
class Tolerance:
    """When a gap counts as exceeding, and how sure one must be: fixed before the run.

    Args:
        epsilon: ε, the relative gap that counts as an exceedance when passed.
        delta: δ, the probability of exceedance that is tolerated.
        alpha: α, error probability of each confidence bound.
        noise: relative gap of the reference to itself with another order of summation, in a pilot with other seeds.
        natural: relative gap of the reference to itself with another order of the data, in the same pilot.
        throughout: whether the claim is equality up to ε at every checkpoint, rather than convergence in the limit.
        margins: for each outcome the largest difference from the undistributed one that counts as equal.
        derivation: the arithmetic that leads to ε and δ.

    Raises:
        BadInputError: a number is out of range.
    """

    epsilon: float
    delta: float
    alpha: float
    noise: float
    natural: float
    throughout: bool
    margins: tuple[tuple[str, float], ...]
    derivation: str

    def __post_init__(self) -> None:
        for name in ("epsilon", "noise", "natural"):
            if not getattr(self, name) > 0:
                raise BadInputError(f"{name} = {getattr(self, name)} must be positive", where="tolerance")
        for name in ("delta", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise BadInputError(f"{name} = {getattr(self, name)} must lie in (0, 1)", where="tolerance")

    @property
    def scales(self) -> str:
        """ε as a multiple of the two scales that a relative gap is measured by."""
        noise, natural = self.epsilon / self.noise, self.epsilon / self.natural
        return f"ε is {noise:.2g} times the float noise and {natural:.2g} times the gap of another data order"


@dataclass(frozen=True)
class Claim:
    """What a suite tests.

    Args:
        statement: the claim in one sentence.
        source: where it was made.
        assumptions: what it presupposes.
        refuted_by: what observation would refute it.
        kind: `convergence` (weights against the reference) or `scaling` (time against cores).
    """

    statement: str
    source: str
    assumptions: tuple[str, ...]
    refuted_by: str
    kind: str


@dataclass(frozen=True)
class Suite:
    """A claim and the sweep that tests it.

    Args:
        name: name of its folder.
        claim: what is tested.
        tolerance: when it counts as refuted.
        settings: smallest first; at least one anchor and one control.
    """

    name: str
    claim: Claim
    tolerance: Tolerance
    settings: tuple[Setting, ...]
