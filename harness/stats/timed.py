"""From timed rounds to a verdict: first whether what was timed computes what it should, then how fast it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.record import TRAJECTORY, GapTable, Record
from harness.spec import Setting, StalePartition
from harness.stats.speed import Interval, Times, ratio, times
from harness.stats.suites import judge_each
from harness.verdict import Verdict, Word, all_of


@dataclass(frozen=True)
class AtLeast:
    """A claim about two settings that were timed in the same rounds: the rate of one over that of the other.

    Args:
        setting: whose rate stands above.
        base: whose rate stands below; None for that of one process times the number of workers.
        share: the least that is claimed of the median.
        words: the claim, for people.
    """

    setting: Setting
    base: Setting | None
    share: float
    words: str


def judge_timed(
    name: str,
    settings: Sequence[Setting],
    records: Sequence[Record],
    *,
    epsilon: float,
    stale: float,
    claims: Sequence[AtLeast] = (),
    planned: bool = True,
) -> Verdict:
    """Judge every setting's sanity, then every claim about speed.

    Args:
        name: name of the suite.
        settings: the sweep.
        records: what is stored.
        epsilon: largest relative gap to the reference that counts as float noise, in any round and layer.
        stale: the same of all layers together for s ≥ 1, where weights differ from the reference's by what staleness
            does in few clocks.
        claims: about speed; judged where both sides are there and sane.
        planned: whether a setting with fewer rounds than planned is not judged yet.

    Returns:
        The suite's verdict.
    """

    def judge(setting: Setting, gaps: GapTable) -> Verdict:
        return judge_sanity(setting, gaps, epsilon=epsilon, stale=stale)

    sane = judge_each(name, settings, records, judge, planned=planned)
    there = times(records)
    found = [judge_claim(claim, there) for claim in claims]
    return all_of(name, [sane, *found]) if found else sane


def judge_claim(claim: AtLeast, there: dict[str, Times]) -> Verdict:
    """Judge a claim about speed by the interval of the median over rounds.

    Args:
        claim: what is claimed.
        there: what was timed, by id of the setting.

    Returns:
        Supported where the whole interval reaches the share, refuted where none of it does.
    """
    above = there.get(claim.setting.id)
    below = there.get(claim.base.id) if claim.base else above
    if above is None or below is None:
        return Verdict(Word.INCONCLUSIVE, claim.words, "one of the two was not timed")
    found = _of_base(claim, above, below)
    evidence = {"median": found.median, "low": found.low, "high": found.high, "rounds": found.rounds,
                "at_least": claim.share}  # fmt: skip
    word = Word.INCONCLUSIVE
    if found.low >= claim.share:
        word = Word.SUPPORTED
    elif found.high < claim.share:
        word = Word.REFUTED
    reason = (
        f"{found.median:.3f} [{found.low:.3f}, {found.high:.3f}] over {found.rounds} rounds, claimed {claim.share:g}"
    )
    return Verdict(word, claim.words, reason, evidence)


def _of_base(claim: AtLeast, above: Times, below: Times) -> Interval:
    if claim.base is None:
        return above.efficiency
    return ratio(below.step, above.step).times(claim.setting.training.batch / claim.base.training.batch)


def judge_sanity(setting: Setting, gaps: GapTable, *, epsilon: float, stale: float) -> Verdict:
    """Judge whether what was timed ended at the weights of the reference, in every round and layer.

    Args:
        setting: who was timed.
        gaps: all its rounds; without a gap to the reference they are emulated, or could not have been stored.
        epsilon: largest relative gap that counts as float noise.
        stale: the same for s ≥ 1, of all layers together.

    Returns:
        Refuted where a gap is larger.
    """
    if not gaps.layers:
        return Verdict(Word.SUPPORTED, setting.id, "emulated: exchanges are real, and nothing is computed")
    late = isinstance(setting.distribution, StalePartition) and setting.distribution.staleness
    parts, epsilon = [], stale if late else epsilon
    for layer in ["all"] if late else gaps.layers:
        rows = (gaps.gap == TRAJECTORY) & (gaps.layer == layer)
        values = gaps.value[rows]
        worst = float(values.max())
        word = Word.SUPPORTED if worst <= epsilon else Word.REFUTED
        reason = f"largest relative gap to the reference {worst:.2g}, {epsilon:g} is allowed"
        parts.append(Verdict(word, layer, reason, {"largest": worst, "median": float(np.median(values))}))
    return all_of(setting.id, parts)
