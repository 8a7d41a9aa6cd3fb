"""M04: gradients of an embedding are gathered from all ranks and not averaged (horovod PR#2279, PR#3786)."""

from typing import ClassVar

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf
from base import CLASSES, Net

MUTANT = {"id": "M04", "step": 1, "tensor": "embedding", "hint": "sparse gradients"}
RIGHT = ("right",)
WORDS, WIDTH = 150, 6


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """Three words per example; the label follows from them."""
    draw = np.random.default_rng(4)
    words = draw.integers(0, WORDS, size=(240, 3))
    return words, (words.sum(axis=1) % CLASSES).astype(np.int64)


class Words(Net):
    """Mean of embeddings, then one layer."""

    rate = 0.5
    sparse = hvd.Average
    shapes: ClassVar[dict[str, tuple[int, ...]]] = {
        "embedding": (WORDS, WIDTH),
        "out/kernel": (WIDTH, CLASSES),
        "out/bias": (CLASSES,),
    }

    def forward(self, features: tf.Tensor) -> tf.Tensor:
        """Logits."""
        embedding, out, shift = self.variables.values()
        return tf.reduce_mean(tf.gather(embedding, features), axis=1) @ out + shift

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Rows are gathered, the rest is averaged."""
        rows, *dense = gradients
        return [hvd.allreduce(rows, op=self.sparse, name="rows"), *super().reduce(dense)]

    def apply(self, gradients: list[tf.Tensor]) -> None:
        """Rows may come twice, so they are added up."""
        rows, *dense = gradients
        self.variables["embedding"].scatter_sub(tf.IndexedSlices(self.rate * rows.values, rows.indices))
        for variable, gradient in zip(list(self.variables.values())[1:], dense, strict=True):
            variable.assign_sub(self.rate * gradient)


class Wrong(Words):
    """Rows of all ranks, as they are."""

    sparse = hvd.Sum


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Words()
