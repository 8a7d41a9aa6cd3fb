"""From the gaps of records to the verdict of a suite: layer by layer, setting by setting, with controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.record import GapTable, Record
from harness.spec import Role, Setting, Tolerance
from harness.stats.convergence import judge
from harness.verdict import Verdict, Word, all_of, with_controls

# A layer has moved where the reference has travelled ten times the float noise between two of its own runs.
MOVED = 10.0


def judge_suite(name: str, settings: Sequence[Setting], records: Sequence[Record], tolerance: Tolerance) -> Verdict:
    """Judge every setting of a sweep, and settings beyond it that were run, and compose.

    Args:
        name: name of the suite.
        settings: the sweep.
        records: what is stored.
        tolerance: ε, δ and α.

    Returns:
        The suite's verdict; inconclusive where a setting of the sweep has no complete record.
    """
    stored = {record.facts.setting.id: record.facts.setting for record in records}
    everything = {s.id: s for s in settings} | stored
    parts = {s.id: _judge_setting(s, records, tolerance) for s in everything.values()}

    def having(role: Role) -> list[Verdict]:
        return [parts[s.id] for s in everything.values() if s.role is role]

    missing = [s.id for s in everything.values() if s.id not in stored]
    if missing:
        reason = f"incomplete: {len(missing)} of {len(everything)} settings were not run yet, {missing[0]} first"
        return Verdict(Word.INCONCLUSIVE, name, reason, parts=tuple(parts.values()))
    return with_controls(name, having(Role.CLAIM), having(Role.ANCHOR), having(Role.CONTROL))


def _judge_setting(setting: Setting, records: Sequence[Record], tolerance: Tolerance) -> Verdict:
    mine = {r.facts.block: r.gaps for r in records if r.facts.setting.id == setting.id}
    missing = [block.id for block in setting.blocks if block not in mine]
    if missing:
        return Verdict(Word.INCONCLUSIVE, setting.id, f"not run yet: {', '.join(missing)}", {"role": setting.role})
    joint = judge_layers(setting.id, GapTable.concat(list(mine.values())), tolerance)
    return replace(joint, evidence={"role": setting.role})


def judge_layers(subject: str, gaps: GapTable, tolerance: Tolerance) -> Verdict:
    """Judge the trajectory gap of each layer and of all together, at whichever checkpoint it is largest.

    Args:
        subject: what the gaps belong to.
        gaps: gaps `trajectory`, `aa` and `travelled`.
        tolerance: ε, δ and α.

    Returns:
        Supported only where every layer is.

    Raises:
        BadInputError: one of the gaps was not recorded.
    """
    return all_of(subject, [_judge_layer(layer, gaps, tolerance) for layer in gaps.layers])


def _judge_layer(layer: str, gaps: GapTable, tolerance: Tolerance) -> Verdict:
    values, clocks = gaps.worst_over_ranks(gap="trajectory", layer=layer)
    noise, _ = gaps.worst_over_ranks(gap="aa", layer=layer)
    lengths, _ = gaps.worst_over_ranks(gap="travelled", layer=layer)
    unmoved = int(np.count_nonzero((lengths[:, -1] == 0) | (MOVED * noise[:, -1] >= 1)))
    evidence = {
        "median_gap": float(np.median(values[:, -1])),
        "median_noise": float(np.median(noise[:, -1])),
        "largest_noise": float(noise.max()),
        "median_travelled": float(np.median(lengths[:, -1])),
        "offender": gaps.offender(gap="trajectory", layer=layer),
    }
    if unmoved:
        reason = f"in {unmoved} of {len(lengths)} replicates the reference has not moved past {MOVED:g} times its noise"
        return Verdict(Word.INCONCLUSIVE, layer, reason, evidence)
    so_far = np.maximum.accumulate(values, axis=1)
    judgement = judge(so_far, clocks, epsilon=tolerance.epsilon, delta=tolerance.delta, alpha=tolerance.alpha)
    return Verdict(judgement.verdict, layer, judgement.reason, evidence | judgement.evidence)
