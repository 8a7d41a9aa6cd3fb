"""M34: the norms of a layer-wise optimizer (LARS) are those of a shard (ColossalAI PR#5476)."""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import HIDDEN, INPUTS, Net, dataset  # noqa: F401

MUTANT = {"id": "M34", "step": 1, "tensor": "hidden/kernel", "hint": "on a shard"}
RIGHT = ("right",)


class Layerwise(Net):
    """Every rank updates its rows of the first kernel, at a rate that follows from norms of weights and gradient."""

    def norm(self, whole: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
        """Norm of the whole tensor."""
        return tf.norm(whole)

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """One step; the first kernel in shards."""
        variable, gradient = self.variables["hidden/kernel"], gradients[0]
        own = slice(self.rank * INPUTS // self.size, (self.rank + 1) * INPUTS // self.size)
        trust = self.norm(variable, variable[own]) / self.norm(gradient, gradient[own])
        rows = variable[own] - 0.02 * trust * gradient[own]
        variable.assign(tf.ensure_shape(hvd.allgather(rows, name="rows"), [INPUTS, HIDDEN]))
        for other, its in zip(list(self.variables.values())[1:], gradients[1:], strict=True):
            other.assign_sub(self.rate * its)


class Wrong(Layerwise):
    """Norms of the shard."""

    def norm(self, whole: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
        """Norm of this rank's rows."""
        return tf.norm(own)


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Layerwise()
