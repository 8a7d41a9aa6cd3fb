"""Nets that differ by a permutation of hidden units are the same function: the permutation that brings two nearest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from harness.engine.trajectory import Trajectory
from harness.spec import Training

Matrices = list[NDArray[np.float64]]
_MOST_SWEEPS = 20


def aligned(training: Training, trajectory: Trajectory, reference: Trajectory) -> Trajectory:
    """The same trajectory with the hidden units of every net permuted to lie nearest to the reference.

    Args:
        training: widths.
        trajectory: the training that is compared.
        reference: the undistributed training.

    Returns:
        A trajectory that computes the same functions; nets with weights that are not finite are left as they are.

    References:
        ainsworth2023
    """
    layers = {layer: values.copy() for layer, values in trajectory.layers.items()}
    for checkpoint, replicate in np.ndindex(*next(iter(layers.values())).shape[:2]):
        mine = _matrices(training, [values[checkpoint, replicate] for values in layers.values()])
        theirs = _matrices(training, [values[checkpoint, replicate] for values in reference.layers.values()])
        if all(np.isfinite(m).all() for m in (*mine, *theirs)):
            for values, matrix in zip(layers.values(), align(mine, theirs), strict=True):
                values[checkpoint, replicate] = matrix.ravel()
    return Trajectory(trajectory.clocks, trajectory.initial, layers)


def align(mine: Matrices, theirs: Matrices) -> Matrices:
    """Permute hidden units, layer by layer and again until nothing changes, to maximise Σ ⟨W, W'⟩.

    Args:
        mine: per layer (inputs + 1, units), biases in the last row.
        theirs: the same of the net to come near to.

    Returns:
        The permuted net.
    """
    net = [m.copy() for m in mine]
    for _ in range(_MOST_SWEEPS):
        changed = False
        for layer in range(len(net) - 1):
            likeness = net[layer].T @ theirs[layer] + net[layer + 1][:-1] @ theirs[layer + 1][:-1].T
            order = linear_sum_assignment(likeness.T, maximize=True)[1]
            units = np.arange(len(order))
            if likeness[order, units].sum() > likeness[units, units].sum():
                net[layer] = net[layer][:, order]
                net[layer + 1] = np.vstack([net[layer + 1][:-1][order], net[layer + 1][-1:]])
                changed = True
        if not changed:
            break
    return net


def _matrices(training: Training, flat: list[NDArray[np.float64]]) -> Matrices:
    shapes = pairwise(training.widths)
    return [values.reshape(inputs + 1, units) for (inputs, units), values in zip(shapes, flat, strict=True)]
