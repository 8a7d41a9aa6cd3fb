"""The wrong update of one tensor, taken apart into what each rank alone would have done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.check.noise import Noise
from harness.check.observed import Flat, Observed
from harness.check.steps import steps_at

_EXACT = 3e-4


@dataclass(frozen=True, eq=False)
class Parts:
    """The update of one tensor at the first wrong step.

    Args:
        ours: per rank (n,).
        right: (n,) of the reference.
        own: per rank (n,), what the reference would have done with that rank's share alone.
        close: distance, relative to an update, that counts as none.
    """

    ours: tuple[Flat, ...]
    right: Flat
    own: tuple[Flat, ...]
    close: float

    @property
    def workers(self) -> int:
        """P."""
        return len(self.ours)

    def same(self, one: Flat, other: Flat) -> bool:
        """Whether two updates are the same but for noise.

        Args:
            one: (n,).
            other: (n,).

        Returns:
            The answer, relative to the longer.
        """
        longer = max(np.linalg.norm(one), np.linalg.norm(other))
        return bool(np.linalg.norm(one - other) <= self.close * longer)

    def times(self, one: Flat, other: Flat) -> float | None:
        """Factor between two updates of the same direction.

        Args:
            one: (n,).
            other: (n,).

        Returns:
            one / other, None where their directions differ or one is 0.
        """
        square = float(other @ other)
        factor = float(one @ other) / square if square > 0 else 0.0
        return factor if factor and self.same(one, factor * other) else None

    def written(self, factor: float) -> str:
        """A factor with as many digits as can be told.

        Args:
            factor: of an update.

        Returns:
            The text.
        """
        return f"{round(factor, 1 - int(np.floor(np.log10(self.close)))):.10g}"

    def uniform(self, row: Flat) -> bool:
        """Whether all ranks count the same.

        Args:
            row: (P,) weights of their own updates.

        Returns:
            The answer, but for noise.
        """
        return bool(np.ptp(row) < 2 * self.close * np.abs(row).max())

    @property
    def alike(self) -> bool:
        """Whether all ranks made the same update."""
        return all(self.same(self.ours[0], other) for other in self.ours[1:])

    @property
    def additive(self) -> bool:
        """Whether the reference's update is the mean of those of the shares."""
        return self.same(np.mean(self.own, axis=0), self.right)

    @property
    def joint(self) -> Flat | None:
        """(P,) weights of the ranks' own updates in the one that all ranks made; None where there is no such thing."""
        found = [self.shares(rank) for rank in range(self.workers)] if self.alike and self.additive else []
        rows = [row for row in found if row is not None]
        return np.asarray(np.mean(rows, axis=0)) if rows and len(rows) == self.workers else None

    def odd_one(self, row: Flat) -> int:
        """The rank whose weight is not that of the others; of two, the one farther from 1/P.

        Args:
            row: (P,) weights.

        Returns:
            Its number.
        """
        middle = np.median(row) if self.workers > 2 else 1 / self.workers
        return int(np.argmax(np.abs(row - middle)))

    def shares(self, rank: int) -> Flat | None:
        """The update of a rank as a combination of the ranks' own updates.

        Args:
            rank: whose.

        Returns:
            (P,) factors, 1/P each where all is right; None where it is no such combination.
        """
        matrix = np.stack(self.own, axis=1)
        factors, *_ = np.linalg.lstsq(matrix, self.ours[rank], rcond=1e-6)
        fits = self.same(matrix @ factors, self.ours[rank]) and matrix.shape[0] > self.workers
        return factors if fits else None


def parts(seen: Observed, noise: Noise, tensor: int, step: int) -> Parts | None:
    """Take apart the update of a tensor.

    Args:
        seen: what was seen, own updates included.
        noise: of the reference.
        tensor: its number.
        step: the first wrong one.

    Returns:
        The parts; None where they were not seen or are not finite.
    """
    found = np.flatnonzero(seen.reference.kept == step)
    if not len(found) or found[0] == 0 or not seen.own:
        return None
    index = int(found[0])
    if seen.reference.kept[index - 1] != step - 1 or any(trace.kept[-2] != step - 1 for trace in seen.own):
        return None
    ours = [steps_at(seen, tensor, index, rank)[0] for rank in range(len(seen.ranks))]
    own = [flat[-1] - flat[-2] for flat in (seen.flat(trace, tensor) for trace in seen.own)]
    right = steps_at(seen, tensor, index, 0)[1]
    if not all(np.isfinite(array).all() for array in (*ours, *own, right)):
        return None
    moved = float(np.linalg.norm(right))
    noisy = float(noise.bound(tensor)[index]) / moved if moved else 0.0
    wrong = max(float(np.linalg.norm(array - right)) for array in ours) / moved if moved else 1.0
    # What is to be explained must not itself count as none.
    return Parts(tuple(ours), right, tuple(own), max(min(2 * noisy, 0.2), min(_EXACT, wrong / 4)))
