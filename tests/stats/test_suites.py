from __future__ import annotations

import numpy as np

from harness.spec import Fault, Role, Tolerance
from harness.stats.suites import judge_layers, judge_suite
from harness.verdict import Word
from samples import gap_table, record, setting

TOLERANCE = Tolerance(epsilon=1e-12, delta=0.1, alpha=0.05, derivation="test")
SETTINGS = (
    setting(2, replicates=30),
    setting(1, role=Role.ANCHOR, replicates=30),
    setting(2, Fault.NO_EXCHANGE, replicates=30),
)
NOISE, LARGE = np.full((30, 4), 1e-15), np.full((30, 4), 0.1)


def test_one_bad_layer_is_enough() -> None:
    joint = judge_layers("s", gap_table(LARGE), TOLERANCE)
    assert joint.word is Word.REFUTED
    assert [part.word for part in joint.parts] == [Word.SUPPORTED, Word.REFUTED, Word.SUPPORTED]
    assert joint.reason.startswith("layer 2")


def test_a_gap_that_was_large_once_counts() -> None:
    gaps = NOISE.copy()
    gaps[:, 1] = 0.1
    assert judge_layers("s", gap_table(gaps), TOLERANCE).word is Word.REFUTED


def test_a_layer_that_has_not_moved_is_inconclusive() -> None:
    assert judge_layers("s", gap_table(0 * NOISE, travelled=0.0), TOLERANCE).word is Word.INCONCLUSIVE
    assert judge_layers("s", gap_table(NOISE, noise=0.2), TOLERANCE).word is Word.INCONCLUSIVE


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
