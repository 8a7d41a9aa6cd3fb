from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import data
from harness.engine import gaps, reference
from harness.engine.nets import DenseNet
from harness.schedule import Schedule
from harness.spec import Activation, Precision, StepSize, Training

TRAINING = Training("teacher", (64, 5, 10), batch=8, clocks=20, step_size=StepSize(0.1), checkpoints=4)


def by_hand(training: Training, replicate: int) -> list[np.ndarray]:
    """The same training written once more, in NumPy, one example after the other."""
    examples = data.load(training.data)
    (w1,), (b1,), (w2,), (b2,) = DenseNet(training.widths, training.activation).initial_weights(
        range(replicate, replicate + 1)
    )
    weights = [w1, b1[0], w2, b2[0]]
    for clock, ids in enumerate(Schedule(replicate, len(examples), training.batch).ids(0, training.clocks)):
        step_size = training.step_size.at(clock)
        steps = [np.zeros_like(w) for w in weights]
        for i in ids:
            x = examples.features[i]
            sums = x @ weights[0] + weights[1]
            hidden = np.maximum(sums, 0) if training.activation is Activation.RELU else np.tanh(sums)
            slope = (sums > 0) if training.activation is Activation.RELU else 1 - hidden**2
            logits = hidden @ weights[2] + weights[3]
            error = np.exp(logits - logits.max())
            error /= error.sum()
            error[examples.labels[i]] -= 1
            inner = (weights[2] @ error) * slope
            for step, gradient in zip(steps, (np.outer(x, inner), inner, np.outer(hidden, error), error), strict=True):
                step += gradient / training.batch
        weights = [w - step_size * step for w, step in zip(weights, steps, strict=True)]
    return weights


@pytest.mark.parametrize(
    ("activation", "step_size"),
    [
        (Activation.TANH, StepSize(0.1)),
        (Activation.RELU, StepSize(0.1)),
        (Activation.TANH, StepSize(0.1, power=0.75, tau=10.0)),
        (Activation.TANH, StepSize(0.1, drops=(5, 12))),
    ],
)
def test_reference_is_gradient_descent_as_written_by_hand(activation: Activation, step_size: StepSize) -> None:
    training = Training("teacher", (64, 5, 10), 8, 20, step_size, activation, checkpoints=4)
    trajectory = reference.train(training, range(2))
    for replicate in range(2):
        w1, b1, w2, b2 = by_hand(training, replicate)
        for layer, expected in (("layer 1", (w1, b1)), ("layer 2", (w2, b2))):
            flat = np.concatenate([part.ravel() for part in expected])
            np.testing.assert_allclose(trajectory.layers[layer][-1, replicate], flat, atol=1e-12)


def test_checkpoints_and_shapes() -> None:
    trajectory = reference.train(TRAINING, range(3))
    assert trajectory.clocks.tolist() == [1, 3, 7, 20]
    assert trajectory.layers["layer 1"].shape == (4, 3, 65 * 5)
    assert trajectory.initial["layer 2"].shape == (3, 6 * 10)


def test_a_replicate_is_the_same_in_any_block() -> None:
    whole, part = reference.train(TRAINING, range(4)), reference.train(TRAINING, range(2, 4))
    for layer, weights in whole.layers.items():
        np.testing.assert_allclose(weights[:, 2:], part.layers[layer], atol=1e-13)


def test_reversed_summation_differs_by_rounding_only() -> None:
    plain = reference.train(TRAINING, range(2))
    turned = reference.train(TRAINING, range(2), reverse_summation=True)
    for layer, weights in plain.layers.items():
        assert 0 < np.abs(weights - turned.layers[layer]).max() < 1e-13


def test_single_precision_stays_near_double() -> None:
    single = Training("teacher", (64, 5, 10), 8, 20, StepSize(0.1), precision=Precision.FLOAT32, checkpoints=4)
    double, narrow = reference.train(TRAINING, range(2)), reference.train(single, range(2))
    assert narrow.layers["layer 1"].dtype == np.float32
    np.testing.assert_allclose(narrow.layers["layer 1"], double.layers["layer 1"], atol=1e-4)


def test_long_gradients_are_clipped_to_the_limit_and_short_ones_left_alone() -> None:
    plain = replace(TRAINING, clocks=1, checkpoints=1)
    steps = {
        clip: gaps.travelled(reference.train(replace(plain, clip=clip), range(3)))[gaps.ALL][:, 0]
        for clip in (0.0, 1e-3, 1e3)
    }
    np.testing.assert_allclose(steps[1e-3], TRAINING.step_size.initial * 1e-3, rtol=1e-9)
    np.testing.assert_array_equal(steps[1e3], steps[0.0])
    assert (steps[0.0] > 2 * steps[1e-3]).all()
