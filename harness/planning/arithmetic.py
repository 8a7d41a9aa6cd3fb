"""What ranks compute in a second, as it was measured, and how numbers between the measured ones are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRODUCTS = ("forward", "gradient", "backward")


@dataclass(frozen=True)
class Products:
    """Seconds of matrix products over a grid of shapes.

    Args:
        axes: increasing inputs, units and examples.
        rates: for each of `PRODUCTS` floating-point operations per second, one axis each.
    """

    axes: tuple[tuple[int, ...], ...]
    rates: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Products:
        """What a program measured.

        Args:
            found: `inputs`, `units`, `batch`, and `seconds` by product, flat.

        Returns:
            The same as rates.
        """
        axes = tuple(tuple(found[name]) for name in ("inputs", "units", "batch"))
        shape = tuple(map(len, axes))
        operations = 2.0 * np.multiply.outer(np.multiply.outer(*axes[:2]), axes[2])
        return cls(axes, {name: operations / np.reshape(found["seconds"][name], shape) for name in PRODUCTS})

    def seconds(self, product: str, inputs: int, units: int, examples: float) -> float:
        """Time of one product: its operations, at a rate that is interpolated in logarithms.

        Args:
            product: one of `PRODUCTS`.
            inputs: rows of W.
            units: columns of W.
            examples: columns of the activations.

        Returns:
            Seconds; beyond the grid at the rate of its nearest point.
        """
        rates = np.log(self.rates[product])
        for axis, value in zip(self.axes, (inputs, units, examples), strict=True):
            place = np.interp(np.log(value), np.log(axis), np.arange(len(axis)))
            low = min(int(place), len(axis) - 2) if len(axis) > 1 else 0
            share = place - low
            rates = rates[0] if len(axis) == 1 else (1 - share) * rates[low] + share * rates[low + 1]
        return 2.0 * inputs * units * examples / float(np.exp(rates))


@dataclass(frozen=True)
class Passes:
    """Seconds of passes over memory.

    Args:
        elements: increasing.
        seconds_per_element: over these, by what a pass does: `update`, `copy`, `hidden`, `classes`.
    """

    elements: tuple[int, ...]
    seconds_per_element: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Passes:
        """What a program measured.

        Args:
            found: `elements`, and `seconds` by what a pass does.

        Returns:
            The same as seconds per element.
        """
        elements = tuple(found["elements"])
        return cls(elements, {name: np.divide(times, elements) for name, times in found["seconds"].items()})

    def seconds(self, name: str, elements: float) -> float:
        """Time of a pass: what is small stays in a cache, what is large does not.

        Args:
            name: what it does.
            elements: over how many.

        Returns:
            Seconds, each element's interpolated in logarithms; beyond what was measured as at its end.
        """
        each = np.log(self.seconds_per_element[name])
        return elements * float(np.exp(np.interp(np.log(max(elements, 1.0)), np.log(self.elements), each)))


@dataclass(frozen=True)
class Dispatch:
    """Seconds that it takes to start the operations of a step, whatever they compute.

    Args:
        layers: of two nets of a few units.
        seconds: of a step of each, by how work is divided: `undivided`, `data`, or a layout.
        call: of calling a loop of steps from Python.
    """

    layers: tuple[int, int]
    seconds: Mapping[str, tuple[float, float]]
    call: float

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Dispatch:
        """What a program measured.

        Args:
            found: as `harness.engine.dispatch` prints it.

        Returns:
            The times.
        """
        few, many = found["layers"]
        seconds = {name: (less, more) for name, (less, more) in found["seconds"].items()}
        return cls((few, many), seconds, found["call"])

    def of_step(self, division: str, layers: int) -> float:
        """Time of a step: so much, and so much more for every layer.

        Args:
            division: how work is divided.
            layers: of the net.

        Returns:
            Seconds.
        """
        (few, many), (less, more) = self.layers, self.seconds[division]
        return less + (layers - few) * (more - less) / (many - few)


@dataclass(frozen=True)
class Arithmetic:
    """What one rank computes in a second while others compute too.

    Args:
        ranks: how many computed at once.
        products: by precision.
        passes: over memory.
        dispatch: what starting all that takes.
    """

    ranks: int
    products: Mapping[str, Products]
    passes: Passes
    dispatch: Dispatch

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Arithmetic:
        """What programs measured.

        Args:
            found: as `harness.engine.arithmetic` prints it, with `dispatch`.

        Returns:
            The rates.
        """
        products = {name: Products.of(grid) for name, grid in found["products"].items()}
        return cls(found["ranks"], products, Passes.of(found["passes"]), Dispatch.of(found["dispatch"]))

    def peak(self, precision: str) -> float:
        """Fastest product.

        Args:
            precision: `float32`, `float64` or `bfloat16`.

        Returns:
            Floating-point operations per second.
        """
        return max(float(rates.max()) for rates in self.products[precision].rates.values())

    @property
    def bandwidth(self) -> float:
        """Bytes per second of the update w ← w − η g in float32: two numbers read, one written, none in a cache."""
        return 12 / float(self.passes.seconds_per_element["update"][-1])
