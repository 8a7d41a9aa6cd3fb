from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import data
from harness.engine.objective import Objective
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.schedule import share
from harness.spec import Activation, Regularisation, StepSize, Training

TRAINING = Training("teacher", (64, 6, 5, 10), 8, 4, StepSize(0.1))
REPLICATES = range(3)


def objective(training: Training, mine: slice = slice(None), scale: float = 1 / 8) -> Objective:
    return Objective(training, REPLICATES, batches(training, REPLICATES)[..., mine], scale)


def weights(training: Training) -> list[tf.Tensor]:
    draws = np.random.default_rng(0)
    initial = objective(training).net.initial_weights(REPLICATES)
    return [tf.constant(w + 0.1 * draws.normal(size=w.shape)) for w in initial]


@pytest.mark.parametrize("activation", Activation)
def test_penalties_are_those_of_the_loss(activation: Activation) -> None:
    training = replace(TRAINING, activation=activation, regularisation=Regularisation(l1=0.01, l2=0.1))
    ours, current = objective(training), weights(training)
    examples, ids = data.load("teacher"), batches(training, REPLICATES)[2]
    with tf.GradientTape() as tape:
        tape.watch(current)
        logits = ours.net.forward(current, tf.constant(examples.features[ids]))[-1]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=examples.labels[ids], logits=logits)
        penalties = [0.01 * tf.reduce_sum(tf.abs(w)) + 0.05 * tf.reduce_sum(w**2) for w in current[::2]]
        loss = tf.reduce_sum(tf.reduce_mean(losses, axis=1)) + tf.add_n(penalties)
    for found, expected in zip(ours.gradients(current, tf.constant(2)), tape.gradient(loss, current), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("regularisation", [Regularisation(l1=0.01, l2=0.1), Regularisation(dropout=0.5)])
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_together_have_the_gradient_of_one(regularisation: Regularisation, workers: int) -> None:
    training = replace(TRAINING, regularisation=regularisation)
    current, clock = weights(training), tf.constant(1)
    whole = objective(training).gradients(current, clock)
    parts = [
        objective(training, share(8, worker, workers), workers / 8).gradients(current, clock)
        for worker in range(workers)
    ]
    for found, expected in zip(zip(*parts, strict=True), whole, strict=True):
        np.testing.assert_allclose(np.mean(found, axis=0), expected, atol=1e-13)


def masks(dropout: float, clock: int = 0) -> np.ndarray:
    training = replace(TRAINING, widths=(64, 400, 10), regularisation=Regularisation(dropout=dropout))
    made = objective(training)
    ids = tf.constant(batches(training, REPLICATES)[clock])
    return np.asarray(made._mask(tf.constant(clock), ids, 0))


@pytest.mark.parametrize("dropout", [0.2, 0.5])
def test_dropout_leaves_out_the_share_it_should(dropout: float) -> None:
    found = masks(dropout)
    assert set(np.unique(found).tolist()) == {0.0, 1 / (1 - dropout)}
    # 9,600 draws: five standard errors are 0.0255 at a half.
    assert abs((found == 0).mean() - dropout) < 5 * np.sqrt(dropout * (1 - dropout) / found.size)
    per_unit = (found == 0).mean(axis=(0, 1))
    assert 0 < per_unit.std() < 3 * np.sqrt(dropout * (1 - dropout) / 24)


def test_masks_differ_between_replicates_clocks_and_examples() -> None:
    first, later = masks(0.5), masks(0.5, clock=1)
    assert (first[0] != first[1]).mean() > 0.4
    assert (first[0, 0] != first[0, 1]).mean() > 0.4
    assert (first != later).mean() > 0.4


def test_dropout_in_backpropagation_is_the_gradient_of_the_masked_net() -> None:
    training = replace(TRAINING, regularisation=Regularisation(dropout=0.5))
    ours, current, clock = objective(training), weights(training), tf.constant(1)
    examples, ids = data.load("teacher"), tf.constant(batches(training, REPLICATES)[1])
    given = [ours._mask(clock, ids, layer) for layer in range(2)]
    with tf.GradientTape() as tape:
        tape.watch(current)
        logits = ours.net.forward(current, tf.gather(examples.features, ids), given)[-1]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.gather(examples.labels, ids), logits=logits)
        loss = tf.reduce_sum(tf.reduce_mean(losses, axis=1))
    for found, expected in zip(ours.gradients(current, clock), tape.gradient(loss, current), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
