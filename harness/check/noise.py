"""How far the reference strays from itself, and so what counts as a gap: tolerance derived, not chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from harness.check.observed import Flat, Observed
from harness.check.trace import Trace

# One tensor at one step may pass its bound by chance this often; a check looks at some thousands.
_CHANCE = 1e-6
# Shares are added up in another order than whole batches, reversed or not: a sum of n terms rounds by √n ulps or n.
_OTHER_ORDER = 3.0
# A reference that differs from itself by more than this draws random numbers.
RANDOM = 1e-3
# Unit round-off of half precision, times 8: shares are rounded, and may be longer than their mean.
_HALF = 8 * 2.0**-11


@dataclass(frozen=True, eq=False)
class TensorNoise:
    """Float noise, or random numbers, in one tensor of the reference.

    Args:
        travelled: (kept,) distance ‖w_c − w_0‖.
        noise: (kept,) largest distance of a repetition so far.
        floor: (kept,) rounding of stored weights, ε ‖w_c‖ √c.
        path: (kept,) sum of the lengths of all updates.
        factor: of the noise, that a further repetition passes with probability 1e-6.
    """

    travelled: Flat
    noise: Flat
    floor: Flat
    path: Flat
    factor: float

    @property
    def relative(self) -> Flat:
        """(kept,) noise over distance travelled; infinite where nothing moved."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.travelled > 0, self.noise / self.travelled, np.inf)


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of all tensors of a scenario.

    Args:
        seen: what was seen.
    """

    seen: Observed

    @cached_property
    def tensors(self) -> tuple[TensorNoise, ...]:
        """One per tensor."""
        return tuple(self._tensor(number) for number in range(len(self.seen.names)))

    def _tensor(self, number: int) -> TensorNoise:
        reference = self.seen.flat(self.seen.reference, number)
        differences = [self.seen.flat(repeat, number) - reference for repeat in self.seen.repeats]
        distances = np.array([np.linalg.norm(difference, axis=1) for difference in differences])
        dtype = self.seen.reference.weights[number].dtype
        epsilon = float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0
        return TensorNoise(
            travelled=np.linalg.norm(reference - reference[0], axis=1),
            noise=np.maximum.accumulate(distances.max(axis=0)),
            floor=epsilon * np.linalg.norm(reference, axis=1) * np.sqrt(self.seen.reference.kept),
            path=np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(reference, axis=0), axis=1))]),
            factor=_OTHER_ORDER * _prediction_factor(differences),
        )

    @cached_property
    def pooled(self) -> Flat:
        """(kept,) median over tensors of the relative noise: one tensor's own noise may vanish by luck."""
        moved = [t.relative for t in self.tensors if t.travelled[-1] > 0]
        return np.asarray(np.median(moved, axis=0), dtype=float) if moved else np.zeros(len(self.seen.reference.kept))

    @property
    def random(self) -> bool:
        """Whether the reference draws random numbers that depend on the order of the examples."""
        return bool(np.nan_to_num(self.pooled[1:], posinf=0.0).max(initial=0.0) > RANDOM)

    @cached_property
    def half(self) -> float:
        """Round-off of half precision, where a collective ran in it; else 0."""
        return (
            _HALF
            if any(c.dtype in {"float16", "bfloat16"} and c.kind == "allreduce" for c in self.seen.ledger)
            else 0.0
        )

    def bound(self, number: int) -> Flat:
        """The largest gap that counts as none.

        Args:
            number: of the tensor.

        Returns:
            (kept,) in the units of the weights.
        """
        tensor = self.tensors[number]
        pooled = np.where(np.isfinite(self.pooled), self.pooled, 0.0) * tensor.travelled
        noise = tensor.factor * np.maximum(tensor.noise, pooled)
        bound: Flat = noise + 4 * tensor.floor + self.half * tensor.path
        return bound

    def detectable(self, number: int, step: int = -1) -> float:
        """The smallest relative gap that would have been found.

        Args:
            number: of the tensor.
            step: index into the kept steps.

        Returns:
            Bound over distance travelled; infinite where nothing moved.
        """
        travelled = self.tensors[number].travelled[step]
        return float(self.bound(number)[step] / travelled) if travelled > 0 else float("inf")

    def first_moved(self, number: int) -> int:
        """The first kept step where the reference moved far enough to be judged.

        Args:
            number: of the tensor.

        Returns:
            Index into the kept steps; 0 where it never did.
        """
        tensor = self.tensors[number]
        clear = tensor.travelled > 2 * self.bound(number)
        return int(np.argmax(clear)) if clear.any() else 0


def _prediction_factor(differences: Sequence[Flat]) -> float:
    """√F: how much longer a further difference may be than those seen, all Gaussian with the same directions.

    The number of directions is that of equally large independent elements that would spread the squares as they are
    spread, (Σx²)²/Σx⁴; with m differences the ratio of mean squares follows F with (d, m d) degrees of freedom.
    """
    directions = [_directions(difference[-1]) for difference in differences]
    found = [d for d in directions if d > 0]
    if not found:
        return 1.0
    d = min(found)
    return float(np.sqrt(fdtri(d, d * len(differences), 1 - _CHANCE)))


def _directions(difference: Flat) -> float:
    squares = difference**2
    total = squares.sum()
    return float(total**2 / (squares**2).sum()) if 0 < total < np.inf else 0.0


def gap(seen: Observed, trace: Trace, number: int) -> NDArray[np.float64]:
    """Distance of a trace from the reference.

    Args:
        seen: what was seen.
        trace: of a rank.
        number: of the tensor.

    Returns:
        (kept,); infinite where the trace is not finite and the reference is.
    """
    reference = seen.flat(seen.reference, number)
    distance = np.linalg.norm(seen.flat(trace, number) - reference, axis=1)
    return np.where(np.isfinite(distance), distance, np.where(np.isfinite(reference).all(axis=1), np.inf, 0.0))


def same_path(one: Trace, other: Trace) -> bool:
    """Whether two passes differ by no more than float noise.

    Args:
        one: a trace.
        other: a trace of the same steps.

    Returns:
        The answer, relative to the distance travelled.
    """
    pairs = [(a.astype(float), b.astype(float)) for a, b in zip(one.weights, other.weights, strict=True)]
    # What diverges overflows, and is then no path to compare.
    with np.errstate(all="ignore"):
        travelled = sum(float(np.sum((a[-1] - a[0]) ** 2)) for a, _ in pairs)
        apart = sum(float(np.sum((a[-1] - b[-1]) ** 2)) for a, b in pairs)
    return 0 < travelled < np.inf and apart <= RANDOM**2 * travelled
