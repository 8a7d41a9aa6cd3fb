"""Whole nets from the blocks that workers hold; NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.engine.trajectory import Trajectory
from harness.layout import Block, Layer, blocks, joined
from harness.spec import ModelPartition


def assembled(
    partition: ModelPartition, widths: Sequence[int], shares: Sequence[Trajectory], copy: int = 0
) -> Trajectory:
    """The trajectory of the whole net.

    Args:
        partition: layout and numbers of workers.
        widths: units per layer, inputs first.
        shares: trajectories of one group's workers, each of W[inputs, units] and b[owned], flat.
        copy: whose biases are taken where several workers hold the same.

    Returns:
        The trajectory, shaped like that of the reference.
    """
    divided = blocks(partition, widths)
    names = list(shares[0].layers)

    def whole(values: Sequence[Sequence[NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
        parts = [
            [_layer(block, flat) for block, flat in zip(mine, own, strict=True)]
            for mine, own in zip(divided, values, strict=True)
        ]
        return dict(zip(names, map(_flat, joined(partition, widths, parts, copy)), strict=True))

    return Trajectory(
        clocks=shares[0].clocks,
        initial=whole([list(share.initial.values()) for share in shares]),
        layers=whole([list(share.layers.values()) for share in shares]),
    )


def _layer(block: Block, flat: NDArray[np.float64]) -> Layer:
    shape = (len(block.inputs), len(block.units))
    weights, biases = np.split(flat, [shape[0] * shape[1]], axis=-1)
    return weights.reshape(*flat.shape[:-1], *shape), biases


def _flat(layer: Layer) -> NDArray[np.float64]:
    matrix, biases = layer
    return np.concatenate([matrix.reshape(*biases.shape[:-1], -1), biases], axis=-1)
