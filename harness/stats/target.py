"""Time to a quality, from records of timed rounds, and the two numbers that it is the product of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.record import ALONE, ELAPSED, LOSS, SECONDS_TO_TARGET, TARGET_LOSS, TO_TARGET, GapTable, Record, pooled
from harness.spec import Setting
from harness.stats.speed import Interval
from harness.verdict import Verdict, Word

_ALL = "all"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Courses:
    """Rounds of a training, from the first timed clock past the target.

    Args:
        checkpoints: (checkpoints,) clocks at which the loss was taken.
        elapsed: (rounds, checkpoints) seconds until then, of the slowest rank.
        losses: (rounds, checkpoints) nats, of the worst rank; infinite where not finite.
        clocks_to_target: (rounds,) infinite where it was not reached.
        seconds_to_target: (rounds,) likewise.
    """

    checkpoints: NDArray[np.int64]
    elapsed: Floats
    losses: Floats
    clocks_to_target: Floats
    seconds_to_target: Floats

    @property
    def rate(self) -> Interval:
        """Clocks per second, over all that was timed."""
        return Interval.of(self.checkpoints[-1] / self.elapsed[:, -1])

    @property
    def clocks(self) -> Interval:
        """Clocks to target."""
        return Interval.of(self.clocks_to_target)

    @property
    def seconds(self) -> Interval:
        """Seconds to target, as measured: up to drift within a round, clocks over rate."""
        return Interval.of(self.seconds_to_target)


@dataclass(frozen=True)
class Raced:
    """A setting's rounds, and those of the undistributed reference.

    Args:
        setting: who was timed.
        target: loss, nats.
        own: its courses.
        alone: the reference's in the same rounds.
    """

    setting: Setting
    target: float
    own: Courses
    alone: Courses

    @property
    def sooner(self) -> Interval:
        """T(1)/T(P) of seconds to target, round by round; 0 where the target was not reached."""
        return Interval.of(self.alone.seconds_to_target / self.own.seconds_to_target)

    @property
    def evidence(self) -> dict[str, dict[str, float]]:
        """The three numbers, with intervals."""
        own = self.own
        named = {"clocks_per_second": own.rate, "clocks_to_target": own.clocks, "seconds_to_target": own.seconds}
        return {name: {"median": i.median, "low": i.low, "high": i.high} for name, i in named.items()}


def raced(records: Sequence[Record]) -> dict[str, Raced]:
    """What was timed to a target.

    Args:
        records: of one suite.

    Returns:
        By id of the setting, in the order of the records; without those that computed nothing.
    """
    targets = {r.facts.setting.id: r.facts.measured[TARGET_LOSS] for r in records if TARGET_LOSS in r.facts.measured}
    return {
        name: Raced(setting, targets[name], _courses(gaps, _ALL), _courses(gaps, ALONE))
        for name, (setting, gaps) in pooled(records).items()
        if name in targets
    }


def _courses(gaps: GapTable, layer: str) -> Courses:
    elapsed, checkpoints = gaps.worst_over_ranks(gap=ELAPSED, layer=layer)
    losses, _ = gaps.worst_over_ranks(gap=LOSS, layer=layer)
    clocks, seconds = (gaps.worst_over_ranks(gap=gap, layer=layer)[0][:, 0] for gap in (TO_TARGET, SECONDS_TO_TARGET))
    return Courses(checkpoints, elapsed, losses, clocks, seconds)


def judge_sooner(found: Raced | None, least: float, words: str) -> Verdict:
    """Judge whether a target is reached sooner than by one process, by the interval of the median over rounds.

    Args:
        found: what was timed; None where it was not.
        least: ratio T(1)/T(P) of seconds to target that the median must exceed.
        words: the claim, for people.

    Returns:
        Supported where the whole interval lies above, refuted where it lies below.
    """
    if found is None:
        return Verdict(Word.INCONCLUSIVE, words, "it was not timed with a core per rank, so nothing was computed")
    ratio = found.sooner
    word = Word.SUPPORTED if ratio.low > least else Word.REFUTED if ratio.high < least else Word.INCONCLUSIVE
    ratios = found.alone.seconds_to_target / found.own.seconds_to_target
    evidence = found.evidence | {
        "estimate": ratio.median,
        "lower": ratio.low,
        "upper": ratio.high,
        "threshold": least,
        "rounds": ratio.rounds,
        "not_reached": int(np.isinf(found.own.seconds_to_target).sum()),
        "offender": {"round": int(ratios.argmin()), "value": float(ratios.min())},
        # A ratio whose true value lies a whole width of the interval above the threshold would have been seen.
        "smallest_detectable": least * ratio.high / ratio.low if ratio.low > 0 else np.inf,
    }
    reason = (
        f"T(1)/T({found.setting.distribution.workers}) to target {ratio.median:.3f} "
        f"[{ratio.low:.3f}, {ratio.high:.3f}] over {ratio.rounds} rounds, claimed more than {least:g}"
    )
    return Verdict(word, words, reason, evidence)
