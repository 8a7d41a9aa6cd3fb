"""Two runs of the same benchmarks on one machine: what became slower, by intervals that assume no distribution.

Rounds that follow each other resemble each other, so that a run is cut into blocks, each of which stands by its median.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError

SLOWER, FASTER, NO_DIFFERENCE = "slower", "faster", "no difference shown"
# What a change must surpass to matter; fixed before anything is compared. Intervals know what varies within a run only:
# whole runs of the same code, in processor time on a busy machine, were up to a tenth apart.
PRACTICAL = 0.10
_ALPHA = 0.05
_BLOCKS = 30


@dataclass(frozen=True)
class Timings:
    """Benchmarks of one run.

    Args:
        machine: what names the machine and its Python.
        seconds: by benchmark, (rounds,) in the order in which they were timed.
        source: the file.
    """

    machine: str
    seconds: Mapping[str, NDArray[np.float64]]
    source: str = ""


@dataclass(frozen=True)
class Change:
    """One benchmark, before and after.

    Args:
        benchmark: its name.
        before: median over blocks of rounds, seconds.
        after: the same.
        ratio: after over before, with the ends of its interval; 0 and infinity where rounds are too few.
        word: slower, faster, or no difference shown.
    """

    benchmark: str
    before: float
    after: float
    ratio: tuple[float, float, float]
    word: str

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return asdict(self)


def compare(before: Timings, after: Timings, *, practical: float = PRACTICAL, alpha: float = _ALPHA) -> list[Change]:
    """Compare the benchmarks that both runs hold.

    Slower: the whole interval of the ratio lies above 1 + practical. Faster: below 1 / (1 + practical).

    Args:
        before: the baseline.
        after: the new run.
        practical: smallest change that matters.
        alpha: probability that anything at all is called slower or faster where all times are distributed alike.

    Returns:
        One change per shared benchmark, in the order of the baseline.

    Raises:
        BadInputError: the runs are of two machines, or share no benchmark.
    """
    if before.machine != after.machine:
        raise BadInputError(
            f"timings of two machines cannot be compared: {before.machine}; {after.machine}",
            where=f"{before.source}, {after.source}",
            remedy="time the baseline again on this machine",
        )
    shared = [name for name in before.seconds if name in after.seconds]
    if not shared:
        raise BadInputError(
            "no benchmark is in both files",
            where=f"{before.source}, {after.source}",
            remedy="time the same benchmarks on either side",
        )
    return [_change(name, before.seconds[name], after.seconds[name], practical, alpha / len(shared)) for name in shared]


def ratio_interval(above: NDArray[np.float64], below: NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    """Ratio of medians, with the factors that Mood's median test does not reject.

    Where the one distribution is the other one, stretched by a factor, the interval misses it with probability α at
    most, whatever the distribution is.

    Args:
        above: (n,) independent positive values.
        below: (m,) the same.
        alpha: error probability, both sides together.

    Returns:
        Ratio, lower and upper end; 0 and infinity where n and m are too small for the level.

    References:
        mood1950
    """
    inverse = _lower_end(below, above, alpha / 2)
    high = 1 / inverse if inverse else np.inf
    return float(np.median(above) / np.median(below)), _lower_end(above, below, alpha / 2), float(high)


def _change(
    name: str, before: NDArray[np.float64], after: NDArray[np.float64], practical: float, alpha: float
) -> Change:
    old, new = _blocks(before), _blocks(after)
    ratio = ratio_interval(new, old, alpha)
    slower, faster = ratio[1] > 1 + practical, ratio[2] < 1 / (1 + practical)
    word = SLOWER if slower else FASTER if faster else NO_DIFFERENCE
    return Change(name, float(np.median(old)), float(np.median(new)), ratio, word)


def _blocks(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.median(block) for block in np.array_split(seconds, min(len(seconds), _BLOCKS))])


def _lower_end(above: NDArray[np.float64], below: NDArray[np.float64], alpha: float) -> float:
    places = _places(len(above), len(below), alpha)
    return float(np.sort(above)[places[0] - 1] / np.sort(below)[places[1] - 1]) if places else 0.0


@cache
def _places(n: int, m: int, alpha: float) -> tuple[int, int] | None:
    """Places r, h + 1 − r of order statistics, h half of all values: alike, a_(r) > b_(h+1−r) has probability ≤ α.

    That is so when fewer than r of the lowest h values are of the first kind, whose number is hypergeometric.
    """
    half = (n + m) // 2
    ways = [comb(n, k) * comb(m, half - k) / comb(n + m, half) for k in range(half + 1)]
    first = int(np.searchsorted(np.cumsum(ways), alpha, side="right"))
    return (first, half + 1 - first) if first and half + 1 - first <= m else None
