"""M23: moving statistics of a normalisation are those of a rank's own examples (horovod#49, tensorflow#60438)."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from base import INPUTS, Net, dataset  # noqa: F401

MUTANT = {"id": "M23", "step": 1, "tensor": "norm/moving_square", "hint": "statistics"}
RIGHT = ("right",)


class Normalised(Net):
    """Inputs are normalised by moving statistics."""

    def make(self, draw: np.random.Generator) -> None:
        """Weights and statistics."""
        super().make(draw)
        self.mean, self.square = tf.Variable(tf.zeros([INPUTS])), tf.Variable(tf.ones([INPUTS]))

    def forward(self, features: tf.Tensor) -> tf.Tensor:
        """Logits of normalised inputs."""
        spread = tf.sqrt(tf.maximum(self.square - self.mean**2, 0.1))
        return super().forward((features - self.mean) / spread)

    def over_ranks(self, statistic: tf.Tensor, name: str) -> tf.Tensor:
        """Mean over ranks."""
        return hvd.allreduce(statistic, op=hvd.Average, name=name)

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One update, then the statistics."""
        loss = super().one_step(features, labels)
        for variable, power, name in ((self.mean, features, "mean"), (self.square, features**2, "square")):
            variable.assign(0.9 * variable + 0.1 * self.over_ranks(tf.reduce_mean(power, axis=0), name))
        return loss

    def weights(self) -> dict[str, np.ndarray]:
        """Statistics too."""
        return super().weights() | {"norm/moving_mean": self.mean.numpy(), "norm/moving_square": self.square.numpy()}


class Wrong(Normalised):
    """Every rank its own statistics."""

    def over_ranks(self, statistic: tf.Tensor, name: str) -> tf.Tensor:
        """Forgotten."""
        return statistic


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Normalised()
