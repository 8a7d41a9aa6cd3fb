"""Judging exponents that are known, on records made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.delays import views
from harness.record import NATURAL, NOISE, OUTCOME, TRAJECTORY, TRAVELLED, GapTable, Record
from harness.schedule import checkpoints
from harness.spec import Delays, Role, Setting
from harness.verdict import Word
from samples import record
from suites.staleness_laws.analysis import absolute, judge, judge_law, plot_clock, plot_scaling, points, slopes
from suites.staleness_laws.sweep import ANCHORS, CONTROLS, LAWS, SETTINGS, Law, Scaling, Trend, mean_lateness

TRAVEL = 2.0
_SCALINGS = [law for law in LAWS if isinstance(law, Scaling)]
_TRENDS = [law for law in LAWS if isinstance(law, Trend)]


def _made(setting: Setting, gaps: np.ndarray) -> Record:
    """A record with these absolute gaps, (replicates, checkpoints)."""
    clocks, replicates = checkpoints(setting.training.clocks, setting.training.checkpoints), range(len(gaps))
    ones = np.ones_like(gaps)
    values = {TRAJECTORY: gaps / TRAVEL, TRAVELLED: TRAVEL * ones, NOISE: 1e-16 * ones, NATURAL: 0.1 * ones}
    tables = [
        GapTable.from_array(array, replicates=replicates, clocks=clocks, layer="all", gap=gap, rank=0)
        for gap, array in values.items()
    ]
    tables += [
        GapTable.from_array(0 * ones[:, :1], replicates=replicates, clocks=clocks[-1:], layer=name, gap=OUTCOME, rank=0)
        for name in ("error rate", "loss")
    ]
    made = record(setting, gaps)
    return replace(
        made,
        facts=made.facts.model_copy(update={"suite": "staleness_laws", "setting": setting}),
        gaps=GapTable.concat(tables),
    )


def _along(law: Scaling, exponent: float, spread: float = 0.1, seed: int = 7) -> list[Record]:
    """Last gaps that follow a power of the quantity, with noise of each replicate at each point; others are all 1."""
    draws = np.random.default_rng(seed)
    records = []
    for quantity, setting in law.points:
        gaps = np.ones((
            setting.replicates,
            len(checkpoints(setting.training.clocks, setting.training.checkpoints)),
        ))
        gaps[:, -1] = 1e-3 * quantity**exponent * np.exp(spread * draws.standard_normal(setting.replicates))
        records.append(_made(setting, gaps))
    return records


def _in_time(law: Trend, power: float, spread: float = 0.1) -> list[Record]:
    """Gaps that follow a power of the step size."""
    draws, training = np.random.default_rng(8), law.setting.training
    clocks = checkpoints(training.clocks, training.checkpoints)
    steps = np.array([training.step_size.at(int(clock) - 1) for clock in clocks])
    noise = np.exp(spread * draws.standard_normal((law.setting.replicates, len(clocks))))
    return [_made(law.setting, 1e-2 * steps**power * noise)]


@pytest.mark.parametrize("law", _SCALINGS, ids=lambda law: f"{law.net}: {law.name}")
@pytest.mark.parametrize(
    ("exponent", "word"), [(1.0, Word.SUPPORTED), (0.5, Word.REFUTED), (2.0, Word.REFUTED), (0.0, Word.REFUTED)]
)
def test_the_right_power_of_a_quantity_is_supported_and_others_are_refuted(
    law: Scaling, exponent: float, word: Word
) -> None:
    verdict = judge_law(law, _along(law, exponent, spread=0.02), Role.CLAIM)
    assert verdict.word is word, verdict.reason
    assert verdict.evidence["estimate"] == pytest.approx(exponent, abs=0.1)
    assert verdict.evidence["lower"] <= verdict.evidence["estimate"] <= verdict.evidence["upper"]
    assert verdict.evidence["predicted"] == pytest.approx(1)


@pytest.mark.parametrize("law", _TRENDS, ids=lambda law: f"{law.net}: {law.name}")
def test_a_gap_that_follows_the_step_size_is_supported(law: Trend) -> None:
    assert judge_law(law, _in_time(law, 1.0), Role.CLAIM).word is Word.SUPPORTED


@pytest.mark.parametrize(
    "law", [law for law in _TRENDS if law.setting.training.step_size.power], ids=lambda law: law.name
)
def test_a_gap_that_stays_while_the_step_size_falls_is_refuted(law: Trend) -> None:
    verdict = judge_law(law, _in_time(law, 0.0), Role.CLAIM)
    assert verdict.word is Word.REFUTED, verdict.reason


def test_a_gap_that_still_grows_is_no_plateau() -> None:
    law = _TRENDS[0]
    (flat,) = _in_time(law, 0.0)
    gaps, clocks = absolute(law.setting, {law.setting.id: flat.gaps})
    verdict = judge_law(law, [_made(law.setting, gaps * clocks**0.4)], Role.CLAIM)
    assert verdict.word is Word.REFUTED
    assert verdict.evidence["estimate"] == pytest.approx(0.4, abs=0.1)


def test_noise_that_is_too_large_is_inconclusive_and_seldom_refutes_a_right_law() -> None:
    """Nominally each of four one-sided bounds errs in 0.05 at its margin; the truth lies half way between them."""
    words = [judge_law(_SCALINGS[0], _along(_SCALINGS[0], 1.0, 1.0, seed), Role.CLAIM).word for seed in range(40)]
    assert words.count(Word.REFUTED) <= 4
    assert words.count(Word.SUPPORTED) <= 2


def test_the_absolute_gap_is_judged_not_the_relative_one() -> None:
    """Where the step size is larger the reference has travelled farther, and the relative gap has another exponent."""
    law = next(law for law in _SCALINGS if law.name == "step size")
    records = _along(law, 1.0, spread=0.0)
    tables = {}
    for (step, setting), made in zip(law.points, records, strict=True):
        scale = {TRAJECTORY: 1 / step, TRAVELLED: step}
        factors = np.array([scale.get(str(gap), 1.0) for gap in made.gaps.gap])
        tables[setting.id] = replace(made.gaps, value=made.gaps.value * factors)
    places, logs, _ = points(law, tables)
    assert slopes(places, logs) == pytest.approx(np.ones(32))


def test_predicted_slopes_tend_to_minus_p() -> None:
    found = {law.name: judge_law(law, _in_time(law, 1.0), Role.CLAIM).evidence["predicted"] for law in _TRENDS}
    assert found["plateau at constant η"] == pytest.approx(0, abs=1e-12)
    assert -0.5 < found["decay, p = 0.5"] < -0.35
    assert -1.0 < found["decay, p = 1"] < -0.7


@pytest.mark.parametrize("law", _SCALINGS, ids=lambda law: f"{law.net}: {law.name}")
def test_a_bent_curve_with_the_right_mean_exponent_is_refuted(law: Scaling) -> None:
    records = _along(law, 1.0, spread=0.0)
    places, _, _ = points(law, {r.facts.setting.id: r.gaps for r in records})
    curve = places**2
    beside = np.stack([np.ones_like(places), places], axis=1)
    bent = curve - beside @ np.linalg.lstsq(beside, curve, rcond=None)[0]
    bent /= slopes(places[2:], bent[None, 2:]) - slopes(places[:2], bent[None, :2])
    made = []
    for shift, (quantity, setting) in zip(bent, law.points, strict=True):
        gaps = np.ones((32, len(checkpoints(setting.training.clocks, setting.training.checkpoints))))
        gaps[:, -1] = 1e-3 * quantity * np.exp(shift)
        made.append(_made(setting, gaps))
    verdict = judge_law(law, made, Role.CLAIM)
    assert verdict.word is Word.REFUTED
    assert verdict.evidence["estimate"] == pytest.approx(1)
    assert verdict.evidence["bend"]["estimate"] == pytest.approx(1)


def test_diverged_or_vanished_replicates_support_nothing() -> None:
    law = _SCALINGS[0]
    records = _along(law, 1.0)
    for bad in (0.0, np.inf):
        gaps, _ = absolute(law.settings[0], {law.settings[0].id: records[0].gaps})
        gaps[:20] = bad
        word = judge_law(law, [_made(law.settings[0], gaps), *records[1:]], Role.CLAIM).word
        assert word is not Word.SUPPORTED


@pytest.mark.parametrize("staleness", [1, 2, 4, 8])
def test_mean_lateness_is_that_of_the_views(staleness: int) -> None:
    clocks = np.arange(2_000)[:, None, None]
    late = (clocks - views(Delays.UNIFORM, 4, staleness, 2_000, replicate=0))[50:]
    assert late.sum() / (len(late) * 4 * 3) == pytest.approx(mean_lateness(staleness), rel=0.03)


@pytest.fixture
def suite() -> Callable[[float], list[Record]]:
    """Records of the whole suite, where the law in s has this exponent under the controls, and all laws hold."""

    def fill(control: float) -> list[Record]:
        base = {law.net: law.setting for law in _TRENDS if not law.setting.training.step_size.power}
        records = {}
        for setting in SETTINGS:
            net = "softmax" if len(setting.training.widths) == 2 else "tanh"
            first, step_size = base[net].training.step_size, setting.training.step_size
            clocks = checkpoints(setting.training.clocks, setting.training.checkpoints)
            workers, staleness = setting.distribution.workers, int(setting.distribution.staleness)
            latest = setting.distribution.delays is Delays.LATEST
            late = staleness if latest else mean_lateness(staleness)
            late = late**control if setting.role is Role.CONTROL else late
            steps = np.array([step_size.at(int(clock) - 1) for clock in clocks]) / first.initial
            noise = np.exp(0.05 * np.random.default_rng(staleness).standard_normal((setting.replicates, len(clocks))))
            gaps = 1e-2 * late * (workers - 1) / workers * steps * noise
            records[setting.id] = _made(setting, np.full_like(gaps, 1e-16) if setting in ANCHORS else gaps)
        return list(records.values())

    return fill


def test_a_suite_whose_laws_hold_is_supported_and_its_figures_are_drawn(suite: Callable[[float], list[Record]]) -> None:
    records = suite(0.0)
    verdict = judge(records)
    assert verdict.word is Word.SUPPORTED, verdict.reason
    assert len(verdict.parts) == len(LAWS) + len(ANCHORS) + len(CONTROLS)
    assert all("role" in part.evidence for part in verdict.parts)
    for draw in (plot_scaling, plot_clock):
        figure = draw(records)
        assert isinstance(figure, Figure)
        assert all(axis.get_xlabel() for axis in figure.axes)
        assert all(axis.get_legend() for axis in figure.axes)
    assert isinstance(plot_scaling(records[:1]), Figure)


def test_a_control_that_keeps_the_law_voids_the_suite(suite: Callable[[float], list[Record]]) -> None:
    verdict = judge(suite(1.0))
    assert verdict.word is Word.INCONCLUSIVE
    assert "void" in verdict.reason
    assert "no exchange" in verdict.reason


def test_an_anchor_with_a_gap_voids_the_suite(suite: Callable[[float], list[Record]]) -> None:
    records = [_made(r.facts.setting, np.full((32, 14), 1e-3)) if r.facts.setting in ANCHORS else r for r in suite(0.0)]
    verdict = judge(records)
    assert verdict.word is Word.INCONCLUSIVE
    assert ANCHORS[0].id in verdict.reason


def test_one_wrong_law_refutes_the_suite_and_is_named(suite: Callable[[float], list[Record]]) -> None:
    law = _SCALINGS[0]
    wrong = {r.facts.setting.id: r for r in _along(law, 0.5)}
    verdict = judge([wrong.get(r.facts.setting.id, r) for r in suite(0.0)])
    assert verdict.word is Word.REFUTED
    assert f"{law.net}: {law.name}" in verdict.reason


def test_a_law_with_a_setting_missing_or_cut_short_is_inconclusive() -> None:
    law: Law = _SCALINGS[0]
    assert isinstance(law, Scaling)
    records = _along(law, 1.0)
    assert judge_law(law, records[1:], Role.CLAIM).word is Word.INCONCLUSIVE
    gaps, _ = absolute(law.settings[0], {law.settings[0].id: records[0].gaps})
    assert judge_law(law, [_made(law.settings[0], gaps[:31]), *records[1:]], Role.CLAIM).word is Word.INCONCLUSIVE
