"""Does a gap vanish in probability? The rule that turns replicates into one of three words.

Three questions, each over replicates, fixed before the run by (ε, δ, α):

* *tail*: is Pr(gap_T > ε) at most δ? Exact binomial bounds.
* *decay*: is the slope of log gap on log clock over the last three octaves below 0? Signed-rank test.
* *floor*: does log gap against log clock bend upwards, as c + a·t^−β does? Signed-rank test of the curvature.

A tail bound with a slope and no floor guard passes worlds that stop at a floor most of the time. Drops of the step size
are found first, and taken out of slope and curvature.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from harness.errors import BadInputError
from harness.stats.intervals import binomial_lower, binomial_upper, smallest_detectable_probability
from harness.stats.observed import Observed
from harness.stats.signed_rank import positive_p_value
from harness.stats.trends import END_OCTAVES, Location, LogGaps
from harness.verdict import Word, worst

POWER = 0.95
# A slope this near to 0 is no decay: halving the gap would take 2^(1/0.05) = a million times the clocks.
LEAST_DECAY = 0.05
# Share of α that decay and floor take each. Half for each leaves a world that does decay a loss of α/2 to the floor
# guard, and a flat one a chance of α/2 to pass as decaying; `harness calibrate` measures both.
DECAY_SHARE = FLOOR_SHARE = 0.5
_FEWEST_CHECKPOINTS = 5


@dataclass(frozen=True)
class Judgement:
    """A word and the numbers behind it.

    Args:
        verdict: supported, inconclusive or refuted.
        reason: one sentence.
        evidence: JSON-able.
    """

    verdict: Word
    reason: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class _Answer:
    """One of the three questions answered.

    Args:
        word: supported, inconclusive or refuted.
        reason: a clause.
        further: replicates that would decide; 0 where decided, None where none would.
        evidence: JSON-able.
    """

    word: Word
    reason: str
    further: int | None
    evidence: dict[str, Any]


def judge(
    gaps: ArrayLike,
    clocks: ArrayLike,
    *,
    epsilon: float,
    delta: float,
    alpha: float = 0.05,
    resolution: float = 0.0,
) -> Judgement:
    """Judge whether a gap converges to 0 in probability: tail, decay and no floor.

    The replicate is the sampling unit. An infinite last gap (a diverged replicate) is an exceedance that does not
    decay; so is a missing one, as far as the tail goes.

    Args:
        gaps: (replicates, checkpoints), not negative, not NaN; any units. A masked array where some are missing.
        clocks: (checkpoints,) positive and increasing.
        epsilon: ε > 0, in the units of the gaps.
        delta: δ in (0, 1).
        alpha: error probability of each bound of the tail; decay and floor are tested at half of it.
        resolution: gaps up to here are float noise and count as 0; a gap that has vanished into it has decayed.

    Returns:
        Supported where all three hold; refuted where the lower bound of the tail is above δ or the slope is shown
        above −0.05; else inconclusive, with the number of further replicates that would decide.

    Raises:
        BadInputError: an argument has the wrong shape or range; it is named, with the index.

    References:
        clopper1934, wilcoxon1945, hodges1963
    """
    seen = Observed.of(gaps, clocks)
    for name, number in (("delta", delta), ("alpha", alpha)):
        if not 0 < number < 1:
            raise BadInputError(f"{name} = {number} must lie in (0, 1)", where="judge")
    if not 0 < epsilon < np.inf:
        raise BadInputError(f"epsilon = {epsilon} must be positive and finite", where="judge")
    if not 0 <= resolution < np.inf:
        raise BadInputError(f"resolution = {resolution} must be finite and not negative", where="judge")
    answers = {"tail": _tail(seen.last, epsilon, delta, alpha)}
    vanished = np.count_nonzero(seen.last <= resolution) > len(seen.last) / 2
    if vanished:
        reason = f"most gaps end at {resolution:g} or less, which counts as 0"
        answers |= {q: _Answer(Word.SUPPORTED, reason, 0, {}) for q in ("decay", "floor")}
    else:
        answers |= _trend(LogGaps.of(seen, resolution), alpha)
    evidence = answers["tail"].evidence | {
        "epsilon": epsilon,
        "delta": delta,
        "alpha": alpha,
        "clock": int(seen.clocks[-1]),
        "resolution": resolution,
        "vanished": bool(vanished),
        "almost_surely": _largest_later(seen, epsilon, alpha),
        "trend": worst([answers["decay"].word, answers["floor"].word]),
        "decay": answers["decay"].evidence,
        "floor": answers["floor"].evidence,
        "further_replicates": _most([answer.further for answer in answers.values()]),
        "first_exceedance": _first_exceedance(seen, epsilon),
        "worst": _worst(seen),
    }
    return _composed(answers, evidence)


def _composed(answers: dict[str, _Answer], evidence: dict[str, Any]) -> Judgement:
    """Refuted where the tail or the decay is; supported where all are."""
    for name in ("tail", "decay"):
        if answers[name].word is Word.REFUTED:
            return Judgement(Word.REFUTED, answers[name].reason, evidence)
    open_questions = [answer.reason for answer in answers.values() if answer.word is not Word.SUPPORTED]
    if not open_questions:
        return Judgement(Word.SUPPORTED, "; ".join(answer.reason for answer in answers.values()), evidence)
    further = evidence["further_replicates"]
    decides = "no affordable number of replicates decides" if further is None else f"{further} more would decide"
    return Judgement(Word.INCONCLUSIVE, "; ".join([*open_questions, decides]), evidence)


def _most(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return max(known) if len(known) == len(numbers) else None


def _tail(last: NDArray[np.float64], epsilon: float, delta: float, alpha: float) -> _Answer:
    total, count = len(last), int(np.count_nonzero(last > epsilon))
    lower, upper = binomial_lower(count, total, alpha), binomial_upper(count, total, alpha)
    evidence = {
        "exceedances": count,
        "replicates": total,
        "estimate": count / total,
        "lower": lower,
        "upper": upper,
        "smallest_detectable": {
            "gap": epsilon,
            "exceedance_probability": smallest_detectable_probability(total, delta, alpha, POWER),
            "power": POWER,
        },
    }
    seen = f"{count} of {total} replicates pass ε = {epsilon:g}"
    if upper <= delta:
        reason = f"{seen}: exceedance probability at most {upper:.3g} ≤ {delta:g}"
        return _Answer(Word.SUPPORTED, reason, 0, evidence)
    if lower > delta:
        reason = f"{seen}: exceedance probability at least {lower:.3g} > {delta:g}"
        return _Answer(Word.REFUTED, reason, 0, evidence)
    reason = f"{seen}: δ = {delta:g} lies within [{lower:.3g}, {upper:.3g}]"
    return _Answer(Word.INCONCLUSIVE, reason, _further(count, total, delta, alpha), evidence)


def _largest_later(seen: Observed, epsilon: float, alpha: float) -> dict[str, float | int]:
    """The companion of almost sure convergence: Pr(sup of the gap over the last three octaves > ε)."""
    later = seen.clocks >= seen.clocks[-1] / 2**END_OCTAVES
    count = int(np.count_nonzero(seen.exceeding(epsilon)[:, later].any(axis=1)))
    return {
        "from_clock": int(seen.clocks[later][0]),
        "exceedances": count,
        "lower": binomial_lower(count, len(seen.values), alpha),
        "upper": binomial_upper(count, len(seen.values), alpha),
    }


def _further(count: int, total: int, delta: float, alpha: float, limit: int = 100_000) -> int | None:
    """Replicates to add, if exceedances go on at the rate seen, until one of the bounds decides."""
    rate, trials = count / total, total
    while trials < limit:
        trials += max(1, trials // 50)
        expected = round(rate * trials)
        if binomial_upper(expected, trials, alpha) <= delta or binomial_lower(expected, trials, alpha) > delta:
            return trials - total
    return None


def _trend(logs: LogGaps, alpha: float) -> dict[str, _Answer]:
    if len(logs.octaves) < _FEWEST_CHECKPOINTS:
        reason = f"{len(logs.octaves)} checkpoints are too few to see a trend, {_FEWEST_CHECKPOINTS} are needed"
        unknown = _Answer(Word.INCONCLUSIVE, reason, None, {})
        return {"decay": unknown, "floor": unknown}
    steps = logs.steps()
    decay = _decay(logs, steps, DECAY_SHARE * alpha)
    return {"decay": decay, "floor": _floor(logs, steps, FLOOR_SHARE * alpha)}


def _decay(logs: LogGaps, steps: tuple[int, ...], level: float) -> _Answer:
    slopes = logs.slopes(steps)
    located, p_value = Location.of(slopes, level), positive_p_value(-slopes[~np.isnan(slopes)])
    evidence = {
        "slope": located.estimate,
        "lower": located.lower,
        "upper": located.upper,
        "p_value": p_value,
        "level": level,
        "replicates": located.replicates,
        "steps_after_checkpoint": list(steps),
    }
    stated = f"slope {located.estimate:.3g} [{located.lower:.3g}, {located.upper:.3g}]"
    if located.lower > -LEAST_DECAY:
        return _Answer(Word.REFUTED, f"the gap does not decay: {stated} over the last three octaves", 0, evidence)
    if p_value <= level:
        return _Answer(Word.SUPPORTED, f"it decays, {stated}", 0, evidence)
    further = _replicates_for(located, -located.estimate, level)
    return _Answer(Word.INCONCLUSIVE, f"decay is not shown, {stated}", further, evidence)


def _floor(logs: LogGaps, steps: tuple[int, ...], level: float) -> _Answer:
    curvatures = logs.curvatures(steps)
    located, p_value = Location.of(curvatures, level), positive_p_value(curvatures[~np.isnan(curvatures)])
    evidence = {
        "curvature": located.estimate,
        "lower": located.lower,
        "upper": located.upper,
        "p_value": p_value,
        "level": level,
        "smallest_detectable_share_of_last_gap": _smallest_floor(logs, steps, located, level),
    }
    if not located.replicates:
        return _Answer(Word.INCONCLUSIVE, "too few checkpoints between steps to look for a floor", None, evidence)
    if p_value <= level:
        reason = f"it bends towards a floor, curvature {located.estimate:.3g} per octave² (p = {p_value:.2g})"
        return _Answer(Word.INCONCLUSIVE, reason, None, evidence)
    return _Answer(Word.SUPPORTED, "no floor is seen", 0, evidence)


def _replicates_for(located: Location, effect: float, level: float) -> int | None:
    """Replicates to add until an effect of the size seen would be shown with power 0.95."""
    error = (located.upper - located.lower) / 2 / -ndtri(level)
    if not (effect > 0 and np.isfinite(error)):
        return None
    needed = (error * (ndtri(POWER) - ndtri(level)) / effect) ** 2 * located.replicates
    return max(1, ceil(needed) - located.replicates)


def _smallest_floor(logs: LogGaps, steps: tuple[int, ...], located: Location, level: float) -> float | None:
    """Smallest c, as a share of the last gap, whose bend this run would have seen with power 0.95.

    A gap c + a·t^−β with the decay seen over the whole run is bent the more, the larger c's share of the last gap is.
    """
    error = (located.upper - located.lower) / 2 / -ndtri(level)
    if np.isnan(logs.values).all(axis=0).any():
        return None
    middle = np.nanmedian(logs.values, axis=0)
    fall = middle[0] - middle[-1]
    if not (np.isfinite(error) and fall > 0):
        return None
    shares = np.linspace(0.01, 0.99, 99)
    # The exponent is the one that makes the whole fall the one seen, whatever the share.
    rates = np.log((np.exp(fall) - shares) / (1 - shares)) / (logs.octaves[-1] - logs.octaves[0])
    curves = np.log(
        shares[:, None] + (1 - shares[:, None]) * np.exp(rates[:, None] * (logs.octaves[-1] - logs.octaves))
    )
    bends = LogGaps(logs.octaves, curves, np.zeros(len(shares), dtype=bool)).curvatures(steps)
    visible = np.flatnonzero(bends > error * (ndtri(POWER) - ndtri(level)))
    return float(shares[visible[0]]) if len(visible) else None


def _first_exceedance(seen: Observed, epsilon: float) -> dict[str, float | int] | None:
    above = np.argwhere(seen.exceeding(epsilon).T)
    return _named(seen, *(int(i) for i in above[0][::-1])) if len(above) else None


def _worst(seen: Observed) -> dict[str, float | int]:
    largest = np.argmax(np.where(seen.missing, -np.inf, seen.values))
    return _named(seen, *(int(i) for i in np.unravel_index(largest, seen.values.shape)))


def _named(seen: Observed, replicate: int, checkpoint: int) -> dict[str, float | int]:
    gap = float(seen.values[replicate, checkpoint])
    return {"clock": int(seen.clocks[checkpoint]), "replicate": replicate, "gap": gap}
