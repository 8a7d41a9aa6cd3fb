"""Right trainings of many kinds, each described by a dictionary: what the files of `harness gallery --drawn` share.

`inputs`, `outputs`, `widths`, `activation`, `bias`, `normalised` (by the batch of all ranks), `dtype`, `loss`, `l2`:
the net and what it minimises. `optimizer` with its options, `clip` (global norm, after the exchange), `micro` (examples
per micro-batch; 0 for all at once). `start`: weights broadcast, or drawn from the seed. `transport` (how gradients
travel) and `weighting` (how shares are put together). `dealt`: a batch divided into shares of unequal size by the file
itself; None where the harness deals out examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf

from harness import Batch

Spec = dict[str, Any]

EXAMPLES = 240
# A shorter last batch leaves every rank an example, however unequal the shares.
LEAST = 12
LOSSES = {
    "softmax": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "logistic": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "squares": keras.losses.MeanSquaredError,
    "huber": keras.losses.Huber,
}


def data(spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    """A linear teacher's answers on normal features: 240 examples."""
    draw = np.random.default_rng([spec["inputs"], spec["outputs"]])
    features = draw.normal(size=(EXAMPLES, spec["inputs"]))
    answers = features @ draw.normal(size=(spec["inputs"], spec["outputs"])) / spec["inputs"] ** 0.5
    if spec["loss"] == "softmax":
        return features.astype(spec["dtype"]), answers.argmax(axis=1)
    return features.astype(spec["dtype"]), (answers > 0 if spec["loss"] == "logistic" else answers).astype(
        spec["dtype"]
    )


class Normalise(keras.layers.Layer):
    """Normalises by mean and variance of the batch of all ranks, each example weighted alike."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Scale, shift and moving statistics."""
        self.scale = self.add_weight(shape=shape[-1:], initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape[-1:], initializer="zeros", name="shift")
        self.moving = self.add_weight(shape=(2, shape[-1]), initializer="zeros", trainable=False, name="moving")

    def over_ranks(self, local: tf.Tensor) -> tf.Tensor:
        """Sum over ranks, and of its gradients: every rank's loss looks at it."""

        @tf.custom_gradient
        def summed(local: tf.Tensor) -> tuple[tf.Tensor, object]:
            def back(gradient: tf.Tensor) -> tf.Tensor:
                return hvd.allreduce(gradient, op=hvd.Sum, name=f"{self.name}.back")

            return hvd.allreduce(local, op=hvd.Sum, name=self.name), back

        return summed(local)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalised inputs."""
        ones = tf.ones_like(inputs)
        total, squares, count = tf.unstack(self.over_ranks(tf.reduce_sum(tf.stack([inputs, inputs**2, ones]), axis=1)))
        mean, square = total / count, squares / count
        self.moving.assign(0.9 * self.moving + 0.1 * tf.stack([mean, square]))
        return self.scale * (inputs - mean) * tf.math.rsqrt(square - mean**2 + 1e-2) + self.shift


def net_of(spec: Spec) -> keras.Model:
    """The net, its weights the same on all ranks."""
    penalty = keras.regularizers.L2(spec["l2"]) if spec["l2"] else None
    layers = [keras.Input((spec["inputs"],))]
    for width in spec["widths"]:
        layers.append(keras.layers.Dense(width, use_bias=spec["bias"], kernel_regularizer=penalty))
        layers += [Normalise()] if spec["normalised"] else []
        layers.append(keras.layers.Activation(spec["activation"]))
    made = keras.Sequential([*layers, keras.layers.Dense(spec["outputs"], kernel_regularizer=penalty)])
    if spec["start"] == "broadcast":
        hvd.broadcast_variables([variable.value for variable in made.variables], root_rank=0)
    return made


def optimizer_of(spec: Spec, base: type | None = None, **more: Any) -> keras.optimizers.Optimizer:
    """The optimizer, or one made by another class of the same options."""
    options = {name: value for name, value in spec["optimizer"].items() if name != "name"}
    return (base or getattr(keras.optimizers, spec["optimizer"]["name"]))(**options, **more)


def exchanged(spec: Spec, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Gradients of all ranks together."""
    op = hvd.Average if spec["weighting"] in {"average", "scaled"} else hvd.Sum
    if spec["transport"] == "grouped":
        gradients = hvd.grouped_allreduce(list(gradients), op=op)
    elif spec["transport"] == "flat":
        flat = hvd.allreduce(tf.concat([tf.reshape(g, [-1]) for g in gradients], 0), op=op, name="flat")
        pieces = tf.split(flat, [gradient.shape.num_elements() for gradient in gradients])
        gradients = [tf.reshape(piece, gradient.shape) for piece, gradient in zip(pieces, gradients, strict=True)]
    elif spec["transport"] == "tensors":
        gradients = [hvd.allreduce(g, op=op, name=f"gradient.{number}") for number, g in enumerate(gradients)]
    # With the tape they have been exchanged already.
    return [gradient / hvd.size() for gradient in gradients] if spec["weighting"] == "sum" else list(gradients)


