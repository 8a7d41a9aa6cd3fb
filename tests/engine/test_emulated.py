"""Emulated steps: every collective of a step is made, in its order, at every clock."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.step_times import emulated
from harness.layout import gradient_messages, messages
from harness.planning import example, synchronous
from harness.spec import ModelPartition


class Told(Ranks):
    """A rank alone, which takes down what it is asked to exchange."""

    def noted(self, tensor: tf.Tensor, name: str, among: tuple[int, ...] = ()) -> tf.Tensor:
        del among

        def note(size: np.int32) -> np.int32:
            TOLD.append((name, int(size)))
            return size

        with tf.control_dependencies([tf.numpy_function(note, [tf.size(tensor)], tf.int32)]):
            return tf.identity(tensor)

    sum = concatenated = piece_of_sum = noted


TOLD: list[tuple[str, int]] = []


@pytest.mark.parametrize("seconds", [0.0, 1e-3])
@pytest.mark.parametrize("name", ["w4", "w4-neuron", "w4-alternate", "w4-d2-neuron"])
def test_an_emulated_step_makes_every_collective_of_the_step_in_the_same_order_at_every_clock(
    name: str, seconds: float
) -> None:
    training, partition = example((20, 16, 12, 10), 8), synchronous(name)
    TOLD.clear()
    emulated(training, partition, Told(0, 4), seconds)(3)
    if isinstance(partition, ModelPartition):
        sent = messages(partition, training, 0)
    else:
        sent = tuple(gradient_messages([n for i, o in pairwise(training.widths) for n in (i * o, o)], 4))
    assert sorted(TOLD[: len(sent)]) == sorted((message.name, message.handed) for message in sent)
    assert 3 * TOLD[: len(sent)] == TOLD
