"""Distances between trajectories, per layer and for all layers together; NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.engine.trajectory import Trajectory
from harness.record import GapTable

ALL = "all"


def distances(
    weights: dict[str, NDArray[np.float64]], other: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Euclidean distance ‖w − w'‖ per layer and for all layers together.

    Args:
        weights: per layer, (checkpoints, replicates, parameters).
        other: the same, or (replicates, parameters) to be held against every checkpoint.

    Returns:
        Per layer and under `all`, (replicates, checkpoints); infinite where a weight is not finite.
    """
    squares: dict[str, NDArray[np.float64]] = {}
    for layer, values in weights.items():
        with np.errstate(over="ignore", invalid="ignore"):
            square = np.square(values - other[layer]).sum(axis=-1).T
        squares[layer] = np.where(np.isfinite(square), square, np.inf)
    squares[ALL] = np.sum(list(squares.values()), axis=0)
    return {layer: np.sqrt(square) for layer, square in squares.items()}


def travelled(reference: Trajectory) -> dict[str, NDArray[np.float64]]:
    """Distance ‖w_c − w_0‖ that the reference has travelled.

    Args:
        reference: the undistributed training.

    Returns:
        Per layer and under `all`, (replicates, checkpoints).
    """
    return distances(reference.layers, reference.initial)


def relative(trajectory: Trajectory, reference: Trajectory) -> dict[str, NDArray[np.float64]]:
    """Trajectory gap T = ‖x_c − w_c‖ relative to the distance travelled by the reference, ‖w_c − w_0‖.

    Args:
        trajectory: the training that is compared.
        reference: the undistributed training.

    Returns:
        Per layer and under `all`, (replicates, checkpoints); 0 where neither differs nor moved, infinite
        where the reference has not moved but they differ, or where weights are not finite.

    References:
        kumar2015
    """
    gaps = distances(trajectory.layers, reference.layers)
    lengths = travelled(reference)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = {layer: gap / lengths[layer] for layer, gap in gaps.items()}
    return {
        layer: np.where(gaps[layer] == 0, 0.0, np.nan_to_num(ratio, nan=np.inf, posinf=np.inf))
        for layer, ratio in ratios.items()
    }


def relative_to_movement(
    predicted: NDArray[np.float64], expected: NDArray[np.float64], first: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Function gap ‖f − f'‖ relative to ‖f' − f_0‖: how far predictions differ, over how far the reference's moved.

    Args:
        predicted: f, (checkpoints, replicates, examples, classes).
        expected: f' of the reference, the same shape.
        first: f_0 of the initial weights, (1, replicates, examples, classes).

    Returns:
        (replicates, checkpoints); infinite where predictions are not finite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.sqrt(np.square(predicted - expected).sum(axis=(2, 3)))
        moved = np.sqrt(np.square(expected - first).sum(axis=(2, 3)))
        ratio = np.where(gap == 0, 0.0, gap / moved).T
    return np.asarray(np.nan_to_num(ratio, nan=np.inf, posinf=np.inf))


def table(
    values: dict[str, NDArray[np.float64]],
    clocks: NDArray[np.int64],
    replicates: Sequence[int],
    *,
    gap: str,
    rank: int = 0,
) -> GapTable:
    """Long form of one gap.

    Args:
        values: per layer, (replicates, checkpoints).
        clocks: (checkpoints,) updates made.
        replicates: their numbers.
        gap: name of the gap.
        rank: whose weights.

    Returns:
        One row per layer, replicate and checkpoint.
    """
    return GapTable.concat([
        GapTable.from_array(array, replicates=replicates, clocks=clocks, layer=layer, gap=gap, rank=rank)
        for layer, array in values.items()
    ])
