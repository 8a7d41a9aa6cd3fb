"""What the suite claims, on records made by hand whose laws are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from law_records import along, in_time, made
from matplotlib.figure import Figure

from harness.delays import views
from harness.record import Record
from harness.schedule import checkpoints
from harness.spec import Delays, Role
from harness.spec.laws import Scaling, Trend
from harness.stats.laws import judge_law
from harness.verdict import Word
from suites.staleness_laws.analysis import judge, plot_clock, plot_scaling
from suites.staleness_laws.sweep import ANCHORS, CONTROLS, LAWS, SETTINGS, mean_lateness

_SCALINGS = [law for law in LAWS if isinstance(law, Scaling)]
_TRENDS = [law for law in LAWS if isinstance(law, Trend)]


@pytest.mark.parametrize("law", _SCALINGS, ids=lambda law: f"{law.net}: {law.name}")
@pytest.mark.parametrize(
    ("exponent", "word"), [(1.0, Word.SUPPORTED), (0.5, Word.REFUTED), (2.0, Word.REFUTED), (0.0, Word.REFUTED)]
)
def test_all_quantities_have_a_linear_law(law: Scaling, exponent: float, word: Word) -> None:
    verdict = judge_law(law, along(law, exponent, spread=0.02), Role.CLAIM)
    assert verdict.word is word, verdict.reason


@pytest.mark.parametrize("law", _TRENDS, ids=lambda law: f"{law.net}: {law.name}")
def test_a_gap_that_follows_the_step_size_is_supported(law: Trend) -> None:
    training = law.setting.training
    clocks = checkpoints(training.clocks, training.checkpoints)
    steps = np.array([training.step_size.at(int(clock) - 1) for clock in clocks])
    records = [made(law.setting, np.tile(1e-2 * steps, (law.setting.replicates, 1)))]
    assert judge_law(law, records, Role.CLAIM).word is Word.SUPPORTED


def test_predicted_slopes_tend_to_minus_p() -> None:
    found = {law.name: judge_law(law, in_time(law), Role.CLAIM).evidence["predicted"] for law in _TRENDS}
    assert found["plateau at constant η"] == pytest.approx(0, abs=1e-12)
    assert -0.5 < found["decay, p = 0.5"] < -0.35
    assert -1.0 < found["decay, p = 1"] < -0.7


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
            records[setting.id] = made(setting, np.full_like(gaps, 1e-16) if setting in ANCHORS else gaps)
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
    records = [made(r.facts.setting, np.full((32, 14), 1e-3)) if r.facts.setting in ANCHORS else r for r in suite(0.0)]
    verdict = judge(records)
    assert verdict.word is Word.INCONCLUSIVE
    assert ANCHORS[0].id in verdict.reason


def test_one_wrong_law_refutes_the_suite_and_is_named(suite: Callable[[float], list[Record]]) -> None:
    law = _SCALINGS[0]
    wrong = {r.facts.setting.id: r for r in along(law, 0.5)}
    verdict = judge([wrong.get(r.facts.setting.id, r) for r in suite(0.0)])
    assert verdict.word is Word.REFUTED
    assert f"{law.net}: {law.name}" in verdict.reason
