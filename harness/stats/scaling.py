"""Laws of speed against cores, fitted where there are points enough, with intervals from a bootstrap over rounds.

Rates are measured in rounds, every number of workers once per round; a bootstrap draws whole rounds, so that what
drifts from round to round stays together. Intervals are about noise; whether a law is the right one is said by `worst`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from harness.errors import BadInputError

Rates = NDArray[np.float64]
_DRAWS = 1000


class Law(StrEnum):
    """X(N), samples per second of N workers.

    Amdahl: λN / (1 + σ(N−1)). Gustafson: λ(σ + (1−σ)N). Universal scalability: λN / (1 + σ(N−1) + κN(N−1)).
    """

    AMDAHL = "Amdahl"
    GUSTAFSON = "Gustafson"
    UNIVERSAL = "Universal Scalability Law"


# As many as the law has parameters, and one more to contradict it.
POINTS_NEEDED = {Law.AMDAHL: 3, Law.GUSTAFSON: 3, Law.UNIVERSAL: 4}


@dataclass(frozen=True)
class Estimate:
    """A number with an interval.

    Args:
        value: from the medians over rounds.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """A law that was fitted.

    Args:
        law: which.
        rate: λ, samples per second of one worker.
        serial: σ, the share that does not scale.
        crosstalk: κ, the cost of every pair of workers; 0 where the law has none.
        worst: largest relative distance of the law from a measured median.
    """

    law: Law
    rate: Estimate
    serial: Estimate
    crosstalk: Estimate
    worst: float

    @property
    def peak(self) -> float:
        """Workers beyond which more are slower, √((1−σ)/κ); infinite where there is no such number."""
        kappa = self.crosstalk.value
        return sqrt(max(0.0, 1 - self.serial.value) / kappa) if kappa > 0 else inf

    def at(self, workers: ArrayLike) -> Rates:
        """Samples per second.

        Args:
            workers: N, any shape.

        Returns:
            X(N), the same shape.
        """
        parameters = (self.rate.value, self.serial.value, self.crosstalk.value)
        return _curve(self.law, parameters, np.asarray(workers, dtype=float))

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return asdict(self)


@dataclass(frozen=True)
class NoFit:
    """A law that was not fitted.

    Args:
        law: which.
        reason: one sentence.
    """

    law: Law
    reason: str


def fit(law: Law, rates: Mapping[int, ArrayLike], alpha: float = 0.05, seed: int = 0) -> Fit | NoFit:
    """Fit a law by least squares of relative errors, σ and κ not negative.

    Args:
        law: which.
        rates: for each number of workers its samples per second, one per round.
        alpha: error probability of each interval.
        seed: of the bootstrap.

    Returns:
        The fit; or, with fewer numbers of workers than the law needs, why there is none.

    Raises:
        BadInputError: rates are not positive, or numbers of rounds differ.

    References:
        amdahl1967, gustafson1988, gunther2007, efron1993
    """
    workers, table = _table(rates)
    if len(workers) < POINTS_NEEDED[law]:
        return NoFit(
            law,
            f"{law} has {POINTS_NEEDED[law] - 1} parameters and needs {POINTS_NEEDED[law]} numbers of workers; "
            f"there are {len(workers)} ({', '.join(f'{n:g}' for n in workers)}), which would fit whatever they are.",
        )
    medians = np.median(table, axis=1)
    found = _solve(law, workers, medians)
    if found[0] == inf:
        return NoFit(law, f"Rates fall with the workers as in no {law}: no finite rate of one worker comes near them.")
    draws = _bootstrapped(lambda drawn: np.array(_solve(law, workers, drawn)), table, seed)
    rate, serial, crosstalk = (_estimate(v, column, alpha) for v, column in zip(found, draws.T, strict=True))
    worst = float(np.abs(_curve(law, found, workers) / medians - 1).max())
    return Fit(law, rate, serial, crosstalk, worst)


