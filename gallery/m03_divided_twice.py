"""M03: averaged over ranks, and divided by their number once more (tensorflow#55321)."""

import tensorflow as tf
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M03", "step": 1, "tensor": "out/bias", "hint": "once too often"}
RIGHT = ("right",)


class Wrong(Net):
    """Divides twice."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over ranks, divided by their number."""
        return [gradient / self.size for gradient in super().reduce(gradients)]


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
