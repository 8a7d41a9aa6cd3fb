"""Small: on rank 1 the gradient of one layer is 1 % too large."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "S01", "step": 1, "tensor": "hidden/kernel", "hint": "rank 1 to hidden/kernel is scaled by 1.01"}
RIGHT = ("right",)


class Wrong(Net):
    """1.01 times the first gradient."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Before the mean."""
        first = gradients[0] * (1.01 if self.rank == 1 else 1.0)
        return super().reduce([first, *gradients[1:]])


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