def karp_flatt(rates: Mapping[int, ArrayLike], alpha: float = 0.05, seed: int = 0) -> dict[int, Estimate] | str:
    """Serial share that each speed-up S = X(N)/X(1) amounts to, e(N) = (1/S − 1/N) / (1 − 1/N).

    An e that grows with N is overhead that grows; a constant one is work that does not divide.

    Args:
        rates: for each number of workers its samples per second, one per round; one worker among them.
        alpha: error probability of each interval.
        seed: of the bootstrap.

    Returns:
        e by number of workers above 1; or one sentence why there is none.

    Raises:
        BadInputError: rates are not positive, or numbers of rounds differ.

    References:
        karp1990
    """
    workers, table = _table(rates)
    if 1 not in workers or len(workers) < 2:
        return "The serial share of Karp and Flatt needs the rate of one worker, the base, and that of some more."
    many = workers > 1

    def shares(medians: Rates) -> Rates:
        speedup = medians[many] / medians[workers == 1]
        return np.asarray((1 / speedup - 1 / workers[many]) / (1 - 1 / workers[many]))

    found, draws = shares(np.median(table, axis=1)), _bootstrapped(shares, table, seed)
    pairs = zip(workers[many], found, draws.T, strict=True)
    return {int(n): _estimate(float(value), column, alpha) for n, value, column in pairs}


def _table(rates: Mapping[int, ArrayLike]) -> tuple[Rates, Rates]:
    """Numbers of workers, increasing, and their rates by round.

    Raises:
        BadInputError: rates are not positive, or numbers of rounds differ.
    """
    columns = {workers: np.atleast_1d(np.asarray(rates[workers], dtype=float)) for workers in sorted(rates)}
    for workers, column in columns.items():
        if workers < 1 or column.ndim != 1 or not len(column) or not (np.isfinite(column) & (column > 0)).all():
            raise BadInputError(
                f"{workers} workers have rates that are not positive numbers",
                where="scaling",
                remedy="give samples per second, one per round",
            )
    counts = {len(column) for column in columns.values()}
    if len(counts) > 1:
        raise BadInputError(
            f"numbers of rounds differ: {sorted(counts)}", where="scaling", remedy="measure all in the same rounds"
        )
    return np.array(list(columns), dtype=float), np.array(list(columns.values())).reshape(len(columns), -1)


def _solve(law: Law, workers: Rates, rates: Rates) -> tuple[float, float, float]:
    """λ, σ and κ: every law is linear in what it is solved for; rows are divided by what was measured."""
    if law is Law.GUSTAFSON:
        (constant, slope), _ = nnls(np.stack([1 / rates, workers / rates], axis=1), np.ones(len(rates)))
        total = constant + slope
        return float(total), float(constant / total), 0.0
    columns = [np.ones_like(workers), workers - 1]
    if law is Law.UNIVERSAL:
        columns.append(workers * (workers - 1))
    per_worker = workers / rates
    found, _ = nnls(np.stack(columns, axis=1) / per_worker[:, None], np.ones(len(rates)))
    first, rest = float(found[0]), [*map(float, found[1:]), 0.0]
    if first == 0:
        return inf, inf, inf
    return 1 / first, rest[0] / first, rest[1] / first


def _curve(law: Law, parameters: tuple[float, float, float], workers: Rates) -> Rates:
    rate, serial, crosstalk = parameters
    if law is Law.GUSTAFSON:
        return np.asarray(rate * (serial + (1 - serial) * workers))
    return np.asarray(rate * workers / (1 + serial * (workers - 1) + crosstalk * workers * (workers - 1)))


def _bootstrapped(statistic: Callable[[Rates], Rates], table: Rates, seed: int) -> Rates:
    """(draws, …) statistics of medians over rounds that are drawn with replacement."""
    rounds = table.shape[1]
    draws = _DRAWS if rounds > 1 else 1
    chosen = np.random.default_rng(seed).integers(rounds, size=(draws, rounds))
    return np.array([statistic(np.median(table[:, drawn], axis=1)) for drawn in chosen])


def _estimate(value: float, draws: Rates, alpha: float) -> Estimate:
    # A draw may be infinite, and between two draws nothing could be interpolated then.
    low, high = np.quantile(draws, (alpha / 2, 1 - alpha / 2), method="nearest")
    return Estimate(value, float(low), float(high))
