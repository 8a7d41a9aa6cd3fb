"""How fast does a gap decay? The exponent with an interval, its hold-out check, and other shapes beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from harness.errors import BadInputError

Floats = NDArray[np.float64]
_BOOTSTRAPS = 999
_HELD_OUT = 4.0


@dataclass(frozen=True)
class Rate:
    """Decay of the typical gap, as t^−β.

    Args:
        beta: β.
        lower: lower end of its interval.
        upper: upper end.
        covered: of the checkpoints after a quarter of the clocks, the share whose typical gap lies in the band
            predicted from the first quarter; NaN where that leaves fewer than four checkpoints to fit.
        best: the shape with the least Akaike criterion.
        criteria: that criterion by shape, less the least.
    """

    beta: float
    lower: float
    upper: float
    covered: float
    best: str
    criteria: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return {name: getattr(self, name) for name in self.__annotations__}


def estimate(gaps: Floats, clocks: Floats, *, alpha: float = 0.05, seed: int = 0) -> Rate:
    """Fit β to the median gap over replicates, bootstrapping whole replicates.

    Args:
        gaps: (replicates, checkpoints), positive and finite.
        clocks: (checkpoints,) positive and increasing, five or more.
        alpha: error probability of the interval and of the predicted band, both sides together.
        seed: of the bootstrap; the same seed gives the same interval.

    Returns:
        The rate.

    Raises:
        BadInputError: a gap is not positive and finite, or there are fewer than five checkpoints.
    """
    values, times = np.asarray(gaps, dtype=float), np.asarray(clocks, dtype=float)
    if len(times) < 5 or values.shape[1:] != times.shape:
        raise BadInputError(f"{len(times)} checkpoints are too few or do not fit the gaps", where="rate: clocks")
    if not (np.isfinite(values) & (values > 0)).all():
        r, k = (int(i) for i in np.argwhere(~(np.isfinite(values) & (values > 0)))[0])
        raise BadInputError(f"{values[r, k]} has no logarithm", where=f"rate: gaps[{r}, {k}]")
    logs, position = np.log(values), np.log(times)
    chosen = np.random.default_rng(seed).integers(len(logs), size=(_BOOTSTRAPS, len(logs)))
    medians = np.median(logs[chosen], axis=1)
    slopes, _ = _lines(medians, position)
    typical = np.median(logs, axis=0)
    (slope,), _ = _lines(typical[None], position)
    low, high = np.quantile(-slopes, [alpha / 2, 1 - alpha / 2])
    criteria = _criteria(typical, medians.std(axis=0), times)
    best = min(criteria, key=criteria.__getitem__)
    least = criteria[best]
    return Rate(
        beta=float(-slope),
        lower=float(low),
        upper=float(high),
        covered=_covered(logs, medians, position, alpha),
        best=best,
        criteria={name: value - least for name, value in criteria.items()},
    )


def _lines(curves: Floats, position: Floats) -> tuple[Floats, Floats]:
    """Least-squares slope and intercept of each curve."""
    centred = position - position.mean()
    slopes = curves @ centred / (centred @ centred)
    return slopes, curves.mean(axis=1) - slopes * position.mean()


def _covered(logs: Floats, medians: Floats, position: Floats, alpha: float) -> float:
    """Fit on the first quarter of the clocks, predict the rest, and count."""
    early = position <= position[-1] - np.log(_HELD_OUT)
    if early.sum() < 4:
        return float("nan")
    slopes, heights = _lines(medians[:, early], position[early])
    # What is predicted is the median of these replicates, which varies about its line as it did where it was fitted.
    fitted = slopes[:, None] * position + heights[:, None]
    predicted = fitted[:, ~early] + (medians - np.median(logs, axis=0))[:, ~early]
    low, high = np.quantile(predicted, [alpha / 2, 1 - alpha / 2], axis=0)
    held = np.median(logs, axis=0)[~early]
    return float(np.mean((low <= held) & (held <= high)))


def _criteria(typical: Floats, errors: Floats, times: Floats) -> dict[str, float]:
    """Akaike criterion, corrected for few points, of four shapes of the typical log gap."""
    scaled, n = times / times[-1], len(times)
    fall = max(typical[0] - typical[-1], 1e-3)
    rate = fall / -np.log(scaled[0])
    last = float(np.exp(typical[-1]))
    shapes: dict[str, tuple[Callable[..., Floats], list[float]]] = {
        "power law": (lambda t, a, b: a - b * np.log(t), [typical[-1], rate]),
        "floor": (
            lambda t, a, b, c: np.log(np.exp(c) + np.exp(a - b * np.log(t))),
            [np.log(last / 2), 1.5 * rate, np.log(last / 2)],
        ),
        "exponential": (lambda t, a, b: a - b * t, [typical[0], fall]),
        "logarithmic": (lambda t, a, b: a - np.log(np.log(t * times[-1]) + np.exp(b)), [typical[0], 0.0]),
    }
    sigma = np.maximum(errors, 1e-6 + 1e-3 * np.abs(errors).max())
    criteria = {}
    for name, (shape, start) in shapes.items():

        def misfits(parameters: Floats, shape: Callable[..., Floats] = shape) -> Floats:
            return np.asarray((typical - shape(scaled, *parameters)) / sigma)

        found = least_squares(misfits, start)
        k = len(start)
        criteria[name] = 2 * float(found.cost) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    return criteria
