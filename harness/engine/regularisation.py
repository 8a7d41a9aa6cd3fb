"""Penalties and dropout: functions of weights and of sample numbers, the same however a training is divided."""

from __future__ import annotations

from harness.engine.runtime import tf
from harness.spec import Regularisation


def penalty(regularisation: Regularisation, weight: tf.Tensor) -> tf.Tensor | float:
    """Gradient of ℓ1·‖W‖_1 + ℓ2/2·‖W‖².

    Args:
        regularisation: ℓ1 and ℓ2.
        weight: W, or any part of it.

    Returns:
        Shaped like W, or 0.
    """
    l1, l2 = regularisation.l1, regularisation.l2
    return (l1 * tf.sign(weight) if l1 else 0.0) + (l2 * weight if l2 else 0.0)


def dropout_mask(
    rate: float,
    replicates: tf.Tensor,
    place: tf.Tensor,
    ids: tf.Tensor,
    units: range,
    width: int,
    kind: tf.DType,
) -> tf.Tensor:
    """0 or 1/(1 − rate): a function of replicate, clock, layer, example and unit alone.

    Args:
        rate: probability of 0.
        replicates: (nets,) numbers.
        place: clock and layer as one number.
        ids: (nets, share) examples.
        units: which of the layer's units.
        width: how many the layer has.
        kind: type of the result.

    Returns:
        (nets, share, units).
    """
    numbers = tf.range(units.start, units.stop, dtype=tf.int64)
    keys = _mixed(replicates, place)
    keys = _mixed(keys[:, None, None], tf.cast(ids, tf.int64)[..., None] * width + numbers)
    kept = tf.bitwise.right_shift(keys, tf.constant(11, tf.uint64)) >= tf.constant(int(rate * 2**53), tf.uint64)
    return tf.cast(kept, kind) / (1 - rate)


def _mixed(key: tf.Tensor, word: tf.Tensor) -> tf.Tensor:
    """Splitmix64's finaliser of a key and a word, uint64."""
    bits = tf.cast(key, tf.uint64) * tf.constant(0x9E3779B97F4A7C15, tf.uint64) + tf.cast(word, tf.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint64)))
        bits *= tf.constant(factor, tf.uint64)
    return tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, tf.constant(31, tf.uint64)))
