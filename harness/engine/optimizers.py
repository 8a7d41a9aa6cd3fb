"""What makes a step of a gradient, as functions of values: the same for the reference, the table and the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol

from harness.engine.runtime import tf
from harness.spec import Optimizer, StepSize, Training

_MOMENTUM, _RHO, _BETA_1, _BETA_2, _EPSILON = 0.9, 0.9, 0.9, 0.999, 1e-7
# First value of each slot that an optimizer keeps per weight.
_SLOTS: dict[Optimizer, tuple[float, ...]] = {
    Optimizer.SGD: (),
    Optimizer.MOMENTUM: (0.0,),
    Optimizer.ADAGRAD: (0.1,),
    Optimizer.RMSPROP: (0.0,),
    Optimizer.ADAM: (0.0, 0.0),
}
Slots = tuple[tf.Tensor, ...]
Tensors = Sequence[tf.Tensor]


class Rule(Protocol):
    """From a weight and what was summed over workers at a clock to the next weight."""

    @property
    def slots(self) -> tuple[float, ...]:
        """First value of each slot that is kept per weight."""

    def gain(self, clock: int) -> float | None:
        """What the sum of the changes is multiplied by, where a step is no more than adding it; else nothing."""

    def step(self, weight: tf.Tensor, slots: Slots, changes: Tensors, clock: tf.Tensor) -> tuple[tf.Tensor, Slots]:
        """The next weight and slots, as new values."""

    def apply(self, weight: tf.Variable, slots: Sequence[tf.Variable], changes: Tensors, clock: tf.Tensor) -> None:
        """The same in place."""


@dataclass(frozen=True)
class Additive:
    """w ← w + Δ: what Petuum's table does."""

    slots: tuple[float, ...] = ()

    def gain(self, clock: int) -> float:
        """What the sum of the changes is multiplied by.

        Args:
            clock: ignored.

        Returns:
            1.
        """
        del clock
        return 1.0

    def step(self, weight: tf.Tensor, slots: Slots, changes: Tensors, clock: tf.Tensor) -> tuple[tf.Tensor, Slots]:
        """Add.

        Args:
            weight: w.
            slots: none.
            changes: tensors whose sum is Δ.
            clock: ignored.

        Returns:
            w + Δ, and no slots.
        """
        del clock
        return tf.add_n([weight, *changes]), slots

    def apply(self, weight: tf.Variable, slots: Sequence[tf.Variable], changes: Tensors, clock: tf.Tensor) -> None:
        """Add in place.

        Args:
            weight: w.
            slots: none.
            changes: tensors whose sum is Δ.
            clock: ignored.
        """
        del slots, clock
        weight.assign_add(summed(changes))


