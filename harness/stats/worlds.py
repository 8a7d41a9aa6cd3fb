"""Worlds with known truth: simulated gaps that the verdict's error rates are measured on.

Every world has 13 checkpoints half an octave apart, ε = 1, and log gap = log truth + noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.verdict import Word

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

OCTAVES = np.arange(13) / 2
CLOCKS = np.rint(32 * 2**OCTAVES)
_SPREAD = 0.3
_CORRELATION = 0.6
_HURST = 0.9


def autoregressive(draws: np.random.Generator, replicates: int) -> Floats:
    """AR(1) noise, correlation 0.6 from checkpoint to checkpoint, standard deviation 0.3.

    Args:
        draws: source of randomness.
        replicates: R.

    Returns:
        (replicates, 13) noise of log gaps.
    """
    shocks = draws.normal(size=(replicates, len(OCTAVES)))
    noise: Floats = shocks.copy()
    for k in range(1, noise.shape[1]):
        noise[:, k] = _CORRELATION * noise[:, k - 1] + np.sqrt(1 - _CORRELATION**2) * shocks[:, k]
    return np.asarray(_SPREAD * noise)


def heavy_tailed(draws: np.random.Generator, replicates: int) -> Floats:
    """Student-t noise with 2 degrees of freedom, scale 0.3: its variance is infinite.

    Args:
        draws: source of randomness.
        replicates: R.

    Returns:
        (replicates, 13) noise of log gaps.
    """
    return np.asarray(_SPREAD * draws.standard_t(2, size=(replicates, len(OCTAVES))))


def growing(draws: np.random.Generator, replicates: int) -> Floats:
    """AR(1) noise whose standard deviation grows threefold, from 0.15 to 0.45.

    Args:
        draws: source of randomness.
        replicates: R.

    Returns:
        (replicates, 13) noise of log gaps.
    """
    return autoregressive(draws, replicates) * np.linspace(0.5, 1.5, len(OCTAVES))


def long_memory(draws: np.random.Generator, replicates: int) -> Floats:
    """Fractional Gaussian noise, Hurst exponent 0.9, standard deviation 0.3.

    Args:
        draws: source of randomness.
        replicates: R.

    Returns:
        (replicates, 13) noise of log gaps.
    """
    lags = np.abs(np.subtract.outer(np.arange(len(OCTAVES)), np.arange(len(OCTAVES)))).astype(float)
    power = 2 * _HURST
    covariance = ((lags + 1) ** power - 2 * lags**power + np.abs(lags - 1) ** power) / 2
    return np.asarray(_SPREAD * draws.normal(size=(replicates, len(OCTAVES))) @ np.linalg.cholesky(covariance).T)


def mixture(draws: np.random.Generator, replicates: int) -> Floats:
    """Every replicate has an offset of its own, −0.3 or +0.3, and one in five is three times as noisy.

    Args:
        draws: source of randomness.
        replicates: R.

    Returns:
        (replicates, 13) noise of log gaps.
    """
    offsets = draws.choice([-0.3, 0.3], size=(replicates, 1))
    scales = draws.choice([0.7, 2.1], p=[0.8, 0.2], size=(replicates, 1))
    return np.asarray(offsets + scales * autoregressive(draws, replicates))


NOISES: dict[str, Draw] = {
    "AR(1)": autoregressive,
    "Student t₂": heavy_tailed,
    "growing": growing,
    "long memory": long_memory,
    "mixture": mixture,
}


@dataclass(frozen=True)
class World:
    """Gaps of known truth.

    Args:
        name: what it is.
        expected: the word that is right; inconclusive where supported would be wrong and refuted is not owed.
        truth: (13,) noise-free gaps, in units of ε.
        diverging: share of replicates whose gap runs away.
        spiking: probability that a gap is a spike of ten times its size.
    """

    name: str
    expected: Word
    truth: Floats
    diverging: float = 0.0
    spiking: float = 0.0

    def draw(self, noise: Draw, draws: np.random.Generator, replicates: int) -> Floats:
        """Draw the gaps of one suite.

        Args:
            noise: one of `NOISES`.
            draws: source of randomness.
            replicates: R.

        Returns:
            (replicates, 13) gaps.
        """
        with np.errstate(over="ignore"):  # a gap past the largest number is infinite, as a diverged one
            gaps = self.truth * np.exp(noise(draws, replicates))
        gaps *= np.where(draws.random(gaps.shape) < self.spiking, 10.0, 1.0)
        runaway = draws.random(replicates) < self.diverging
        return np.where(runaway[:, None], np.exp(OCTAVES) * gaps, gaps)


def sound(noise: Draw) -> list[World]:
    """Worlds that converge, as high as they may lie for a true exceedance probability of 0.002 at the last clock.

    Args:
        noise: one of `NOISES`; heavier tails need lower gaps.

    Returns:
        Power laws, with and without a drop of the step size that divides the gap by 3.
    """
    last = noise(np.random.default_rng(512), 400_000 // len(OCTAVES))[:, -1]
    height = float(np.exp(-np.quantile(last, 0.998)))
    reached = np.exp2(OCTAVES[-1] - OCTAVES)
    powers = {"t^−¼": 0.25, "t^−½": 0.5, "t^−1": 1.0}
    laws = [World(name, Word.SUPPORTED, height * reached**beta) for name, beta in powers.items()]
    drops = [
        World(f"{law.name}, step drop at {name}", Word.SUPPORTED, np.where(octave > OCTAVES, 3.0, 1.0) * law.truth)
        for law in laws
        for name, octave in (("T/16", 2.25), ("T/8", 3.25))
    ]
    return laws + drops


def unsound() -> list[World]:
    """Worlds that do not converge, or not within reach.

    Returns:
        Floors below and above ε, flat, rising, diverging, logarithmic and spiking worlds.
    """
    falling: Floats = 8 * np.exp2(-OCTAVES)
    floors = [World(f"floor ε/{part:g}", Word.INCONCLUSIVE, 1 / part + falling) for part in (1.5, 2, 4, 7, 15, 30)]
    flat: Floats = np.ones(len(OCTAVES))
    return [
        *floors,
        World("floor at 2ε", Word.REFUTED, 2 + falling),
        World("flat ε/3", Word.INCONCLUSIVE, flat / 3),
        World("flat 2ε", Word.REFUTED, 2 * flat),
        World("rising to 2ε", Word.REFUTED, 2 * np.exp2(0.25 * (OCTAVES - OCTAVES[-1]))),
        World("10 % diverging", Word.INCONCLUSIVE, np.exp2(-0.5 * OCTAVES), diverging=0.10),
        World("20 % diverging", Word.INCONCLUSIVE, np.exp2(-0.5 * OCTAVES), diverging=0.20),
        World("logarithmic", Word.INCONCLUSIVE, 1.5 / np.log(CLOCKS)),
        World("spikes, 2 %", Word.INCONCLUSIVE, np.exp2(-0.5 * OCTAVES) / 2, spiking=0.02),
    ]
