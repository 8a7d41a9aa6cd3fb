"""M01: Keras 3 never calls Horovod's wrapper of an optimizer (Keras 3 with Horovod 0.28.1)."""

import horovod.tensorflow as hvd
import horovod.tensorflow.keras as hvd_keras
import keras
import tensorflow as tf
from base import CLASSES, HIDDEN, INPUTS, dataset  # noqa: F401

MUTANT = {"id": "M01", "step": 1, "tensor": "sequential/dense_1/bias", "hint": "no exchange at all"}


class Averaging(keras.optimizers.SGD):
    """Gradient descent on gradients averaged over ranks."""

    def apply(self, grads: list[tf.Tensor], trainable_variables: object = None) -> None:
        """Average, then apply."""
        mean = [hvd.allreduce(gradient, name=f"gradient.{number}") for number, gradient in enumerate(grads)]
        super().apply(mean, trainable_variables)


def _net(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    hvd.init()
    net = keras.Sequential([keras.Input((INPUTS,)), keras.layers.Dense(HIDDEN, "tanh"), keras.layers.Dense(CLASSES)])
    for variable in net.variables:
        variable.assign(hvd.broadcast(tf.constant(variable.numpy()), 0))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(optimizer, loss, jit_compile=False)
    return net


def model(distributed: bool) -> keras.Model:
    """Wrapped, and the wrapper is bypassed."""
    return _net(hvd_keras.DistributedOptimizer(keras.optimizers.SGD(0.2)) if distributed else keras.optimizers.SGD(0.2))


def model_right(distributed: bool) -> keras.Model:
    """An optimizer of one's own, which Keras does call."""
    return _net(Averaging(0.2) if distributed else keras.optimizers.SGD(0.2))


RIGHT = ("model_right",)
