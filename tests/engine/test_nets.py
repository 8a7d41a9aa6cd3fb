from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.nets import DenseNet
from harness.engine.runtime import tf
from harness.spec import Activation

nets = st.builds(
    DenseNet,
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=5).map(tuple),
    activation=st.sampled_from(Activation),
)


@settings(deadline=None, max_examples=40)
@given(nets, st.integers(1, 4), st.integers(1, 7))
def test_backpropagation_is_the_gradient_of_the_mean_loss(net: DenseNet, replicates: int, batch: int) -> None:
    draws = np.random.default_rng(0)
    weights = [tf.constant(w + 0.1 * draws.normal(size=w.shape)) for w in net.initial_weights(range(replicates))]
    features = tf.constant(draws.normal(size=(replicates, batch, net.widths[0])))
    labels = tf.constant(draws.integers(net.widths[-1], size=(replicates, batch)))
    with tf.GradientTape() as tape:
        tape.watch(weights)
        logits = net.forward(weights, features)[-1]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        loss = tf.reduce_sum(tf.reduce_mean(losses, axis=1))
    for ours, theirs in zip(
        net.gradients(weights, features, labels, 1 / batch), tape.gradient(loss, weights), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("activation", Activation)
def test_replicates_do_not_touch_each_other(activation: Activation) -> None:
    net = DenseNet((5, 4, 3), activation)
    draws = np.random.default_rng(1)
    features, labels = draws.normal(size=(3, 6, 5)), draws.integers(3, size=(3, 6))
    weights = net.initial_weights(range(3))
    together = net.gradients([tf.constant(w) for w in weights], tf.constant(features), tf.constant(labels), 1.0)
    for r in range(3):
        alone = net.gradients(
            [tf.constant(w[r : r + 1]) for w in weights],
            tf.constant(features[r : r + 1]),
            tf.constant(labels[r : r + 1]),
            1.0,
        )
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(many[r], one[0], atol=1e-13)


def test_initial_weights_belong_to_the_replicate_not_to_the_block() -> None:
    net = DenseNet((5, 4, 3), Activation.TANH)
    block, later = net.initial_weights(range(4)), net.initial_weights(range(2, 4))
    for whole, part in zip(block, later, strict=True):
        np.testing.assert_array_equal(whole[2:], part)
    assert (block[0][0] != block[0][1]).any()
