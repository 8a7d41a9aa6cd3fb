"""Gaps as they were observed: checked once, with what is missing marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import BadInputError


@dataclass(frozen=True)
class Observed:
    """Gaps of replicates at checkpoints.

    Args:
        values: (replicates, checkpoints), not negative; 0 where missing.
        clocks: (checkpoints,) positive and increasing.
        missing: (replicates, checkpoints) where nothing was measured.
    """

    values: NDArray[np.float64]
    clocks: NDArray[np.float64]
    missing: NDArray[np.bool_]

    @classmethod
    def of(cls, gaps: ArrayLike, clocks: ArrayLike) -> Observed:
        """Check gaps and clocks.

        Args:
            gaps: (replicates, checkpoints), not negative, not NaN; a masked array where some are missing.
            clocks: (checkpoints,) positive and increasing.

        Returns:
            The gaps.

        Raises:
            BadInputError: an argument has the wrong shape or range; it is named, with the index.
        """
        mask = gaps.mask if isinstance(gaps, np.ma.MaskedArray) else False
        values = np.asarray(gaps.data if isinstance(gaps, np.ma.MaskedArray) else gaps, dtype=float)
        times = np.asarray(clocks, dtype=float)
        if values.ndim != 2 or 0 in values.shape:
            raise BadInputError(f"shape {values.shape} is not (replicates, checkpoints)", where="judge: gaps")
        if times.shape != (values.shape[1],):
            raise BadInputError(f"shape {times.shape} does not fit gaps of shape {values.shape}", where="judge: clocks")
        missing = np.broadcast_to(mask, values.shape)
        wrong = np.argwhere((np.isnan(values) | (values < 0)) & ~missing)
        if len(wrong):
            r, k = (int(i) for i in wrong[0])
            raise BadInputError(f"{values[r, k]} is not a gap", where=f"judge: gaps[{r}, {k}]")
        unordered = np.flatnonzero(~(np.diff(times, prepend=0.0) > 0))
        if len(unordered):
            k = int(unordered[0])
            raise BadInputError(f"{times[k]:g} is not above the one before it", where=f"judge: clocks[{k}]")
        return cls(np.where(missing, 0.0, values), times, missing)

    @property
    def last(self) -> NDArray[np.float64]:
        """Last gap of each replicate, (replicates,); infinite where missing, since the replicate did not get there."""
        return np.where(self.missing[:, -1], np.inf, self.values[:, -1])

    def exceeding(self, epsilon: float) -> NDArray[np.bool_]:
        """Where a gap is known to pass ε.

        Args:
            epsilon: ε.

        Returns:
            (replicates, checkpoints).
        """
        return (self.values > epsilon) & ~self.missing
