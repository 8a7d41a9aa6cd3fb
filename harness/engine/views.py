"""How far what workers read lies from what had been written: the view gap V = ‖view − x_c‖ on every read."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from harness.engine.folds import Weights
from harness.engine.nets import Tensors
from harness.spec import Training


class ViewGauge:
    """Holds every view against x_c = w_0 + Σ of all updates stamped before c, once all of those are there.

    Args:
        training: clocks and step sizes.
        factor: of the sum of gradients over workers.
        initial: w_0.
    """

    def __init__(self, training: Training, factor: float, initial: Tensors) -> None:
        self._step_size, self._factor = training.step_size, factor
        self._views: dict[int, list[NDArray[np.float64]]] = {}
        self._bases: dict[int, list[NDArray[np.float64]]] = {0: [w.numpy() for w in initial]}
        self._gaps: dict[int, NDArray[np.float64]] = {}
        self._updates: dict[int, NDArray[np.float64]] = {}
        # A base may be complete while its worker notes what it reads.
        self._comparing = Lock()

    def read(self, clock: int, view: Weights) -> None:
        """Note what was read.

        Args:
            clock: c of the reader.
            view: the weights.
        """
        self._views[clock] = [w.numpy() for w in view]
        self._compare(clock)

    def wrote(self, clock: int, gradients: Tensors) -> None:
        """Note the own update u = −η_c · factor · g.

        Args:
            clock: c.
            gradients: g.
        """
        self._updates[clock] = self._step_size.at(clock) * self._factor * _norms([g.numpy() for g in gradients])

    def folded(self, clock: int, base: Weights) -> None:
        """Hold the view of a clock against x_c.

        Args:
            clock: number of complete clocks.
            base: x_c.
        """
        self._bases[clock] = [w.numpy() for w in base]
        self._compare(clock)

    def _compare(self, clock: int) -> None:
        with self._comparing:
            if clock in self._views and clock in self._bases:
                pairs = zip(self._views.pop(clock), self._bases.pop(clock), strict=True)
                self._gaps[clock] = _norms([v - w for v, w in pairs])

    @property
    def gaps(self) -> NDArray[np.float64]:
        """(clocks, replicates) V."""
        return _rows(self._gaps)

    @property
    def updates(self) -> NDArray[np.float64]:
        """(clocks, replicates) ‖u‖ of this worker."""
        return _rows(self._updates)


def _rows(values: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.array([values[clock] for clock in sorted(values)])


def _norms(tensors: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        norms: NDArray[np.float64] = np.sqrt(
            np.sum([np.square(t).reshape(len(t), -1).sum(axis=1) for t in tensors], axis=0)
        )
    return norms
