"""M01: the tape is wrapped, and the gradients are taken from the bare one (horovod#141)."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M01", "step": 1, "tensor": "out/bias", "hint": "no exchange at all"}
RIGHT = ("right",)


class Wrong(Net):
    """Nothing is reduced."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Forgotten."""
        return gradients


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
