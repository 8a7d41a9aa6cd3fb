"""Where trainings start and what they are fed, as NumPy draws it: the same for every framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.schedule import Schedule, weight_stream
from harness.spec import Activation, Training


def batches(training: Training, replicates: range, order: int = 0) -> NDArray[np.int32]:
    """Sample ids of all global batches.

    Args:
        training: data, batch size and clocks.
        replicates: their numbers.
        order: which of each replicate's data orders.

    Returns:
        (clocks, replicates, batch).
    """
    examples = len(data.load(training.data))
    orders = [Schedule(r, examples, training.batch, order).ids(0, training.clocks) for r in replicates]
    return np.stack(orders, axis=1)


def initial_layers(
    widths: Sequence[int], activation: Activation, replicates: range
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Draw W ~ N(0, 1/inputs) (2/inputs under ReLU) and b = 0, from each replicate's own stream, layer by layer.

    Args:
        widths: units per layer, inputs first.
        activation: φ.
        replicates: their numbers.

    Yields:
        W (R, inputs, outputs) and b (R, 1, outputs).
    """
    gain = 2.0 if activation is Activation.RELU else 1.0
    streams = [weight_stream(replicate) for replicate in replicates]
    for inputs, outputs in pairwise(widths):
        draws = [stream.normal(scale=np.sqrt(gain / inputs), size=(inputs, outputs)) for stream in streams]
        yield np.stack(draws), np.zeros((len(streams), 1, outputs))
