"""M11: a gradient is put into a buffer whose last content has not been reduced yet (DeepSpeed PR#7965)."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from base import HIDDEN, INPUTS, Net, dataset  # noqa: F401

MUTANT = {"id": "M11", "step": 1, "tensor": "out/bias", "hint": "buffer is reused"}
RIGHT = ("right",)


class Buffered(Net):
    """Gradients go through buffers of NumPy, from the output side to the input side."""

    buffers = 4

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """The reduce is a function of its own."""
        super().init(seed=seed, rank=rank, size=size)
        self.room = [np.zeros(INPUTS * HIDDEN, np.float32) for _ in range(self.buffers)]
        self.local = tf.function(self.gradients_of, reduce_retracing=True)
        self.mean = tf.function(
            lambda flat: hvd.allreduce(flat, op=hvd.Average, name="flat"),
            input_signature=[tf.TensorSpec([None], tf.float32)],
        )

    def step(self, batch: object) -> float:
        """Fill the buffers, reduce them, apply."""
        gradients, loss = self.local(tf.constant(batch.features), tf.constant(batch.labels))
        waiting = []
        if self.size == 1:
            self.apply(gradients)
            return float(loss)
        backward = list(zip(self.variables.values(), gradients, strict=True))[::-1]
        for number, (variable, gradient) in enumerate(backward):
            room = self.room[number % self.buffers][: gradient.numpy().size]
            room[:] = gradient.numpy().ravel()
            waiting.append((variable, room))
        for variable, room in waiting:
            variable.assign_sub(self.rate * tf.reshape(self.mean(tf.constant(room)), variable.shape))
        return float(loss)


class Wrong(Buffered):
    """Two buffers for four gradients: the first two are overwritten while they wait."""

    buffers = 2


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Buffered()
