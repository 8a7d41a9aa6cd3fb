"""What ranks compute in a second, as it was measured, and how numbers between the measured ones are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.layout import blocks
from harness.spec import Layout, ModelPartition, Precision

Shapes = Sequence[tuple[int, int]]
# Name of the division of a step that one worker makes by itself.
UNDIVIDED = "undivided"
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
        call: what one more stretch of clocks costs, called for from Python, where nothing is exchanged.
        call_exchanging: the same where ranks exchange.
    """

    layers: tuple[int, int]
    seconds: Mapping[str, tuple[float, float]]
    call: float
    call_exchanging: float

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
        return cls((few, many), seconds, found["call"], found["call_exchanging"])

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
class Work:
    """What one worker computes of a step.

    Args:
        division: how the work is divided: `undivided`, or a layout.
        shapes: inputs and units of its block of every layer.
        owned: units of every layer to whose sums it adds biases.
        examples: that it computes on.
    """

    division: str
    shapes: Shapes
    owned: Sequence[int]
    examples: int

    @classmethod
    def undivided(cls, widths: Sequence[int], examples: int) -> Work:
        """All of a net.

        Args:
            widths: units per layer, inputs first.
            examples: that the worker computes on.

        Returns:
            Its work.
        """
        return cls(UNDIVIDED, list(pairwise(widths)), widths[1:], examples)

    @classmethod
    def divided(cls, partition: ModelPartition, widths: Sequence[int], examples: int) -> Work:
        """Worker 0's blocks, which are the largest.

        Args:
            partition: how the net is divided.
            widths: units per layer, inputs first.
            examples: of its group.

        Returns:
            Its work.
        """
        mine = blocks(partition, widths)[0]
        shapes = [(len(block.inputs), len(block.units)) for block in mine]
        return cls(str(partition.layout), shapes, [len(block.owned) for block in mine], examples)


@dataclass(frozen=True)
class Whole:
    """How much longer whole steps take than their parts, each of which was measured again and again by itself.

    Args:
        seconds: sums of parts, increasing.
        ratios: of the time of a whole step to each.
    """

    seconds: tuple[float, ...]
    ratios: tuple[float, ...]

    @classmethod
    def of(cls, measured: Mapping[float, float]) -> Whole:
        """What a program measured.

        Args:
            measured: seconds of whole steps by the sum of their parts.

        Returns:
            The same as ratios.
        """
        parts = sorted(measured)
        return cls(tuple(parts), tuple(measured[part] / part for part in parts))

    def at(self, seconds: float) -> float:
        """Time of a whole step.

        Args:
            seconds: sum of its parts.

        Returns:
            Seconds, the ratio interpolated over the logarithm; beyond what was measured as at its end.
        """
        return seconds * float(np.interp(np.log(seconds), np.log(self.seconds), self.ratios))


_AS_PARTS = Whole((1.0,), (1.0,))


@dataclass(frozen=True)
class Arithmetic:
    """What one rank computes in a second while others compute too.

    Args:
        ranks: how many computed at once.
        products: by precision.
        passes: over memory.
        dispatch: what starting all that takes.
        undivided: how much longer whole steps of an undivided net take.
        divided: how much longer those of a divided net do.
    """

    ranks: int
    products: Mapping[str, Products]
    passes: Passes
    dispatch: Dispatch
    undivided: Whole = _AS_PARTS
    divided: Whole = _AS_PARTS

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Arithmetic:
        """What programs measured.

        Args:
            found: as `harness.engine.arithmetic` prints it, with `dispatch`.

        Returns:
            The rates.
        """
        products = {name: Products.of(grid) for name, grid in found["products"].items()}
        dispatch = found["dispatch"]
        parts = cls(found["ranks"], products, Passes.of(found["passes"]), Dispatch.of(dispatch))
        measured = [(_measured_work(row), row["seconds"]) for row in dispatch["whole"]]
        undivided, divided = (
            Whole.of({parts.parts(work): taken for work, taken in measured if (work.division == UNDIVIDED) is kind})
            for kind in (True, False)
        )
        return replace(parts, undivided=undivided, divided=divided)

    def step(self, work: Work) -> float:
        """Time of a step without exchange.

        Args:
            work: what the worker computes.

        Returns:
            Seconds of the parts, times what whole steps take more.
        """
        whole = self.undivided if work.division == UNDIVIDED else self.divided
        return whole.at(self.parts(work))

    def parts(self, work: Work) -> float:
        """Sum of what a step does: the batch put together, products of every layer, update, activations, and starting.

        Args:
            work: what the worker computes.

        Returns:
            Seconds; nothing goes backward through the first layer.
        """
        products, passes = self.products[Precision.FLOAT32], self.passes
        seconds = self.dispatch.of_step(work.division, len(work.shapes))
        seconds += passes.seconds("copy", work.examples * work.shapes[0][0])
        for layer, ((inputs, units), held) in enumerate(zip(work.shapes, work.owned, strict=True)):
            names = PRODUCTS if layer else ("forward", "gradient")
            seconds += sum(products.seconds(name, inputs, units, work.examples) for name in names)
            seconds += passes.seconds("update", inputs * units) + passes.seconds("update", held)
            last = layer == len(work.shapes) - 1
            seconds += passes.seconds("classes" if last else "hidden", work.examples * held)
        return seconds

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


def _measured_work(row: Mapping[str, Any]) -> Work:
    """What a rank computed of a whole net: all of it, or half of every layer."""
    widths, examples = row["widths"], row["examples"]
    if row["division"] == UNDIVIDED:
        return Work.undivided(widths, examples)
    return Work.divided(ModelPartition(2, Layout(row["division"])), widths, examples)
