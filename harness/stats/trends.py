"""How gaps change with the clock on log–log scale: slope at the end, curvature, and steps, replicate by replicate.

A power law t^−β is a line of slope −β; a floor c + a·t^−β bends it upwards; a drop of the step size makes it fall at
once. Each replicate gives one number for each of these, and replicates are what tests are made over, so that
noise within a replicate may be autocorrelated, heavy-tailed, or grow with the clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.stats.observed import Observed
from harness.stats.signed_rank import location_interval, positive_p_value

Floats = NDArray[np.float64]

# The slope is taken over the last three octaves, where a limit would show.
END_OCTAVES = 3.0
# A step must leave this many checkpoints behind it, so that what follows it can be judged.
_AFTER_STEP = 5
_STEP_LEVEL = 0.01


@dataclass(frozen=True)
class LogGaps:
    """Gaps and clocks on log scale.

    Args:
        octaves: (checkpoints,) log2 of the clocks.
        values: (replicates, checkpoints) natural log of the gaps; NaN where missing.
        diverged: (replicates,) whether the last gap is infinite.
    """

    octaves: Floats
    values: Floats
    diverged: NDArray[np.bool_]

    @classmethod
    def of(cls, observed: Observed, resolution: float) -> LogGaps:
        """Take logs; gaps at or below the resolution stand at the smallest gap above it.

        Args:
            observed: gaps and clocks.
            resolution: gaps up to here are zero.

        Returns:
            The logs.
        """
        gaps = observed.values
        seen = ~observed.missing & np.isfinite(gaps)
        above = gaps[seen & (gaps > resolution)]
        least = above.min() if above.size else 1.0
        logs = np.where(seen, np.log(np.where(seen & (gaps > resolution), gaps, least)), np.nan)
        return cls(np.log2(observed.clocks), logs, np.isinf(gaps[:, -1]))

    def steps(self) -> tuple[int, ...]:
        """Checkpoints after which the gap falls faster than both just before and just after, in most replicates.

        A smooth decay never does, whatever its floor: its fall gets slower and slower. The last checkpoint is never
        looked at, so that a larger final gap cannot turn up a step.

        Returns:
            Indices k of falls between checkpoints k and k + 1.
        """
        falls = -np.diff(self.values, axis=1) / np.diff(self.octaves)
        candidates = range(1, len(self.octaves) - _AFTER_STEP)
        return tuple(
            k
            for k in candidates
            if all(
                positive_p_value(_finite(falls[:, k] - falls[:, neighbour])) < _STEP_LEVEL / len(candidates)
                for neighbour in (k - 1, k + 1)
            )
        )

    def slopes(self, steps: tuple[int, ...]) -> Floats:
        """Slope of each replicate over the last three octaves, steps taken out.

        Args:
            steps: as returned by `steps`.

        Returns:
            (replicates,) d log(gap) / d log(clock); infinite where diverged, NaN where too few points are left.
        """
        last = self.octaves >= self.octaves[-1] - END_OCTAVES - 1e-9
        return self._coefficient(self.octaves * np.log(2), self._levels(steps), last)

    def curvatures(self, steps: tuple[int, ...]) -> Floats:
        """Curvature of each replicate over all checkpoints, steps taken out; a floor makes it positive.

        Args:
            steps: as returned by `steps`.

        Returns:
            (replicates,) coefficient of octaves²; infinite where diverged, NaN where too few points are left.
        """
        everywhere = np.full(len(self.octaves), fill_value=True)
        return self._coefficient(self.octaves**2, [self.octaves, *self._levels(steps)], everywhere)

    def _levels(self, steps: tuple[int, ...]) -> list[Floats]:
        places = np.arange(len(self.octaves))
        return [np.ones_like(self.octaves), *((places > step).astype(float) for step in steps)]

    def _coefficient(self, wanted: Floats, others: list[Floats], rows: NDArray[np.bool_]) -> Floats:
        """Least-squares coefficient of one column beside others, for each replicate over the points that it has.

        What the others leave of the column carries its coefficient (Frisch–Waugh).
        """
        found = np.full(len(self.values), np.nan)
        seen = ~np.isnan(self.values) & rows
        patterns, members = np.unique(seen, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            beside, column = np.stack(others, axis=1)[pattern], wanted[pattern]
            left = column - beside @ np.linalg.lstsq(beside, column, rcond=None)[0]
            if left @ left > 1e-9 * (column @ column):
                mine = np.flatnonzero(members == number)
                points = self.values[np.ix_(mine, np.flatnonzero(pattern))]
                found[mine] = points @ (left / (left @ left))
        found[self.diverged] = np.inf
        return found


def _finite(values: Floats) -> Floats:
    return np.asarray(values[np.isfinite(values)])


@dataclass(frozen=True)
class Location:
    """A quantity over replicates.

    Args:
        estimate: Hodges–Lehmann estimate.
        lower: one-sided lower bound.
        upper: one-sided upper bound.
        replicates: how many have it.
    """

    estimate: float
    lower: float
    upper: float
    replicates: int

    @classmethod
    def of(cls, values: Floats, alpha: float) -> Location:
        """Locate the values that are there.

        Args:
            values: (replicates,), NaN where missing.
            alpha: error probability of each bound.

        Returns:
            The location; unknown where no value is there.
        """
        kept = values[~np.isnan(values)]
        if not len(kept):
            return cls(np.nan, -np.inf, np.inf, 0)
        return cls(*location_interval(kept, alpha), len(kept))
