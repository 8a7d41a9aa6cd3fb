"""Judging exponents that are known, on records made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from law_records import along, in_time, made

from harness.record import TRAJECTORY, TRAVELLED
from harness.schedule import checkpoints
from harness.spec import DataPartition, Role, Setting, StepSize, Training
from harness.spec.laws import Scaling, Trend
from harness.stats.laws import absolute, bends, expected_course, judge_law, judge_laws, points, slopes, tables_of
from harness.verdict import Word
from suites.staleness_laws.sweep import TOLERANCE

TRAINING = Training(data="teacher", widths=(64, 4, 10), batch=8, clocks=1_000, step_size=StepSize(0.1))


def _setting(step: float, role: Role = Role.CLAIM, power: float = 0.0) -> Setting:
    return Setting(role, replace(TRAINING, step_size=StepSize(step, power)), DataPartition(2), 32)


def _scaling(predicted: float = 1.0, points: int = 4) -> Scaling:
    steps = [0.05 * 2**place for place in range(points)]
    return Scaling("step size", "net", "step size η", tuple((step, _setting(step)) for step in steps), predicted)


def _trend(power: float = 0.0, **course: float) -> Trend:
    return Trend("course", "net", _setting(0.1, power=power), **course)


@pytest.mark.parametrize("predicted", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_the_right_power_of_a_quantity_is_supported_and_others_are_refuted(predicted: float, exponent: float) -> None:
    law = _scaling(predicted)
    verdict = judge_law(law, along(law, exponent, spread=0.02), Role.CLAIM)
    assert verdict.word is (Word.SUPPORTED if exponent == predicted else Word.REFUTED), verdict.reason
    assert verdict.evidence["estimate"] == pytest.approx(exponent, abs=0.1)
    assert verdict.evidence["lower"] <= verdict.evidence["estimate"] <= verdict.evidence["upper"]
    assert verdict.evidence["predicted"] == pytest.approx(predicted)


def test_expected_courses_are_those_of_the_formula() -> None:
    law = _trend(power=0.5, step_power=0.5, clock_power=2.0, walk=0.3)
    clocks = np.array([1, 7, 900])
    steps = 0.1 / np.sqrt(1 + np.arange(900) / 100)
    walked = [1 + 0.3 * (steps[:c] ** 2).sum() / steps[c - 1] for c in clocks]
    expected = [np.log(steps[c - 1] ** 0.5 * c**2 * w**0.5) for c, w in zip(clocks, walked, strict=True)]
    assert expected_course(law, clocks) == pytest.approx(expected)


COURSES = [
    _trend(),
    _trend(power=0.5),
    _trend(power=1.0, step_power=0.5),
    _trend(clock_power=1.0),
    _trend(clock_power=0.5),
    _trend(step_power=0.5, walk=10.0),
]


@pytest.mark.parametrize("law", COURSES, ids=str)
def test_a_gap_that_follows_its_course_is_supported(law: Trend) -> None:
    assert judge_law(law, in_time(law), Role.CLAIM).word is Word.SUPPORTED


@pytest.mark.parametrize("law", COURSES[1:], ids=str)
def test_a_gap_that_stays_where_it_should_move_is_refuted(law: Trend) -> None:
    verdict = judge_law(law, in_time(law, strength=0.0), Role.CLAIM)
    assert verdict.word is Word.REFUTED, verdict.reason


def test_a_gap_that_still_grows_is_no_plateau() -> None:
    law = _trend()
    (flat,) = in_time(law)
    gaps, clocks = absolute(law.setting, {law.setting.id: flat.gaps})
    verdict = judge_law(law, [made(law.setting, gaps * clocks**0.4)], Role.CLAIM)
    assert verdict.word is Word.REFUTED
    assert verdict.evidence["estimate"] == pytest.approx(0.4, abs=0.1)


def test_only_the_last_three_octaves_of_a_course_count() -> None:
    law = _trend()
    (flat,) = in_time(law)
    gaps, clocks = absolute(law.setting, {law.setting.id: flat.gaps})
    early = np.minimum(1.0, clocks / (clocks[-1] / 8)) ** 2
    assert judge_law(law, [made(law.setting, gaps * early)], Role.CLAIM).word is Word.SUPPORTED


def test_noise_that_is_too_large_is_inconclusive_and_seldom_refutes_a_right_law() -> None:
    """Nominally each of four one-sided bounds errs in 0.05 at its margin; the truth lies half way between them."""
    law = _scaling()
    words = [judge_law(law, along(law, 1.0, 1.0, seed), Role.CLAIM).word for seed in range(40)]
    assert words.count(Word.REFUTED) <= 4
    assert words.count(Word.SUPPORTED) <= 2


def test_the_absolute_gap_is_judged_not_the_relative_one() -> None:
    """Where the step size is larger the reference has travelled farther, and the relative gap has another exponent."""
    law = _scaling()
    records = along(law, 1.0, spread=0.0)
    tables = {}
    for (step, setting), record in zip(law.points, records, strict=True):
        scale = {TRAJECTORY: 1 / step, TRAVELLED: step}
        factors = np.array([scale.get(str(gap), 1.0) for gap in record.gaps.gap])
        tables[setting.id] = replace(record.gaps, value=record.gaps.value * factors)
    places, logs, _ = points(law, tables)
    assert slopes(places, logs) == pytest.approx(np.ones(32))


def test_a_bent_curve_with_the_right_mean_exponent_is_refuted() -> None:
    law = _scaling()
    places, _, _ = points(law, {r.facts.setting.id: r.gaps for r in along(law, 1.0)})
    curve = places**2
    beside = np.stack([np.ones_like(places), places], axis=1)
    bent = curve - beside @ np.linalg.lstsq(beside, curve, rcond=None)[0]
    bent /= bends(places, bent[None])
    records = []
    for shift, (quantity, setting) in zip(bent, law.points, strict=True):
        gaps = np.ones((32, len(checkpoints(setting.training.clocks, setting.training.checkpoints))))
        gaps[:, -1] = 1e-3 * quantity * np.exp(shift)
        records.append(made(setting, gaps))
    verdict = judge_law(law, records, Role.CLAIM)
    assert verdict.word is Word.REFUTED
    assert verdict.evidence["estimate"] == pytest.approx(1)
    assert verdict.evidence["bend"]["estimate"] == pytest.approx(1)


def test_fewer_than_four_points_have_no_bend() -> None:
    law = _scaling(points=3)
    assert "bend" not in judge_law(law, along(law, 1.0, spread=0.02), Role.CLAIM).evidence


@pytest.mark.parametrize("bad", [0.0, np.inf])
def test_diverged_or_vanished_replicates_support_nothing(bad: float) -> None:
    law = _scaling()
    records = along(law, 1.0)
    gaps, _ = absolute(law.settings[0], {law.settings[0].id: records[0].gaps})
    gaps[:20] = bad
    records[0] = made(law.settings[0], gaps)
    assert judge_law(law, records, Role.CLAIM).word is not Word.SUPPORTED
    _, logs, _ = points(law, tables_of(records))
    assert np.isnan(logs[:20, 0]).all()
    assert np.isfinite(logs[20:]).all()


def test_a_law_with_a_setting_missing_or_cut_short_is_inconclusive() -> None:
    law = _scaling()
    records = along(law, 1.0)
    assert judge_law(law, records[1:], Role.CLAIM).word is Word.INCONCLUSIVE
    gaps, _ = absolute(law.settings[0], {law.settings[0].id: records[0].gaps})
    assert judge_law(law, [made(law.settings[0], gaps[:31]), *records[1:]], Role.CLAIM).word is Word.INCONCLUSIVE


@pytest.mark.parametrize(
    ("control", "anchor", "word"),
    [(0.0, 1e-16, Word.SUPPORTED), (1.0, 1e-16, Word.INCONCLUSIVE), (0.0, 1e-3, Word.INCONCLUSIVE)],
)
def test_laws_count_only_where_anchors_hold_and_controls_are_refuted(control: float, anchor: float, word: Word) -> None:
    law, point = _scaling(), _setting(0.7, Role.ANCHOR)
    broken = Scaling("control", "net", "step size η", ((0.01, _setting(0.01)), (0.02, _setting(0.02))))
    records = [
        *along(law, 1.0, spread=0.02),
        *along(broken, control, spread=0.02),
        made(point, np.full((32, 14), anchor)),
    ]
    verdict = judge_laws("suite", [law], [point], [broken], records, TOLERANCE)
    assert verdict.word is word, verdict.reason
    assert ("void" in verdict.reason) == (word is Word.INCONCLUSIVE)
