from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.engine.folds import Step, fold_into
from harness.engine.memory import over, pages, under
from harness.engine.optimizers import Additive, Descent, Rule
from harness.engine.packing import Packing
from harness.engine.runtime import tf
from harness.spec import Optimizer, StepSize

SHAPES = [(3, 7, 11), (5,), (1, 2)]
FACTOR = 0.5
PACKING = Packing([tf.zeros(shape, tf.float64) for shape in SHAPES])
plain = pytest.mark.parametrize("rule", [Additive(), Descent(Optimizer.SGD, StepSize(0.3, power=1.0, tau=2.0))])


def drawn(seed: int) -> list[np.ndarray]:
    draws = np.random.default_rng(seed)
    return [draws.normal(size=shape) for shape in SHAPES]


def step(clock: int, seeds: Sequence[int]) -> Step:
    return clock, [PACKING.packed([tf.constant(a) for a in drawn(seed)]) for seed in seeds]


def stepped(weights: list[np.ndarray], rule: Rule, clock: int, seeds: Sequence[int]) -> list[np.ndarray]:
    """By the rule's own step, weight by weight."""
    sums = [tf.constant(FACTOR * sum(changes)) for changes in zip(*(drawn(seed) for seed in seeds), strict=True)]
    steps = [rule.step(tf.constant(w), (), [c], tf.constant(clock)) for w, c in zip(weights, sums, strict=True)]
    return [weight.numpy() for weight, _ in steps]


@plain
def test_a_pass_makes_the_steps_of_the_rule(rule: Rule) -> None:
    fold = fold_into(drawn(0), rule, FACTOR, PACKING)
    view = fold.fold([step(0, (1, 2)), step(1, (3,))], [step(2, (4,)), step(3, (5, 6, 7))])
    base = stepped(stepped(drawn(0), rule, 0, (1, 2)), rule, 1, (3,))
    top = stepped(stepped(base, rule, 2, (4,)), rule, 3, (5, 6, 7))
    for found, expected in zip([*fold.base, *view], [*base, *top], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@plain
def test_what_is_on_top_leaves_no_trace_in_the_base(rule: Rule) -> None:
    with_views, without = (fold_into(drawn(0), rule, FACTOR, PACKING) for _ in range(2))
    with_views.fold([step(0, (1, 2))], [step(1, (3,))])
    with_views.fold([], [step(1, (4, 3)), step(2, (5,))])
    end = with_views.fold([step(1, (3, 4))], [])
    without.fold([step(0, (1, 2))], [])
    assert end is with_views.base
    for found, expected in zip(end, without.fold([step(1, (3, 4))], []), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("optimizer", [o for o in Optimizer if o is not Optimizer.SGD])
def test_a_rule_that_remembers_is_not_taken_for_one_that_adds(optimizer: Optimizer) -> None:
    rule = Descent(optimizer, StepSize(0.3))
    assert rule.gain(0) is None
    fold = fold_into(drawn(0), rule, 1.0, PACKING)
    fold.fold([step(0, (1,))], [])
    again = fold_into(drawn(0), rule, 1.0, PACKING).fold([], [step(0, (1,))])
    for found, expected in zip(fold.base, again, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_tensor_over_an_array_holds_what_is_written_to_it() -> None:
    array = pages((2, 3), np.float32)
    tensor = over(array)
    array += 2
    assert tensor.numpy().tolist() == [[2.0] * 3] * 2
    assert np.shares_memory(under(tensor), array)
    assert not under(tensor).flags.writeable
    assert pages((), np.float64).shape == ()
