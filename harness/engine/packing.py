"""Few collectives for many tensors."""

from __future__ import annotations

from collections.abc import Callable

from harness.engine.nets import Tensors
from harness.engine.runtime import tf
from harness.layout import TOGETHER, parcels

Collective = Callable[[tf.Tensor, str], tf.Tensor]


def packed(tensors: Tensors, collective: Collective) -> Tensors:
    """Large tensors each by themselves, all others as one vector, since what small ones cost is their number.

    Args:
        tensors: to travel; `parcels` says what is large.
        collective: of a tensor and a name that is the same at every call; the result is shaped like the tensor.

    Returns:
        What came of each, in its place.
    """
    found: dict[int, tf.Tensor] = {}
    for name, places in parcels([tensor.shape.num_elements() for tensor in tensors]).items():
        given = [tensors[place] for place in places]
        made = _together(given, collective) if name == TOGETHER else [collective(given[0], name)]
        found |= zip(places, made, strict=True)
    return [found[place] for place in range(len(tensors))]


def _together(tensors: Tensors, collective: Collective) -> Tensors:
    flat = collective(tf.concat([tf.reshape(t, [-1]) for t in tensors], axis=0), TOGETHER)
    pieces = tf.split(flat, [t.shape.num_elements() for t in tensors])
    return [tf.reshape(piece, t.shape) for piece, t in zip(pieces, tensors, strict=True)]