@dataclass(frozen=True)
class Descent:
    """Gradient descent by one of the optimizers, as Keras defines them.

    Args:
        optimizer: which.
        step_size: η_c.

    References:
        polyak1964, duchi2011, tieleman2012, kingma2015
    """

    optimizer: Optimizer
    step_size: StepSize

    @classmethod
    def of(cls, training: Training) -> Descent:
        """The rule of a training.

        Args:
            training: its optimizer and step size.

        Returns:
            The rule.
        """
        return cls(training.optimizer, training.step_size)

    @property
    def slots(self) -> tuple[float, ...]:
        """First value of each slot that is kept per weight."""
        return _SLOTS[self.optimizer]

    def gain(self, clock: int) -> float | None:
        """What the sum of the changes is multiplied by.

        Args:
            clock: c.

        Returns:
            −η_c under plain gradient descent; None where a step is more than adding.
        """
        return -self.step_size.at(clock) if self.optimizer is Optimizer.SGD else None

    def step(self, weight: tf.Tensor, slots: Slots, changes: Tensors, clock: tf.Tensor) -> tuple[tf.Tensor, Slots]:
        """One step along −g.

        Args:
            weight: w.
            slots: what the optimizer remembers, each shaped like w.
            changes: tensors shaped like w, whose sum is g.
            clock: c, a whole number.

        Returns:
            The next weight and slots.
        """
        eta, change = step_size_at(self.step_size, clock, weight.dtype), summed(changes)
        match self.optimizer:
            case Optimizer.SGD:
                return weight - eta * change, ()
            case Optimizer.MOMENTUM:
                velocity = _MOMENTUM * slots[0] - eta * change
                return weight + velocity, (velocity,)
            case Optimizer.ADAGRAD:
                total = slots[0] + tf.square(change)
                return weight - eta * change / tf.sqrt(total + _EPSILON), (total,)
            case Optimizer.RMSPROP:
                mean = _RHO * slots[0] + (1 - _RHO) * tf.square(change)
                return weight - eta * change / tf.sqrt(mean + _EPSILON), (mean,)
            case Optimizer.ADAM:
                first = _BETA_1 * slots[0] + (1 - _BETA_1) * change
                second = _BETA_2 * slots[1] + (1 - _BETA_2) * tf.square(change)
                updates = tf.cast(clock, weight.dtype) + 1
                eta *= tf.sqrt(1 - tf.pow(tf.constant(_BETA_2, weight.dtype), updates))
                eta /= 1 - tf.pow(tf.constant(_BETA_1, weight.dtype), updates)
                return weight - eta * first / (tf.sqrt(second) + _EPSILON), (first, second)

    def apply(self, weight: tf.Variable, slots: Sequence[tf.Variable], changes: Tensors, clock: tf.Tensor) -> None:
        """The same in place; one pass over memory for plain gradient descent.

        Args:
            weight: w.
            slots: what the optimizer remembers.
            changes: tensors shaped like w, whose sum is g.
            clock: c, a whole number.
        """
        if self.optimizer is Optimizer.SGD:
            eta = step_size_at(self.step_size, clock, weight.dtype)
            tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=eta, delta=summed(changes))
            return
        stepped, remembered = self.step(weight.read_value(), tuple(s.read_value() for s in slots), changes, clock)
        weight.assign(stepped)
        for slot, value in zip(slots, remembered, strict=True):
            slot.assign(value)


def summed(tensors: Tensors) -> tf.Tensor:
    """Sum of some tensors, in their order, in one pass.

    Args:
        tensors: one or more of the same shape.

    Returns:
        The sum; of one tensor itself.
    """
    return tensors[0] if len(tensors) == 1 else tf.add_n(tensors)


def step_size_at(step_size: StepSize, clock: tf.Tensor, kind: tf.DType) -> tf.Tensor:
    """η_c inside a graph.

    Args:
        step_size: the schedule.
        clock: c, a whole number.
        kind: type of the result.

    Returns:
        A scalar.
    """
    eta = tf.constant(step_size.initial, kind)
    if step_size.power:
        eta /= (1 + tf.cast(clock, kind) / step_size.tau) ** step_size.power
    if step_size.drops:
        fallen = tf.reduce_sum(tf.cast(tf.constant(step_size.drops) <= tf.cast(clock, tf.int32), kind))
        eta *= tf.pow(tf.constant(0.1, kind), fallen)
    return eta


def new_slots(rule: Rule, weights: Sequence[tf.Variable]) -> list[tuple[tf.Variable, ...]]:
    """Variables for what a rule remembers.

    Args:
        rule: the rule.
        weights: the variables that it changes.

    Returns:
        For each weight as many variables as the rule has slots.
    """
    return [tuple(tf.Variable(tf.fill(w.shape, tf.constant(value, w.dtype))) for value in rule.slots) for w in weights]


def weight_bytes(weights: Sequence[tf.Variable]) -> int:
    """Memory of some weights.

    Args:
        weights: the variables.

    Returns:
        Bytes of one copy.
    """
    return sum(prod(w.shape) * w.dtype.size for w in weights)
