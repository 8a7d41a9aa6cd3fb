"""Weights of a block of replicates at checkpoints, and their form on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Trajectory:
    """Weights along a training.

    Args:
        clocks: (checkpoints,) updates made.
        initial: per layer, (replicates, parameters): weights and biases before the first update.
        layers: per layer, (checkpoints, replicates, parameters).
    """

    clocks: NDArray[np.int64]
    initial: dict[str, NDArray[np.float64]]
    layers: dict[str, NDArray[np.float64]]

    def final_weights(self) -> Iterator[dict[str, NDArray[np.float64]]]:
        """Weights at the last checkpoint, one replicate after the other.

        Yields:
            Per layer, (parameters,).
        """
        for replicate in range(len(next(iter(self.initial.values())))):
            yield {layer: values[-1, replicate] for layer, values in self.layers.items()}

    def to_arrays(self, name: str) -> Arrays:
        """Flat form, keys starting with a name.

        Args:
            name: told apart from other trajectories of the same part by this.

        Returns:
            Arrays by key.
        """
        arrays: Arrays = {f"{name}/clocks": self.clocks}
        for layer, weights in self.layers.items():
            arrays[f"{name}/initial/{layer}"] = self.initial[layer]
            arrays[f"{name}/layers/{layer}"] = weights
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> Trajectory:
        """Inverse of `to_arrays`.

        Args:
            arrays: as returned by `to_arrays`, possibly among others.
            name: as given to `to_arrays`.

        Returns:
            The trajectory.

        Raises:
            KeyError: there is no trajectory of that name.
        """
        prefix = f"{name}/layers/"
        names = [key.removeprefix(prefix) for key in arrays if key.startswith(prefix)]
        return cls(
            clocks=np.asarray(arrays[f"{name}/clocks"], np.int64),
            initial={layer: np.asarray(arrays[f"{name}/initial/{layer}"], np.float64) for layer in names},
            layers={layer: np.asarray(arrays[f"{prefix}{layer}"], np.float64) for layer in names},
        )
