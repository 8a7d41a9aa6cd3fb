"""From the gaps of records to the verdict of a suite: layer by layer, setting by setting, with controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from harness.record import NATURAL, NOISE, OUTCOME, TRAJECTORY, TRAVELLED, GapTable, Record
from harness.spec import Role, Setting, Tolerance
from harness.stats import convergence, sequential
from harness.stats.convergence import Judgement
from harness.stats.equivalence import judge_equivalence
from harness.verdict import Verdict, Word, all_of, with_controls

Rule = Callable[..., Judgement]
FIXED: Rule = convergence.judge
SEQUENTIAL: Rule = sequential.judge_sequentially

Judge = Callable[[Setting, GapTable], Verdict]

# A layer has moved where the reference has travelled ten times the float noise between two of its own runs, and ε
# can be told from that noise where it is ten times as large.
ROOM = 10.0


def judge_suite(
    name: str, settings: Sequence[Setting], records: Sequence[Record], tolerance: Tolerance, rule: Rule = FIXED
) -> Verdict:
    """Judge the trajectory gaps and outcomes of every setting of a sweep, and of settings beyond it, and compose.

    Args:
        name: name of the suite.
        settings: the sweep.
        records: what is stored.
        tolerance: ε, δ and α.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The suite's verdict; inconclusive where a setting of the sweep is not complete.
    """
    return judge_each(
        name, settings, records, lambda s, gaps: judge_trajectory(s, gaps, tolerance, rule), planned=rule is FIXED
    )


def judge_each(
    name: str, settings: Sequence[Setting], records: Sequence[Record], judge: Judge, *, planned: bool = True
) -> Verdict:
    """Judge every setting of a sweep, and settings beyond it that were run, by a suite's own questions, and compose.

    Args:
        name: name of the suite.
        settings: the sweep.
        records: what is stored.
        judge: from a setting and its gaps to its verdict.
        planned: whether a setting with fewer replicates than planned is not judged yet.

    Returns:
        The suite's verdict; inconclusive where a setting of the sweep is not complete.
    """
    stored = {record.facts.setting.id: record.facts.setting for record in records}
    everything = {s.id: s for s in settings} | stored
    parts = {s.id: judge_setting(s, records, judge, planned=planned) for s in everything.values()}

    def having(role: Role) -> list[Verdict]:
        return [parts[s.id] for s in everything.values() if s.role is role]

    missing = [s.id for s in everything.values() if s.id not in stored]
    if missing:
        reason = f"incomplete: {len(missing)} of {len(everything)} settings were not run yet, {missing[0]} first"
        return Verdict(Word.INCONCLUSIVE, name, reason, parts=tuple(parts.values()))
    return with_controls(name, having(Role.CLAIM), having(Role.ANCHOR), having(Role.CONTROL))


def judge_setting(setting: Setting, records: Sequence[Record], judge: Judge, *, planned: bool = True) -> Verdict:
    """Judge one setting.

    Args:
        setting: the setting.
        records: what is stored, of this setting and others.
        judge: from a setting and its gaps to its verdict.
        planned: whether fewer replicates than planned are not judged yet.

    Returns:
        Supported only where every part is.
    """
    gaps, replicates = _gathered(setting, records)
    role = {"role": setting.role}
    if gaps is None or (planned and replicates < setting.replicates):
        reason = f"{replicates} of {setting.replicates} replicates were run"
        return Verdict(Word.INCONCLUSIVE, setting.id, reason, role)
    verdict = judge(setting, gaps)
    return replace(verdict, evidence={**verdict.evidence, **role})


def judge_trajectory(setting: Setting, gaps: GapTable, tolerance: Tolerance, rule: Rule = FIXED) -> Verdict:
    """Judge the trajectory gap of every layer, and for claims and anchors the outcomes.

    Args:
        setting: the setting.
        gaps: all its replicates.
        tolerance: ε, δ and α.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        Supported only where every layer and every outcome is.
    """
    parts = [judge_gap(TRAJECTORY, layer, gaps, tolerance, rule) for layer in gaps.layers]
    if setting.role is not Role.CONTROL:
        parts += [_judge_outcome(name, margin, gaps, tolerance) for name, margin in tolerance.margins]
    return all_of(setting.id, parts)


def covered(setting: Setting, records: Sequence[Record]) -> int:
    """Number of replicates of a setting that are stored without a hole, from the first.

    Args:
        setting: the setting.
        records: what is stored, of this setting and others.

    Returns:
        The number.
    """
    return _gathered(setting, records)[1]


def _gathered(setting: Setting, records: Sequence[Record]) -> tuple[GapTable | None, int]:
    """Gaps of the consecutive replicates that are stored, each once, whatever blocks they were run in."""
    mine = sorted(
        (r for r in records if r.facts.setting.id == setting.id),
        key=lambda r: (r.facts.block.first, -r.facts.block.count),
    )
    tables, reached = [], 0
    for record in mine:
        if record.facts.block.first == reached:
            tables.append(record.gaps)
            reached += record.facts.block.count
    return (GapTable.concat(tables) if tables else None), reached


def judge_gap(gap: str, layer: str, gaps: GapTable, tolerance: Tolerance, rule: Rule = FIXED) -> Verdict:
    """Judge one gap of one layer.

    Args:
        gap: which gap of the distributed weights.
        layer: its layer, also of the A/A gap and of the distance travelled.
        gaps: all replicates of a setting.
        tolerance: ε, δ and α.
        rule: for the planned number of replicates, or for replicates added until decided.

    Returns:
        The verdict; inconclusive where the layer has not moved, or ε lies within the noise.
    """
    values, clocks = gaps.worst_over_ranks(gap=gap, layer=layer)
    noise, _ = gaps.worst_over_ranks(gap=NOISE, layer=layer)
    natural, _ = gaps.worst_over_ranks(gap=NATURAL, layer=layer)
    lengths, _ = gaps.worst_over_ranks(gap=TRAVELLED, layer=layer)
    evidence = {
        "median_gap": float(np.median(values[:, -1])),
        "median_noise": float(np.median(noise[:, -1])),
        "largest_noise": float(noise.max()),
        "median_natural": float(np.median(natural[:, -1])),
        "median_travelled": float(np.median(lengths[:, -1])),
        "offender": gaps.offender(gap=gap, layer=layer),
    }
    unmoved = int(np.count_nonzero((lengths[:, -1] == 0) | (ROOM * noise[:, -1] >= 1)))
    if unmoved:
        reason = f"in {unmoved} of {len(lengths)} replicates the reference has not moved past {ROOM:g} times its noise"
        return Verdict(Word.INCONCLUSIVE, layer, reason, evidence)
    if ROOM * noise.max() > tolerance.epsilon:
        reason = f"ε = {tolerance.epsilon:g} lies within {ROOM:g} times the float noise of {noise.max():.2g}"
        return Verdict(Word.INCONCLUSIVE, layer, reason, evidence)
    limits = {"epsilon": tolerance.epsilon, "delta": tolerance.delta, "alpha": tolerance.alpha}
    if tolerance.throughout:
        # Equality up to ε: the largest gap so far must stay below ε, and what is below ε counts as equal.
        judgement = rule(np.maximum.accumulate(values, axis=1), clocks, **limits, resolution=tolerance.epsilon)
    else:
        judgement = rule(values, clocks, **limits)
    return Verdict(judgement.verdict, layer, judgement.reason, evidence | judgement.evidence)


def _judge_outcome(name: str, margin: float, gaps: GapTable, tolerance: Tolerance) -> Verdict:
    judgement = judge_equivalence(gaps.signed(gap=OUTCOME, layer=name), margin=margin, alpha=tolerance.alpha)
    return Verdict(judgement.verdict, name, judgement.reason, judgement.evidence)
