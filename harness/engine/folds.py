"""What a table makes of changes: steps of complete clocks in the base, of incomplete ones on top of it.

Where a step is no more than adding, memory is passed once: block by block all complete clocks are added to the base and
all incomplete ones on top of it to the view (`folding`). Passes per read, in units of the weights, with C changes of
complete clocks and V of incomplete ones: C + V reads of changes, a read and a write of the base, and a write of the
view where V > 0; large views are written past the caches, or the processor would read them first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from harness.engine.folding import Addends, Folding
from harness.engine.memory import over, pages, under
from harness.engine.nets import Tensors
from harness.engine.optimizers import Rule, new_slots, summed
from harness.engine.packing import Change, Packing
from harness.engine.runtime import tf

Weights = Sequence[tf.Variable | tf.Tensor]
# A clock, and changes of some workers or their sum as they travel, in the order of the workers.
Step = tuple[int, Sequence[Tensors]]


class Fold(Protocol):
    """Weights that changes are folded into."""

    @property
    def base(self) -> Weights:
        """The weights with all complete clocks, and nothing else."""

    def fold(self, complete: Sequence[Step], window: Sequence[Step]) -> Weights:
        """Make steps of complete clocks in the base, and of incomplete ones on top of it.

        Args:
            complete: the clocks that follow those in the base.
            window: what is seen of the clocks after these.

        Returns:
            The base where the window is empty, else other weights; to be read only, until the next call.
        """


def fold_into(weights: Sequence[ArrayLike], rule: Rule, factor: float, packing: Packing) -> Fold:
    """The fold that is fit for a rule.

    Args:
        weights: initial values of the base.
        rule: what makes a step of a sum of changes.
        factor: of the sum over workers.
        packing: how changes travel.

    Returns:
        A fold in place where the rule only adds, else one of compiled steps.
    """
    return (_Added if rule.gain(0) is not None else _Stepped)(weights, rule, factor, packing)


class _Added:
    """Steps w ← w + gain · Σ changes, in place."""

    def __init__(self, weights: Sequence[ArrayLike], rule: Rule, factor: float, packing: Packing) -> None:
        self._rule, self._factor = rule, factor
        arrays = [np.asarray(w) for w in weights]
        base, view = ([pages(w.shape, w.dtype) for w in arrays] for _ in range(2))
        for mine, given in zip(base, arrays, strict=True):
            mine[...] = given
        self._folding = Folding(base, view, packing.places)
        self.base, self._on_top = [over(w) for w in base], [over(w) for w in view]

    def fold(self, complete: Sequence[Step], window: Sequence[Step]) -> Weights:
        self._folding.add([self._addends(step) for step in complete], [self._addends(step) for step in window])
        return self._on_top if window else self.base

    def _addends(self, step: Step) -> Addends:
        clock, changes = step
        gain = self._factor * (self._rule.gain(clock) or 0.0)
        return gain, [[under(parcel) for parcel in parcels] for parcels in changes]


class _Stepped:
    """Steps of any rule, compiled: in place in the base, by value on top of it."""

    def __init__(self, weights: Sequence[ArrayLike], rule: Rule, factor: float, packing: Packing) -> None:
        self._rule, self._factor, self._unpacked = rule, factor, packing.unpacked
        self.base = [tf.Variable(w) for w in weights]
        self._slots = new_slots(rule, self.base)
        self._into_base = tf.function(self._fold, autograph=False)
        self._on_top = tf.function(self._stack, autograph=False)

    def fold(self, complete: Sequence[Step], window: Sequence[Step]) -> Weights:
        for clock, changes in complete:
            self._into_base(tf.constant(clock), list(map(self._unpacked, changes)))
        weights: Weights = self.base
        slots: Sequence[Sequence[tf.Variable | tf.Tensor]] = self._slots
        # Clock by clock, so that few shapes of the window are compiled: one per number of changes.
        for clock, changes in window:
            weights, slots = self._on_top(
                list(weights), list(slots), tf.constant(clock), list(map(self._unpacked, changes))
            )
        return list(weights)

    def _fold(self, clock: tf.Tensor, changes: Sequence[Change]) -> None:
        for place, (weight, slots) in enumerate(zip(self.base, self._slots, strict=True)):
            self._rule.apply(weight, slots, self._scaled([change[place] for change in changes]), clock)

    def _stack(
        self, weights: Weights, slots: Sequence[Weights], clock: tf.Tensor, changes: Sequence[Change]
    ) -> tuple[Tensors, list[Tensors]]:
        stepped = [
            self._rule.step(
                tf.convert_to_tensor(weight),
                tuple(tf.convert_to_tensor(slot) for slot in remembered),
                self._scaled([change[place] for change in changes]),
                clock,
            )
            for place, (weight, remembered) in enumerate(zip(weights, slots, strict=True))
        ]
        return [weight for weight, _ in stepped], [list(remembered) for _, remembered in stepped]

    def _scaled(self, tensors: Tensors) -> Tensors:
        """Tensors whose sum is the factor times the sum of these; without a factor there is no pass over memory."""
        return tensors if self._factor == 1 else [self._factor * summed(tensors)]
