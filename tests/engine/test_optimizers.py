from __future__ import annotations

import numpy as np
import pytest

from harness.engine.optimizers import Additive, Descent, new_slots, step_size_at
from harness.engine.runtime import tf
from harness.spec import Optimizer, StepSize

CLOCKS = 12
KERAS = {
    Optimizer.SGD: lambda eta: tf.keras.optimizers.SGD(eta),
    Optimizer.MOMENTUM: lambda eta: tf.keras.optimizers.SGD(eta, momentum=0.9),
    Optimizer.ADAGRAD: lambda eta: tf.keras.optimizers.Adagrad(eta),
    Optimizer.RMSPROP: lambda eta: tf.keras.optimizers.RMSprop(eta),
    Optimizer.ADAM: lambda eta: tf.keras.optimizers.Adam(eta),
}


@pytest.mark.parametrize("optimizer", Optimizer)
def test_steps_are_those_of_keras(optimizer: Optimizer) -> None:
    rule, gradients = Descent(optimizer, StepSize(0.01)), np.random.default_rng(0).normal(size=(CLOCKS, 3, 4))
    ours, theirs = tf.Variable(tf.ones((3, 4), tf.float64)), tf.Variable(tf.ones((3, 4), tf.float64))
    (slots,), keras = new_slots(rule, [ours]), KERAS[optimizer](0.01)
    for clock, gradient in enumerate(gradients):
        rule.apply(ours, slots, [tf.constant(gradient)], tf.constant(clock))
        keras.apply_gradients([(tf.constant(gradient), theirs)])
    # Keras keeps its step size in float32.
    np.testing.assert_allclose(ours, theirs, rtol=2e-6)


@pytest.mark.parametrize("optimizer", Optimizer)
def test_a_step_in_place_is_the_step_by_value(optimizer: Optimizer) -> None:
    rule, draws = Descent(optimizer, StepSize(0.1, power=0.5, tau=3.0, drops=(4,))), np.random.default_rng(1)
    variable = tf.Variable(draws.normal(size=(2, 5)))
    (variables,) = new_slots(rule, [variable])
    value, slots = variable.read_value(), tuple(slot.read_value() for slot in variables)
    for clock in range(CLOCKS):
        gradient = tf.constant(draws.normal(size=(2, 5)))
        rule.apply(variable, variables, [gradient], tf.constant(clock))
        value, slots = rule.step(value, slots, [gradient], tf.constant(clock))
        np.testing.assert_allclose(variable, value, rtol=1e-14)


def test_step_sizes_in_a_graph_are_those_of_the_schedule() -> None:
    schedule = StepSize(0.5, power=0.75, tau=50.0, drops=(10, 20))
    for clock in (0, 9, 10, 20, 500):
        found = step_size_at(schedule, tf.constant(clock), tf.float64)
        assert float(found) == pytest.approx(schedule.at(clock), rel=1e-14)


def test_additive_adds() -> None:
    variable = tf.Variable([1.0, 2.0])
    Additive().apply(variable, (), [tf.constant([0.5, -1.0])], tf.constant(0))
    assert variable.numpy().tolist() == [1.5, 1.0]
    assert Additive().step(variable, (), [tf.constant([1.0, 1.0])], tf.constant(0))[0].numpy().tolist() == [2.5, 2.0]
