"""A right training of many kinds, by a dictionary CONFIG that the importing file defines."""

from __future__ import annotations

from typing import Any

import horovod.tensorflow as hvd
import keras
import numpy as np
import tensorflow as tf

from harness import Batch

_OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(0.01),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
    "adagrad": lambda: keras.optimizers.Adagrad(0.1),
}


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """A teacher's labels."""
    draw = np.random.default_rng(3)
    features = draw.normal(size=(400, 6)).astype(np.float32)
    return features, np.argmax(features @ draw.normal(size=(6, 4)), axis=1)


class Configured:
    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def init(self, *, seed: int, rank: int, size: int) -> None:
        hvd.init()
        keras.backend.clear_session()
        layers = [keras.layers.Dense(width, self.config["activation"]) for width in self.config["widths"]]
        self.net = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(4)])
        hvd.broadcast_variables([variable.value for variable in self.net.variables], root_rank=0)
        self.optimizer = _OPTIMIZERS[self.config["optimizer"]]()
        self.optimizer.build(self.net.trainable_variables)
        self.update = tf.function(self.one_step, reduce_retracing=True)

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        variables = self.net.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.net(features)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
            total = loss + self.config["l2"] * tf.add_n([tf.reduce_sum(variable.value**2) for variable in variables])
        gradients = self.reduce(tape.gradient(total, variables))
        if self.config["clip"]:
            gradients, _ = tf.clip_by_global_norm(gradients, self.config["clip"])
        self.optimizer.apply(gradients, variables)
        return loss

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        if self.config["exchange"] == "grouped":
            return hvd.grouped_allreduce(gradients, op=hvd.Average)
        if self.config["exchange"] == "sum":
            return [hvd.allreduce(g, op=hvd.Sum, name=f"g.{n}") / hvd.size() for n, g in enumerate(gradients)]
        return [hvd.allreduce(g, op=hvd.Average, name=f"g.{n}") for n, g in enumerate(gradients)]

    def step(self, batch: Batch) -> float:
        return float(self.update(tf.constant(batch.features), tf.constant(batch.labels)))

    def weights(self) -> dict[str, np.ndarray]:
        return {variable.path: variable.numpy() for variable in self.net.variables}
