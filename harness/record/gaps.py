"""Gaps in long form, and what is read off them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError
from harness.record.quantities import TRAJECTORY


@dataclass(frozen=True)
class GapTable:
    """Gaps in long form: row i is one number, columns are of equal length.

    Args:
        replicate: (rows,) number of the replicate.
        clock: (rows,) updates made.
        rank: (rows,) rank whose weights were compared; 0 where there are no ranks.
        layer: (rows,) name of the layer, `all` for all together.
        gap: (rows,) which gap.
        value: (rows,) the number; infinite where weights were not finite.
    """

    replicate: NDArray[np.int32]
    clock: NDArray[np.int32]
    rank: NDArray[np.int32]
    layer: NDArray[np.str_]
    gap: NDArray[np.str_]
    value: NDArray[np.float64]

    @classmethod
    def from_array(
        cls,
        values: NDArray[np.float64],
        *,
        replicates: Sequence[int],
        clocks: Sequence[int] | NDArray[np.int64],
        layer: str,
        gap: str,
        rank: int,
    ) -> GapTable:
        """Long form of one array.

        Args:
            values: (replicates, clocks).
            replicates: their numbers.
            clocks: the checkpoints.
            layer: name of the layer.
            gap: which gap.
            rank: whose weights.

        Returns:
            One row per element.
        """
        rows = values.size
        return cls(
            replicate=np.repeat(np.asarray(replicates, np.int32), len(clocks)),
            clock=np.tile(np.asarray(clocks, np.int32), len(replicates)),
            rank=np.full(rows, rank, np.int32),
            layer=np.full(rows, layer),
            gap=np.full(rows, gap),
            value=values.ravel(),
        )

    @classmethod
    def concat(cls, tables: Sequence[GapTable]) -> GapTable:
        """Rows of several tables one after the other.

        Args:
            tables: one or more.

        Returns:
            The joined table.
        """
        return cls(**{name: np.concatenate([getattr(t, name) for t in tables]) for name in cls.__annotations__})

    def counted(self, gap: str) -> dict[str, float]:
        """Sums of counts over launches.

        Args:
            gap: which, its name in the place of the layer.

        Returns:
            The sum by name.
        """
        rows = self.gap == gap
        names = dict.fromkeys(self.layer[rows].tolist())
        return {name: float(self.value[rows & (self.layer == name)].sum()) for name in names}

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers in order of appearance."""
        return tuple(dict.fromkeys(self.layer[self.gap == TRAJECTORY].tolist()))

    def worst_over_ranks(self, *, gap: str, layer: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """One gap as an array, the largest over ranks.

        Args:
            gap: which gap.
            layer: name of the layer, or `all`.

        Returns:
            values (replicates, clocks) and clocks (clocks,).

        Raises:
            BadInputError: the table holds no such gap, or a hole in it.
        """
        rows = (self.gap == gap) & (self.layer == layer)
        replicates, r = np.unique(self.replicate[rows], return_inverse=True)
        clocks, c = np.unique(self.clock[rows], return_inverse=True)
        if not len(replicates):
            raise BadInputError(f"no gap {gap!r} of layer {layer!r} was recorded", where="gaps")
        values = np.full((len(replicates), len(clocks)), -np.inf)
        np.maximum.at(values, (r, c), self.value[rows])
        if np.isneginf(values).any():
            raise BadInputError(f"gap {gap!r} of layer {layer!r} misses replicates or clocks", where="gaps")
        return values, clocks.astype(np.int64)

    def signed(self, *, gap: str, layer: str) -> NDArray[np.float64]:
        """One quantity of either sign at its last clock, of largest size over ranks.

        Args:
            gap: which quantity.
            layer: its layer, or the name of an outcome.

        Returns:
            (replicates,).

        Raises:
            BadInputError: the table holds no such quantity.
        """
        rows = (self.gap == gap) & (self.layer == layer)
        if not rows.any():
            raise BadInputError(f"no {gap} of {layer!r} was recorded", where="gaps")
        rows &= self.clock == self.clock[rows].max()
        size = np.where(np.isnan(self.value[rows]), np.inf, np.abs(self.value[rows]))
        order = np.lexsort((size, self.replicate[rows]))
        replicates = self.replicate[rows][order]
        last = np.append(replicates[1:] != replicates[:-1], True)
        return np.asarray(self.value[rows][order][last])

    def offender(self, *, gap: str, layer: str) -> dict[str, Any]:
        """The row with the largest value.

        Args:
            gap: which gap.
            layer: name of the layer, or `all`.

        Returns:
            Its replicate, clock, rank and value.
        """
        rows = np.flatnonzero((self.gap == gap) & (self.layer == layer))
        row = rows[np.argmax(self.value[rows])]
        return {
            "replicate": int(self.replicate[row]),
            "clock": int(self.clock[row]),
            "rank": int(self.rank[row]),
            "value": float(self.value[row]),
        }
