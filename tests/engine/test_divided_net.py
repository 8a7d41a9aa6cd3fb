"""A net divided among workers computes what the undivided net computes: all workers played in one process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.engine.collectives import Crossing, InOneProcess, LeftOut
from harness.engine.descent import squared_norms
from harness.engine.divided_net import DividedNet, Shares
from harness.engine.objective import Objective
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.layout import Exchange, Kind, joined, split
from harness.spec import Activation, Fault, Layout, ModelPartition, Regularisation, StepSize, Training

TRAINING = Training("teacher", (64, 7, 5, 10), 6, 2, StepSize(0.1), regularisation=Regularisation(l1=0.01, l2=0.1))
partitions = st.one_of(
    st.builds(lambda layout, m: ModelPartition(m, layout), st.sampled_from(list(Layout)[:3]), st.integers(1, 5)),
    st.builds(lambda rows, columns: ModelPartition(rows * columns, Layout.GRID, rows=rows), *[st.integers(1, 4)] * 2),
)
trainings = st.builds(
    lambda hidden, batch, activation, dropout: Training(
        "teacher",
        (64, *hidden, 10),
        batch,
        2,
        StepSize(0.1),
        activation,
        regularisation=Regularisation(l1=0.01, l2=0.1, dropout=dropout),
    ),
    st.lists(st.integers(5, 19), max_size=4),
    st.integers(1, 9),
    st.sampled_from(Activation),
    st.sampled_from([0.0, 0.3]),
)


class Pair:
    """The same weights, divided and not."""

    def __init__(self, training: Training, partition: ModelPartition, replicates: range = range(2)) -> None:
        ids = batches(training, replicates)
        self.training, self.partition = training, partition
        workers = InOneProcess(tuple(range(partition.members)))
        self.divided = DividedNet(training, replicates, ids, 1 / training.batch, partition, workers)
        self.whole = Objective(training, replicates, ids, 1 / training.batch)
        draws = np.random.default_rng(3)
        self.weights = [w + 0.1 * draws.normal(size=w.shape) for w in self.whole.net.initial_weights(replicates)]
        self.shares = self._split(self.weights)

    def _split(self, weights: list[NDArray[np.float64]]) -> Shares:
        net = [(w, b[:, 0]) for w, b in zip(weights[::2], weights[1::2], strict=True)]
        divided = split(self.partition, self.training.widths, net)
        return [[tf.constant(t) for w, b in share for t in (w, b[..., None])] for share in divided]

    def difference(self, clock: int) -> float:
        """Largest difference of a gradient, over the largest gradient."""
        expected = self.whole.gradients([tf.constant(w) for w in self.weights], tf.constant(clock))
        found = self.divided.gradients(self.shares, tf.constant(clock))
        parts = [
            [(w.numpy(), b.numpy()[..., 0]) for w, b in zip(share[::2], share[1::2], strict=True)] for share in found
        ]
        flat = [t for w, b in joined(self.partition, self.training.widths, parts) for t in (w, b[:, None])]
        scale = max(np.abs(e).max() for e in expected)
        return float(max(np.abs(f - e).max() for f, e in zip(flat, expected, strict=True)) / scale)


@settings(deadline=None, max_examples=60)
@given(trainings, partitions, st.integers(0, 1))
def test_every_gradient_is_that_of_the_undivided_net(training: Training, partition: ModelPartition, clock: int) -> None:
    assert Pair(training, partition).difference(clock) < 1e-10


@settings(deadline=None, max_examples=30)
@given(trainings, partitions)
def test_activations_and_losses_are_those_of_the_undivided_net(training: Training, partition: ModelPartition) -> None:
    pair = Pair(replace(training, regularisation=Regularisation()), partition)
    ids, weights = batches(training, range(2))[1], [tf.constant(w) for w in pair.weights]
    features, labels = tf.gather(pair.whole._features, ids), tf.gather(pair.whole._labels, ids)
    logits = pair.whole.net.forward(weights, features)[-1]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    passed = pair.divided.forward(pair.shares, tf.constant(1))
    for mine, found in zip(pair.divided.blocks, passed.logits, strict=True):
        owned = mine[-1].owned
        np.testing.assert_allclose(
            np.swapaxes(found, 1, 2), logits[..., owned.start : owned.stop], rtol=1e-10, atol=1e-12
        )
    for found in pair.divided.losses(pair.shares, tf.constant(1)):
        np.testing.assert_allclose(found[:, 0], losses, rtol=1e-10, atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(trainings, partitions, st.integers(0, 15))
def test_a_worker_without_exchange_computes_what_it_would(
    training: Training, partition: ModelPartition, place: int
) -> None:
    """Gradients of its share, in the shapes of its share."""
    member = place % partition.members
    net = DividedNet(training, range(2), batches(training, range(2)), 1 / training.batch, partition, LeftOut((member,)))
    (share,) = net.initial_shares(range(2))
    (found,) = net.gradients([[tf.constant(w) for w in share]], tf.constant(0))
    assert [g.shape for g in found] == [w.shape for w in share]
    assert all(np.isfinite(g).all() for g in found)


@settings(deadline=None, max_examples=30)
@given(trainings, partitions)
def test_the_norm_counts_every_weight_once(training: Training, partition: ModelPartition) -> None:
    pair = Pair(training, partition)
    expected = squared_norms([tf.constant(w) for w in pair.weights])
    for found in pair.divided.squared_norms(pair.shares):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "partition",
    [
        ModelPartition(2, Layout.ALTERNATE, fault=Fault.BIAS_PER_WORKER),
        ModelPartition(3, Layout.WEIGHT, fault=Fault.BIAS_PER_WORKER),
        ModelPartition(2, Layout.ALTERNATE, fault=Fault.NO_BACKWARD_SUM),
        ModelPartition(3, Layout.NEURON, fault=Fault.NO_BACKWARD_SUM),
        ModelPartition(2, Layout.NEURON, fault=Fault.GRADIENT_PER_WORKER),
        ModelPartition(4, Layout.GRID, rows=2, fault=Fault.NO_BACKWARD_SUM),
    ],
    ids=lambda partition: partition.id,
)
def test_each_fault_shows_in_the_gradients(partition: ModelPartition) -> None:
    assert Pair(TRAINING, partition).difference(0) > 1e-3


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([Kind.GATHER, Kind.SCATTER, Kind.TOTAL, Kind.COPY]), st.integers(2, 4), st.integers(4, 9))
def test_backward_is_the_gradient_of_forward(kind: Kind, count: int, width: int) -> None:
    """Of all workers together: the loss of each is counted once where their copies are the same."""
    members = tuple(range(count))
    crossing = Crossing(InOneProcess(members), (Exchange(kind, members, width),) * count, "tested")
    draws = np.random.default_rng(width)
    sizes = [len(p) for p in np.array_split(np.arange(width), count)] if kind is Kind.GATHER else [width] * count
    start = draws.normal(size=(2, width, 3))
    held = [tf.constant(start if kind is Kind.COPY else draws.normal(size=(2, size, 3))) for size in sizes]
    slopes = [draws.normal(size=t.shape) for t in crossing.forward(held)]
    slopes = slopes[:1] * count if kind is Kind.TOTAL else slopes

    def loss(tensors: list[tf.Tensor], crossed: bool) -> tf.Tensor:
        ends = crossing.differentiable(tensors) if crossed else crossing.forward(tensors)
        shown = ends[:1] if kind is Kind.TOTAL and not crossed else ends
        return tf.add_n([tf.reduce_sum(s * e) for s, e in zip(slopes, shown, strict=False)])

    found, expected = [], []
    for crossed, kept in ((True, found), (False, expected)):
        with tf.GradientTape() as tape:
            tape.watch(held)
            value = loss(held, crossed)
        kept += tape.gradient(value, held)
    if kind is Kind.COPY:
        expected = [tf.add_n(expected)] * count
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