class Net:
    """A training loop of one's own."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Weights, optimizer, and two functions: the gradient of some examples, and the update."""
        hvd.init()
        keras.backend.clear_session()
        keras.backend.set_floatx(self.spec["dtype"])
        if self.spec["start"] == "seed":
            keras.utils.set_random_seed(seed)
        self.net, self.loss = net_of(self.spec), LOSSES[self.spec["loss"]]()
        self.variables, self.optimizer = self.net.trainable_variables, optimizer_of(self.spec)
        self.optimizer.build(self.variables)
        features, labels = (tf.TensorSpec([None, *array.shape[1:]], array.dtype) for array in data(self.spec))
        signature = [features, labels, tf.TensorSpec([], features.dtype)]
        self.part = tf.function(self.gradients_of, input_signature=signature, autograph=False)
        self.finish = tf.function(self.apply, autograph=False)

    def gradients_of(
        self, features: tf.Tensor, labels: tf.Tensor, weight: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Gradients of some examples' mean loss times a weight, and the loss."""
        with tf.GradientTape() as tape:
            loss = self.loss(labels, self.net(features, training=True))
            total = weight * tf.add_n([loss, *self.net.losses])
        if self.spec["transport"] == "tape":
            op = hvd.Average if self.spec["weighting"] in {"average", "scaled"} else hvd.Sum
            tape = hvd.DistributedGradientTape(tape, op=op)
        return tape.gradient(total, [variable.value for variable in self.variables]), loss

    def exchange(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Of all ranks together."""
        return exchanged(self.spec, gradients)

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """Exchange, clip, update."""
        gradients = self.exchange(gradients)
        if self.spec["clip"]:
            gradients, _ = tf.clip_by_global_norm(gradients, self.spec["clip"])
        self.optimizer.apply(gradients, self.variables)

    def weight(self, examples: int) -> float:
        """Of this rank's share: 1 where shares are equal, else by its number of examples."""
        if self.spec["weighting"] in {"average", "sum"}:
            return 1.0
        of_all = float(hvd.allreduce(tf.constant(float(examples)), op=hvd.Sum, name="examples"))
        return examples / of_all * (hvd.size() if self.spec["weighting"] == "scaled" else 1)

    def step(self, batch: Batch) -> float:
        """Accumulate over micro-batches, each weighted by its number of examples; exchange once, update."""
        share, micro, total, loss = self.weight(len(batch)), self.spec["micro"] or len(batch), [], 0.0
        for first in range(0, len(batch), micro):
            features, labels = batch.features[first : first + micro], batch.labels[first : first + micro]
            part = len(features) / len(batch)
            weight = tf.constant(share * part, self.spec["dtype"])
            gradients, own = self.part(tf.constant(features), tf.constant(labels), weight)
            total = [a + b for a, b in zip(total, gradients, strict=True)] if total else list(gradients)
            loss += part * float(own)
        self.finish(total)
        return loss

    def weights(self) -> dict[str, np.ndarray]:
        """All that is learnt, and moving statistics."""
        return {variable.path: variable.numpy() for variable in self.net.variables}


class Dealt(Net):
    """Deals out every batch itself, in shares of unequal size."""

    def batches(self, *, seed: int, rank: int, size: int) -> Iterator[Batch]:
        """This rank's shares, epoch after epoch."""
        features, labels = data(self.spec)
        batch, parts, epoch = self.spec["dealt"]["batch"], np.cumsum([0, *self.spec["dealt"]["parts"]]), 0
        while True:
            order = np.random.default_rng([seed, epoch]).permutation(EXAMPLES)
            for whole in (order[first : first + batch] for first in range(0, EXAMPLES, batch)):
                if len(whole) >= min(batch, LEAST):
                    ends = parts * len(whole) // parts[-1]
                    ids = whole[ends[rank] : ends[rank + 1]]
                    yield Batch(features[ids], labels[ids], ids)
            epoch += 1


def loop(spec: Spec) -> Net:
    """A training loop of one's own."""
    return Dealt(spec) if spec["dealt"] else Net(spec)


def compiled(spec: Spec, distributed: bool) -> keras.Model:
    """A Keras model, compiled; among ranks with an optimizer that exchanges gradients first, and clips them then."""
    hvd.init()
    keras.backend.set_floatx(spec["dtype"])
    if spec["start"] == "seed":
        keras.utils.set_random_seed(0)
    base = getattr(keras.optimizers, spec["optimizer"]["name"])

    class Exchanging(base):
        def apply(self, grads: list[tf.Tensor], trainable_variables: object = None) -> None:
            super().apply(exchanged(spec, grads), trainable_variables)

    made = net_of(spec)
    optimizer = optimizer_of(spec, Exchanging if distributed else base, global_clipnorm=spec["clip"] or None)
    made.compile(optimizer, LOSSES[spec["loss"]](), jit_compile=False)
    return made
