"""A compiled Keras model as a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from numpy.typing import NDArray

from harness.check.contract import Batch


class KerasTraining:
    """What `model(distributed)` returns, trained one batch at a time.

    Args:
        make: returns a compiled `keras.Model`.
        distributed: handed to it.
    """

    def __init__(self, make: Callable[[bool], Any], distributed: bool) -> None:
        self._make, self._distributed = make, distributed
        self._model: Any = None

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Build the model; seeds are set before, as for every file.

        Args:
            seed: of the scenario.
            rank: number of this process.
            size: number of processes.

        Raises:
            TypeError: what is made is no compiled model.
        """
        keras.backend.clear_session()
        model = self._make(self._distributed)
        if not isinstance(model, keras.Model) or getattr(model, "optimizer", None) is None:
            raise TypeError(f"model({self._distributed}) returns {type(model).__name__}, not a compiled keras.Model")
        self._model = model

    def step(self, batch: Batch) -> float:
        """One call of `train_on_batch`.

        Args:
            batch: this rank's share.

        Returns:
            The loss of this batch alone.
        """
        self._model.reset_metrics()
        return float(self._model.train_on_batch(batch.features, batch.labels, return_dict=True)["loss"])

    def weights(self) -> dict[str, NDArray[Any]]:
        """Every variable but the states of random streams.

        Returns:
            Arrays by path.
        """
        return {
            variable.path: variable.numpy()
            for variable in self._model.variables
            if variable.dtype != "string" and "seed_generator" not in variable.path
        }
