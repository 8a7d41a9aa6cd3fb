"""Keras with Horovod's `DistributedOptimizer`, as its manual has it. Under Keras 3 it never averages anything."""

import horovod.tensorflow.keras as hvd
import keras
from digits import dataset  # noqa: F401


def model(distributed: bool) -> keras.Model:
    """A net with one hidden layer, compiled."""
    keras.utils.set_random_seed(0)
    net = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "tanh"), keras.layers.Dense(10)])
    optimizer = keras.optimizers.SGD(0.3)
    if distributed:
        hvd.init()
        optimizer = hvd.DistributedOptimizer(optimizer)
    net.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return net
