"""Operating characteristics: how often the verdict says which word in worlds with known truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.stats.convergence import judge
from harness.stats.intervals import binomial_lower, binomial_upper
from harness.stats.sequential import Wealth, wealth
from harness.stats.worlds import CLOCKS, OCTAVES, Draw, World, sound, unsound
from harness.verdict import Word

DELTA, ALPHA = 0.10, 0.05


@dataclass(frozen=True)
class Cell:
    """One world under one noise with one number of replicates.

    Args:
        world: name of the world.
        noise: name of the noise.
        expected: the right word.
        replicates: R.
        suites: how many suites were simulated.
        supported: how many of them were supported.
        refuted: how many were refuted.
    """

    world: str
    noise: str
    expected: Word
    replicates: int
    suites: int
    supported: int
    refuted: int

    def interval(self, count: int) -> tuple[float, float, float]:
        """Share with its 95 % Clopper–Pearson interval.

        Args:
            count: `supported` or `refuted`.

        Returns:
            Share, lower and upper end.
        """
        return count / self.suites, binomial_lower(count, self.suites, 0.025), binomial_upper(count, self.suites, 0.025)

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            Names, numbers and both shares with intervals.
        """
        return {
            "world": self.world,
            "noise": self.noise,
            "expected": str(self.expected),
            "replicates": self.replicates,
            "suites": self.suites,
            "supported": self.interval(self.supported),
            "refuted": self.interval(self.refuted),
        }


def recorded(gaps: NDArray[np.float64]) -> Draw:
    """Noise of recorded trajectories: how each replicate deviates from the typical one, replicates redrawn.

    What is planted in it is known, and what surrounds it is real: its size, its tails, its memory.

    Args:
        gaps: (replicates, checkpoints) recorded gaps, positive, with 13 checkpoints or more.

    Returns:
        A noise like those of `worlds.NOISES`.
    """
    logs = np.log(gaps[:, -len(OCTAVES) :])
    deviations = logs - np.median(logs, axis=0)

    def draw(draws: np.random.Generator, replicates: int) -> NDArray[np.float64]:
        return np.asarray(deviations[draws.integers(len(deviations), size=replicates)])

    return draw


def measure(world: World, noise: tuple[str, Draw], replicates: int, suites: int, seed: int = 1) -> Cell:
    """Judge simulated suites of one world.

    Args:
        world: the truth.
        noise: its name and how it is drawn.
        replicates: R.
        suites: how many to simulate.
        seed: the same seed gives the same suites.

    Returns:
        The counts.
    """
    name, drawn = noise
    draws = np.random.default_rng([seed, replicates, *map(ord, world.name + name)])
    words = [
        judge(world.draw(drawn, draws, replicates), CLOCKS, epsilon=1.0, delta=DELTA, alpha=ALPHA).verdict
        for _ in range(suites)
    ]
    counts = words.count(Word.SUPPORTED), words.count(Word.REFUTED)
    return Cell(world.name, name, world.expected, replicates, suites, *counts)


def characteristics(
    replicates: Sequence[int], suites: int, noises: Mapping[str, Draw], seed: int = 1
) -> Iterator[Cell]:
    """The whole table.

    Args:
        replicates: numbers of replicates.
        suites: simulated suites per cell.
        noises: noises by name.
        seed: the same seed gives the same table.

    Yields:
        One cell per noise, world and number of replicates.
    """
    for noise in noises.items():
        for world in [*sound(noise[1]), *unsound()]:
            for count in replicates:
                yield measure(world, noise, count, suites, seed)


def cells(replicates: Sequence[int], noises: Mapping[str, Draw]) -> int:
    """Size of the table.

    Args:
        replicates: numbers of replicates.
        noises: noises by name.

    Returns:
        How many cells `characteristics` yields.
    """
    return sum(len(sound(noise)) + len(unsound()) for noise in noises.values()) * len(replicates)


@dataclass(frozen=True)
class Decision:
    """How the sequential rule decides the tail at one true probability of exceedance.

    Args:
        probability: the truth.
        supported: share of sequences shown to be below δ.
        refuted: share shown to be above δ.
        median_replicates: median number of replicates at the decision; infinite where most are not decided.
        fixed: replicates that a fixed design needs where exceedances come as expected; None where it cannot decide.
    """

    probability: float
    supported: float
    refuted: float
    median_replicates: float
    fixed: int | None

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name; no median where most sequences are not decided.
        """
        median = self.median_replicates if np.isfinite(self.median_replicates) else None
        return asdict(self) | {"median_replicates": median}


def decisions(
    probabilities: Sequence[float], *, sequences: int = 10_000, most: int = 1_000, seed: int = 1
) -> list[Decision]:
    """Watch sequences of replicates until they are decided.

    Args:
        probabilities: true probabilities of exceedance.
        sequences: how many to watch at each.
        most: replicates after which a sequence is given up.
        seed: the same seed gives the same sequences.

    Returns:
        One decision per probability.
    """
    looks, counts = np.arange(1, most + 1)[:, None], np.arange(most + 1)[None, :]
    table = wealth(np.minimum(counts, looks), np.broadcast_to(looks, (most, most + 1)), DELTA)
    return [_decision(p, np.random.default_rng([seed, i]), table, sequences) for i, p in enumerate(probabilities)]


def _decision(probability: float, draws: np.random.Generator, table: Wealth, sequences: int) -> Decision:
    """Look up the wealth of each sequence after each replicate."""
    most = len(table.below)
    counts = np.cumsum(draws.random((sequences, most)) < probability, axis=1)
    below, above = (_first(side[np.arange(most), counts] >= 1 / ALPHA) for side in (table.below, table.above))
    return Decision(
        probability=probability,
        supported=float(np.mean(below < above)),
        refuted=float(np.mean(above < below)),
        median_replicates=float(np.median(np.minimum(below, above))),
        fixed=_fixed(probability, most),
    )


def _fixed(probability: float, most: int) -> int | None:
    """Smallest fixed number of replicates that decides, if exceedances come as they are expected to."""
    for replicates in range(1, most + 1):
        count = round(probability * replicates)
        if binomial_upper(count, replicates, ALPHA) <= DELTA or binomial_lower(count, replicates, ALPHA) > DELTA:
            return replicates
    return None


def _first(decided: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Number of replicates at the first look that decides; infinite where none does."""
    return np.where(decided.any(axis=1), decided.argmax(axis=1) + 1.0, np.inf)
