"""Few collectives for many tensors."""

from __future__ import annotations

from collections.abc import Callable

from harness.engine.nets import Tensors
from harness.engine.runtime import tf
from harness.layout import BY_ITSELF

Collective = Callable[[tf.Tensor, str], tf.Tensor]


def packed(tensors: Tensors, collective: Collective) -> Tensors:
    """Large tensors each by themselves, all others as one vector, since what small ones cost is their number.

    Args:
        tensors: to travel; `BY_ITSELF` says what is large.
        collective: of a tensor and a name that is the same at every call; the result is shaped like the tensor.

    Returns:
        What came of each, in its place.
    """
    large = [tensor.shape.num_elements() >= BY_ITSELF for tensor in tensors]
    small = iter(_together([t for t, alone in zip(tensors, large, strict=True) if not alone], collective))
    return [
        collective(tensor, f"gradient.{place}") if alone else next(small)
        for place, (tensor, alone) in enumerate(zip(tensors, large, strict=True))
    ]


def _together(tensors: Tensors, collective: Collective) -> Tensors:
    if not tensors:
        return []
    flat = collective(tf.concat([tf.reshape(t, [-1]) for t in tensors], axis=0), "gradients")
    pieces = tf.split(flat, [t.shape.num_elements() for t in tensors])
    return [tf.reshape(piece, t.shape) for piece, t in zip(pieces, tensors, strict=True)]
