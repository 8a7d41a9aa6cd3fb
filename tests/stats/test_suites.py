from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.record import Record
from harness.spec import Fault, Role, Tolerance
from harness.stats.suites import FIXED, SEQUENTIAL, Rule, covered, judge_setting, judge_suite, judge_trajectory
from harness.verdict import Verdict, Word
from samples import gap_table, record, setting

TOLERANCE = Tolerance(
    epsilon=1e-12,
    delta=0.1,
    alpha=0.05,
    noise=1e-15,
    natural=0.1,
    throughout=True,
    margins=(("error rate", 0.005), ("loss", 0.005)),
    derivation="test",
)
SETTINGS = (
    setting(2, replicates=30),
    setting(1, role=Role.ANCHOR, replicates=30),
    setting(2, Fault.NO_EXCHANGE, replicates=30),
)
NOISE, LARGE = np.full((30, 4), 1e-15), np.full((30, 4), 0.1)


def judged_setting(records: list[Record], rule: Rule = FIXED) -> Verdict:
    return judge_setting(
        SETTINGS[0], records, lambda s, gaps: judge_trajectory(s, gaps, TOLERANCE, rule), planned=rule is FIXED
    )


def judged(gaps: np.ndarray, **options: float) -> Verdict:
    made = record(SETTINGS[0], gaps)
    return judged_setting([replace(made, gaps=gap_table(gaps, **options))])


def test_one_bad_layer_is_enough() -> None:
    joint = judged(LARGE)
    assert joint.word is Word.REFUTED
    assert [part.word for part in joint.parts[:3]] == [Word.SUPPORTED, Word.REFUTED, Word.SUPPORTED]
    assert joint.reason.startswith("layer 2")


def test_a_gap_that_was_large_once_counts() -> None:
    gaps = NOISE.copy()
    gaps[:, 1] = 0.1
    assert judged(gaps).word is Word.REFUTED


def test_a_layer_that_has_not_moved_is_inconclusive() -> None:
    assert "has not moved" in judged(0 * NOISE, travelled=0.0).reason
    assert "has not moved" in judged(NOISE, noise=0.2).reason


def test_epsilon_within_the_noise_is_inconclusive() -> None:
    assert "lies within 10 times the float noise" in judged(NOISE, noise=2e-13).reason


def test_outcomes_must_be_equivalent_too() -> None:
    assert judged(NOISE, outcomes=0.001).word is Word.SUPPORTED
    for difference in (0.02, -0.02):
        assert judged(NOISE, outcomes=difference).reason.startswith("error rate: outcomes differ")


def test_blocks_are_joined_and_counted_once() -> None:
    blocks = [(0, 10), (0, 4), (10, 20), (40, 5)]
    records = [record(SETTINGS[0], NOISE[:count], first=first) for first, count in blocks]
    assert covered(SETTINGS[0], records) == 30
    assert judged_setting(records).word is Word.SUPPORTED
    assert "10 of 30 replicates were run" in judged_setting(records[:2]).reason


def test_sequential_rule_needs_no_planned_number() -> None:
    twelve = record(SETTINGS[0], LARGE[:12])
    assert judged_setting([twelve]).word is Word.INCONCLUSIVE
    assert judged_setting([twelve], SEQUENTIAL).word is Word.REFUTED
    assert judged_setting([], SEQUENTIAL).word is Word.INCONCLUSIVE


def test_sound_suite_is_supported() -> None:
    records = [record(point, gaps) for point, gaps in zip(SETTINGS, (NOISE, NOISE, LARGE), strict=True)]
    verdict = judge_suite("suite", SETTINGS, records, TOLERANCE)
    assert verdict.word is Word.SUPPORTED
    assert [part.evidence["role"] for part in verdict.parts] == ["claim", "anchor", "control"]


def test_control_that_passes_makes_the_suite_void() -> None:
    records = [record(point, NOISE) for point in SETTINGS]
    verdict = judge_suite("suite", SETTINGS, records, TOLERANCE)
    assert verdict.word is Word.INCONCLUSIVE
    assert "negative control" in verdict.reason


def test_broken_claim_is_refuted() -> None:
    records = [record(point, gaps) for point, gaps in zip(SETTINGS, (LARGE, NOISE, LARGE), strict=True)]
    assert judge_suite("suite", SETTINGS, records, TOLERANCE).word is Word.REFUTED


def test_missing_setting_is_named() -> None:
    verdict = judge_suite("suite", SETTINGS, [record(SETTINGS[0], NOISE)], TOLERANCE)
    assert verdict.word is Word.INCONCLUSIVE
    assert verdict.reason.startswith("incomplete: 2 of 3 settings")


def test_settings_beyond_the_sweep_are_judged_too() -> None:
    points = (*SETTINGS, setting(4, replicates=30))
    records = [record(p, gaps) for p, gaps in zip(points, (NOISE, NOISE, LARGE, LARGE), strict=True)]
    assert judge_suite("suite", SETTINGS, records, TOLERANCE).word is Word.REFUTED
