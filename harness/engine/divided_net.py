"""Backpropagation through a net whose layers are divided among workers; each holds its blocks and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine.collectives import Collectives, Crossing
from harness.engine.nets import DenseNet, Tensors, product
from harness.engine.regularisation import dropout_mask, penalty
from harness.engine.runtime import dtype, tf
from harness.layout import blocks, holders_of_logits
from harness.spec import Fault, ModelPartition, Training

# For each local worker its flat list W_1[inputs, units], b_1[owned], W_2, …
Shares = list[Tensors]


@dataclass(frozen=True)
class Passed:
    """What a forward pass leaves for the backward pass; one tensor (R, units, batch) per local worker.

    Args:
        inputs: of each layer, the activations of the block's inputs.
        hidden: of each hidden layer, the activations of the owned units before dropout.
        masks: of each hidden layer, factors of the owned units, or nothing.
        logits: of the owned classes.
    """

    inputs: list[Tensors]
    hidden: list[Tensors]
    masks: list[Tensors]
    logits: Tensors


class DividedNet:
    """Gradients of the local workers' blocks of scale · Σ_i ℓ(w; example_i) + penalties.

    Args:
        training: data, net and regularisation.
        replicates: number of the replicate of each net.
        ids: (clocks, R, share) examples that the group sees at each clock.
        scale: factor of the sum over examples.
        partition: how each layer is divided.
        collectives: between the workers of the group; says which of them are played here.
    """

    def __init__(
        self,
        training: Training,
        replicates: Sequence[int],
        ids: NDArray[np.int32],
        scale: float,
        partition: ModelPartition,
        collectives: Collectives,
    ) -> None:
        self.net = DenseNet(training.widths, training.activation)
        self.kind = dtype(training.precision)
        divided = blocks(partition, training.widths)
        self.blocks = [divided[member] for member in collectives.members]
        self._layers = len(self.net.layers)
        self._regularisation, self._partition, self._collectives = training.regularisation, partition, collectives
        self._penalised = bool(training.regularisation.l1 or training.regularisation.l2)
        sums = partition.fault is not Fault.NO_BACKWARD_SUM
        self._enter = [self._crossings(layer, "enter", sums) for layer in range(self._layers)]
        self._leave = [self._crossings(layer, "leave", sums) for layer in range(self._layers)]
        self._holders = [holders_of_logits(partition, m, self._layers) for m in collectives.members]
        examples = data.load(training.data)
        self._features = [
            tf.constant(examples.features[:, mine[0].inputs.start : mine[0].inputs.stop], self.kind)
            for mine in self.blocks
        ]
        self._labels, self._ids = tf.constant(examples.labels), tf.constant(ids)
        self._scale = tf.constant(scale, self.kind)
        self._replicates = tf.constant(np.asarray(replicates, np.int64))

    def initial_shares(self, replicates: range) -> list[list[NDArray[np.float64]]]:
        """The local workers' shares of the reference's initial weights, drawn layer by layer.

        Args:
            replicates: their numbers.

        Returns:
            For each local worker its flat list, W (R, inputs, units) and b (R, owned, 1).
        """
        shares: list[list[NDArray[np.float64]]] = [[] for _ in self.blocks]
        for layer, (matrix, biases) in enumerate(self.net.initial_layers(replicates)):
            for share, mine in zip(shares, self.blocks, strict=True):
                block = mine[layer]
                share.append(
                    matrix[:, block.inputs.start : block.inputs.stop, block.units.start : block.units.stop].copy()
                )
                share.append(biases[:, 0, block.owned.start : block.owned.stop, None])
        return shares

    def forward(self, weights: Shares, clock: tf.Tensor) -> Passed:
        """From the features to the logits.

        Args:
            weights: shares of the local workers.
            clock: c, a whole number.

        Returns:
            What the backward pass needs.
        """
        ids = self._ids[clock]
        held = [tf.transpose(tf.gather(features, ids), (0, 2, 1)) for features in self._features]
        passed = Passed([], [], [], [])
        for layer in range(self._layers):
            inputs = self._enter[layer].forward(held)
            sums = [product(w[2 * layer], x, transpose_a=True) for w, x in zip(weights, inputs, strict=True)]
            sums = self._leave[layer].forward(sums)
            sums = [z + self._times(layer) * w[2 * layer + 1] for z, w in zip(sums, weights, strict=True)]
            passed.inputs.append(inputs)
            if layer < self._layers - 1:
                hidden = [self.net.activate(z) for z in sums]
                masks = self._masks(clock, ids, layer)
                held = [a * mask for a, mask in zip(hidden, masks, strict=True)] if masks else hidden
                passed.hidden.append(hidden)
                passed.masks.append(masks)
        passed.logits.extend(sums)
        return passed

    def losses(self, weights: Shares, clock: tf.Tensor) -> Tensors:
        """−log probability of the true class.

        Args:
            weights: shares of the local workers.
            clock: c, a whole number.

        Returns:
            (R, 1, batch) per local worker, the same on all.
        """
        logits = self.forward(weights, clock).logits
        true = [tf.reduce_sum(z * t, axis=1, keepdims=True) for z, t in zip(logits, self._truth(clock), strict=True)]
        if len(self._holders[0]) > 1:
            true = self._collectives.total(true, self._holders, "true-logits")
        return [log - z for log, z in zip(self._log_sums(logits), true, strict=True)]

    def gradients(self, weights: Shares, clock: tf.Tensor) -> Shares:
        """Gradients at a clock.

        Args:
            weights: shares of the local workers, variables or tensors.
            clock: c, a whole number.

        Returns:
            Lists shaped like the shares.
        """
        weights = [[tf.convert_to_tensor(w) for w in share] for share in weights]
        return self.backward(weights, self.forward(weights, clock), clock)

    def backward(self, weights: Shares, passed: Passed, clock: tf.Tensor) -> Shares:
        """From what a forward pass has left to the gradients.

        Args:
            weights: shares of the local workers.
            passed: of the same weights and clock.
            clock: c, a whole number.

        Returns:
            Lists shaped like the shares.
        """
        found = zip(passed.logits, self._log_sums(passed.logits), self._truth(clock), strict=True)
        errors = [self._scale * (tf.exp(logits - logs) - truth) for logits, logs, truth in found]
        gradients: Shares = [[] for _ in weights]
        for layer in reversed(range(self._layers)):
            biases = [tf.reduce_sum(error, axis=2, keepdims=True) for error in errors]
            errors = self._leave[layer].backward(errors)
            for place, (x, error) in enumerate(zip(passed.inputs[layer], errors, strict=True)):
                matrix = self._matrix_gradient(weights[place][2 * layer], x, error)
                gradients[place] = [matrix, biases[place], *gradients[place]]
            if layer > 0:
                errors = [product(w[2 * layer], error) for w, error in zip(weights, errors, strict=True)]
                errors = self._enter[layer].backward(errors)
                if passed.masks[layer - 1]:
                    errors = [e * mask for e, mask in zip(errors, passed.masks[layer - 1], strict=True)]
                errors = [e * self.net.slope(a) for e, a in zip(errors, passed.hidden[layer - 1], strict=True)]
        return gradients

    def squared_norms(self, gradients: Shares) -> Tensors:
        """Σ g² of the whole net's gradient, every weight counted once.

        Args:
            gradients: shares of the local workers.

        Returns:
            (R,) per local worker.
        """
        mine = []
        for member, share, divided in zip(self._collectives.members, gradients, self.blocks, strict=True):
            holders = [n for block in divided for n in (1, len(block.holders(member)))]
            squares = [tf.reduce_sum(tf.square(g), axis=(1, 2)) / n for g, n in zip(share, holders, strict=True)]
            mine.append(tf.add_n(squares)[:, None, None])
        everyone = tuple(range(self._partition.members))
        if len(everyone) > 1:
            mine = self._collectives.total(mine, [everyone] * len(mine), "norm")
        return [square[:, 0, 0] for square in mine]

    def _crossings(self, layer: int, side: str, sums: bool) -> Crossing:
        exchanges = tuple(mine[layer].enter if side == "enter" else mine[layer].leave for mine in self.blocks)
        return Crossing(self._collectives, exchanges, f"{side}.{layer + 1}", sums)

    def _log_sums(self, logits: Tensors) -> Tensors:
        """Log Σ exp over all classes, (R, 1, batch).

        What travels is that of the owned classes, one number per example and worker: never more than the logits, since
        no worker is without a class.
        """
        logs = [tf.reduce_logsumexp(z, axis=1, keepdims=True) for z in logits]
        if len(self._holders[0]) == 1:
            return logs
        gathered = self._collectives.gather(logs, self._holders, len(self._holders[0]), "log-sums")
        return [tf.reduce_logsumexp(pieces, axis=1, keepdims=True) for pieces in gathered]

    def _truth(self, clock: tf.Tensor) -> Tensors:
        """1 at the true class, of the owned classes."""
        labels = tf.gather(self._labels, self._ids[clock])
        owned = [mine[-1].owned for mine in self.blocks]
        return [tf.one_hot(labels - units.start, len(units), axis=1, dtype=self.kind) for units in owned]

    def _matrix_gradient(self, weight: tf.Tensor, inputs: tf.Tensor, errors: tf.Tensor) -> tf.Tensor:
        times = self._partition.members if self._partition.fault is Fault.GRADIENT_PER_WORKER else 1
        found = product(inputs, errors, transpose_b=True)
        found = found if times == 1 else times * found
        # A sum with 0 is a pass over memory too.
        return found + penalty(self._regularisation, weight) if self._penalised else found

    def _times(self, layer: int) -> float:
        """How often a bias is counted: once."""
        sharers = len(self.blocks[0][layer].leave.members)
        return float(sharers if self._partition.fault is Fault.BIAS_PER_WORKER else 1)

    def _masks(self, clock: tf.Tensor, ids: tf.Tensor, layer: int) -> Tensors:
        rate = self._regularisation.dropout
        if not rate:
            return []
        place = tf.cast(clock, tf.int64) * len(self.net.widths) + layer
        width = self.net.widths[layer + 1]
        return [
            tf.transpose(
                dropout_mask(rate, self._replicates, place, ids, mine[layer].owned, width, self.kind), (0, 2, 1)
            )
            for mine in self.blocks
        ]
