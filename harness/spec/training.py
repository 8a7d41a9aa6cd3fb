"""What fixes the undistributed training, seeds apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from harness.errors import BadInputError
from harness.spec.names import NUMBER, refuse


class Precision(StrEnum):
    """Floating-point type of weights and arithmetic: float64 for theory, float32 for timing."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


class Activation(StrEnum):
    """Non-linearity of hidden layers."""

    TANH = "tanh"
    RELU = "relu"


class Optimizer(StrEnum):
    """How a mean gradient becomes a step; constants are those of Keras."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    ADAGRAD = "adagrad"
    RMSPROP = "rmsprop"
    ADAM = "adam"


@dataclass(frozen=True)
class StepSize:
    """Schedule η_c = η_0 / (1 + c/τ)^p · 10^−(number of drops up to c).

    Args:
        initial: η_0.
        power: p; 0 keeps the step size constant.
        tau: τ, the clock at which it has fallen to 2^−p of its first value.
        drops: increasing clocks at which it falls to a tenth.

    Raises:
        BadInputError: a number is out of range.
    """

    initial: float
    power: float = 0.0
    tau: float = 100.0
    drops: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.initial < float("inf"):
            raise BadInputError(f"η_0 = {self.initial} must be positive", where="step size")
        if not 0 <= self.power <= 1:
            raise BadInputError(f"power = {self.power} must lie in [0, 1]", where="step size")
        if not 0 < self.tau < float("inf"):
            raise BadInputError(f"tau = {self.tau} must be positive", where="step size")
        if self.drops != tuple(sorted(set(self.drops))) or min(self.drops, default=1) < 1:
            raise BadInputError(f"drops {self.drops} must be increasing clocks from 1", where="step size")

    @property
    def id(self) -> str:
        """Name built from the parameters."""
        name = f"eta{self.initial!r}"
        if self.power:
            name += f"-p{self.power!r}"
            name += "" if self.tau == 100 else f"-tau{self.tau!r}"
        return name + (f"-drop{'x'.join(map(str, self.drops))}" if self.drops else "")

    def at(self, clock: int) -> float:
        """η_c.

        Args:
            clock: c.

        Returns:
            The step size of that clock.
        """
        fallen = sum(drop <= clock for drop in self.drops)
        return float(self.initial / (1 + clock / self.tau) ** self.power / 10**fallen)


@dataclass(frozen=True)
class Regularisation:
    """What is added to the loss, ℓ1·‖W‖_1 + ℓ2/2·‖W‖², and how many hidden units are left out; biases go free.

    Args:
        l1: ℓ1.
        l2: ℓ2.
        dropout: probability that a hidden unit is left out, for each example at each clock.

    Raises:
        BadInputError: a number is out of range.
    """

    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("l1", "l2"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise BadInputError(f"{name} = {getattr(self, name)} must be 0 or more", where="regularisation")
        if not 0 <= self.dropout < 1:
            raise BadInputError(f"dropout = {self.dropout} must lie in [0, 1)", where="regularisation")

    @property
    def id(self) -> str:
        """Name built from the parameters that are not 0."""
        named = {"l1": self.l1, "l2": self.l2, "dropout": self.dropout}
        return "".join(f"-{name}={value!r}" for name, value in named.items() if value)


_OPTIMIZERS = "|".join(optimizer for optimizer in Optimizer if optimizer is not Optimizer.SGD)
_TRAINING = re.compile(
    r"(?P<data>[a-z0-9]+)-(?P<widths>\d+(?:x\d+)+)-(?P<activation>tanh|relu)-b(?P<batch>\d+)-c(?P<clocks>\d+)"
    rf"-eta(?P<eta>{NUMBER})(?:-p(?P<power>{NUMBER})(?:-tau(?P<tau>{NUMBER}))?)?(?:-drop(?P<drops>\d+(?:x\d+)*))?"
    rf"(?:-(?P<optimizer>{_OPTIMIZERS}))?"
    rf"(?:-clip(?P<clip>{NUMBER}))?(?:-l1=(?P<l1>{NUMBER}))?(?:-l2=(?P<l2>{NUMBER}))?(?:-dropout=(?P<dropout>{NUMBER}))?"
    r"(?:-sum(?P<summed>\d+))?(?:-k(?P<checkpoints>\d+))?(?:-(?P<precision>float32))?"
)
_EXAMPLE = "digits-64x32x10-tanh-b32-c2000-eta0.1"


@dataclass(frozen=True)
class Training:
    """Everything that fixes the undistributed reference w_{c+1} = w_c − η_c · mean ∇ℓ(w_c; batch_c), seeds apart.

    Args:
        data: name of a data set.
        widths: units per layer, inputs first, classes last.
        batch: examples per clock, all workers together.
        clocks: number of updates.
        step_size: η_c.
        activation: non-linearity of hidden layers.
        precision: floating-point type.
        checkpoints: number of log-spaced clocks at which weights are kept.
        optimizer: what makes a step of the mean gradient.
        regularisation: penalties and dropout.
        summed: P where the gradients of P workers are summed, as Petuum's own DNN did, so that the mean over the
            batch counts P times; 1 where they are averaged.
        clip: largest norm of the gradient of all layers together, penalties included; longer ones are scaled down to
            it. 0 for no limit.

    Raises:
        BadInputError: a number is out of range.
    """

    data: str
    widths: tuple[int, ...]
    batch: int
    clocks: int
    step_size: StepSize
    activation: Activation = Activation.TANH
    precision: Precision = Precision.FLOAT64
    checkpoints: int = 14
    optimizer: Optimizer = Optimizer.SGD
    regularisation: Regularisation = field(default_factory=Regularisation)
    summed: int = 1
    clip: float = 0.0

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise BadInputError(f"widths {self.widths} must hold two or more positive numbers", where="training")
        for name in ("batch", "clocks", "checkpoints", "summed"):
            if getattr(self, name) < 1:
                raise BadInputError(f"{name} = {getattr(self, name)} must be at least 1", where="training")
        if not 0 <= self.clip < float("inf"):
            raise BadInputError(f"clip = {self.clip} must be 0 or more", where="training")

    @property
    def id(self) -> str:
        """Name built from the parameters, so that it means the same after any edit of a sweep."""
        widths = "x".join(map(str, self.widths))
        name = f"{self.data}-{widths}-{self.activation}-b{self.batch}-c{self.clocks}-{self.step_size.id}"
        name += "" if self.optimizer is Optimizer.SGD else f"-{self.optimizer}"
        name += f"-clip{self.clip!r}" if self.clip else ""
        name += self.regularisation.id
        name += "" if self.summed == 1 else f"-sum{self.summed}"
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
        found = _TRAINING.fullmatch(name) or refuse("training", name, _EXAMPLE)
        drops = tuple(int(clock) for clock in (found["drops"] or "").split("x") if clock)
        return cls(
            data=found["data"],
            widths=tuple(int(width) for width in found["widths"].split("x")),
            batch=int(found["batch"]),
            clocks=int(found["clocks"]),
            step_size=StepSize(float(found["eta"]), float(found["power"] or 0), float(found["tau"] or 100), drops),
            activation=Activation(found["activation"]),
            precision=Precision(found["precision"] or "float64"),
            checkpoints=int(found["checkpoints"] or 14),
            optimizer=Optimizer(found["optimizer"] or "sgd"),
            regularisation=Regularisation(
                float(found["l1"] or 0), float(found["l2"] or 0), float(found["dropout"] or 0)
            ),
            summed=int(found["summed"] or 1),
            clip=float(found["clip"] or 0),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of elements of W_1, b_1, W_2 and so on."""
        return tuple(size for inputs, outputs in pairwise(self.widths) for size in (inputs * outputs, outputs))

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(self.sizes)
