"""What the suite claims: its arithmetic against data and schedules, and its verdict on records made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from law_records import made
from matplotlib.figure import Figure
from scipy.optimize import minimize

from harness import data
from harness.engine.finished import Finished
from harness.record import TRAJECTORY, Record
from harness.schedule import checkpoints
from harness.scheduler import Scheduler
from harness.spec import Fault, Layout, Policy, ScheduledPartition, Setting
from harness.spec.laws import Law, Scaling, Trend
from harness.stats.laws import absolute, expected_course, tables_of
from harness.verdict import Word
from suites.partition_laws import run
from suites.partition_laws.analysis import judge, plot_batches, plot_blocks, plot_clock, plot_staleness
from suites.partition_laws.sweep import ANCHORS, CONTROLS, LAWS, SETTINGS, SOFTMAX, WALK


def _partition(setting: Setting) -> ScheduledPartition:
    return setting.distributed_by(ScheduledPartition)


def _scalings(word: str) -> list[Scaling]:
    return [law for law in LAWS if isinstance(law, Scaling) and word in law.quantity]


@dataclass(frozen=True)
class _Minimum:
    """Softmax regression where its gradient is 0: of each example inputs and bias, and errors; curvature."""

    inputs: np.ndarray
    errors: np.ndarray
    curvature: np.ndarray


def _minimum(name: str) -> _Minimum:
    examples, l2 = data.load(name), SOFTMAX.regularisation.l2
    inputs = np.c_[examples.features, np.ones(len(examples))]
    truth, penalised = np.eye(10)[examples.labels], np.r_[np.full(64, l2), 0.0][:, None]

    def chances(flat: np.ndarray) -> np.ndarray:
        logits = inputs @ flat.reshape(65, 10)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        found, weights = chances(flat), flat.reshape(65, 10)
        gradient = inputs.T @ (found - truth) / len(truth) + penalised * weights
        cross = -np.log((found * truth).sum(axis=1)).mean()
        return float(cross + (penalised * weights**2).sum() / 2), gradient.ravel()

    p = chances(minimize(loss, np.zeros(650), jac=True, method="L-BFGS-B", options={"gtol": 1e-8}).x)
    softmax = p[:, :, None] * np.eye(10) - p[:, :, None] * p[:, None, :]
    curvature = np.einsum("nij,na,nb->aibj", softmax, inputs, inputs, optimize=True).reshape(650, 650) / len(p)
    return _Minimum(inputs, p - truth, curvature + np.diag(np.repeat(penalised.ravel(), 10)))


def test_only_all_biases_together_are_flat_and_other_biases_are_slow() -> None:
    found, directions = np.linalg.eigh(_minimum("digits256").curvature)
    assert abs(found[0]) < 1e-9
    assert np.abs(directions[:, 0]) == pytest.approx(np.r_[np.zeros(640), np.full(10, 10**-0.5)], abs=1e-6)
    assert (found[1:10] > 0.0467).all()
    assert (found[1:10] < 0.0479).all()
    assert found[10] == pytest.approx(1)
    assert found[-1] == pytest.approx(2.2, abs=0.1)


@pytest.mark.parametrize(("policy", "walked"), [(Policy.RANDOM, 0.00144), (Policy.ROUND_ROBIN, 0.00141)])
def test_what_walks_is_as_much_as_batches_and_blocks_make_it(policy: Policy, walked: float) -> None:
    """Two blocks share a factor of mean square k − 1; different ones are drawn apart, or never move in one turn."""
    least, step = _minimum("digits"), 0.2
    examples = (least.inputs[:, :, None] * least.errors[:, None, :]).reshape(-1, 650)
    covariance = np.cov(examples.T) / 64 * (1 - 64 / len(examples))
    block = np.tile(np.repeat(np.arange(4), [3, 3, 2, 2]), 65)
    if policy is Policy.RANDOM:
        shared = np.where(block[:, None] == block, 1.0, -1 / 3)
    else:
        shared = np.where(block[:, None] // 2 == block // 2, 1.0, -1.0)
    found, directions = np.linalg.eigh(least.curvature)
    noise = np.diag(directions.T @ (shared * covariance) @ directions)
    held = (noise[1:] / (2 * found[1:] - step * found[1:] ** 2)).sum()
    assert noise[0] == pytest.approx(walked, rel=0.01)
    assert held == pytest.approx(0.105, rel=0.01)
    assert noise[0] / held == pytest.approx(WALK, rel=0.02)


@pytest.mark.parametrize("law", _scalings("step size"), ids=lambda law: f"{law.net}: {law.name}")
def test_step_sizes_are_compared_after_the_same_time_and_whole_rounds(law: Scaling) -> None:
    trainings = [setting.training for setting in law.settings]
    assert len({t.clocks * t.step_size.initial for t in trainings}) == 1
    assert all(t.clocks % 2 == 0 for t in trainings)


def test_step_sizes_are_the_same_along_the_other_quantities() -> None:
    for law in LAWS:
        if isinstance(law, Scaling) and "step size" not in law.quantity:
            assert len({setting.training for setting in law.settings}) == 1


@pytest.mark.parametrize("law", [*_scalings("blocks")], ids=lambda law: f"{law.net}: {law.name}")
def test_quantities_of_blocks_are_those_of_the_scheduler(law: Scaling) -> None:
    for quantity, setting in law.points:
        scheduler = Scheduler(_partition(setting), len(setting.training.widths) - 1, replicate=0)
        factor = scheduler.blocks / scheduler.choose(0).sum()
        assert quantity == pytest.approx(scheduler.blocks if "L·P" in law.quantity else factor - 1)
        assert "L·P" not in law.quantity or factor == 2


@pytest.mark.parametrize("workers", [2, 4, 8, 10])
def test_factors_of_drawn_blocks_have_mean_1_and_variance_k_less_1(workers: int) -> None:
    scheduler = Scheduler(ScheduledPartition(workers, Layout.NEURON, Policy.RANDOM, 0), 1, replicate=3)
    drawn = np.stack([scheduler.choose(clock) for clock in range(4_000)])
    k = scheduler.blocks / scheduler.most
    assert (k * drawn).mean(axis=0) == pytest.approx(np.ones(workers), abs=0.1)
    assert (k * drawn).var(axis=0) == pytest.approx(np.full(workers, k - 1), abs=0.1)


def test_after_one_clock_the_gap_is_the_update_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the blocks have moved twice as far, half not at all: the noise is (k − 1)·η²·‖g‖² with k = 2."""
    # Threads are fixed before the first operation, and there have been some in this process.
    monkeypatch.setattr("harness.engine.runtime.limit_threads", lambda threads: None)
    setting = next(s for s in SETTINGS if _partition(s).policy is Policy.RANDOM and s.training.clocks == 64)
    parts = [run.distributed(setting, range(2), print)]
    found = run.measure(Finished(setting, range(2), run.undistributed(setting.training, range(2)), parts))
    gaps, clocks = found.gaps.worst_over_ranks(gap=TRAJECTORY, layer="all")
    assert clocks[0] == 1
    assert gaps[:, 0] == pytest.approx(np.ones(2))
    assert (gaps[:, -1] < 0.5).all()


def _size(setting: Setting, strength: float) -> float:
    """Last gap where the laws hold, and those of the controls in this strength."""
    partition, training = _partition(setting), setting.training
    step = training.step_size.initial
    share = (partition.workers - 1) / partition.workers if partition.layout is Layout.WEIGHT else 1.0
    match partition.fault, partition.policy:
        case Fault.NO_EXCHANGE, _:
            return float(partition.staleness**strength)
        case Fault.UNSCALED, _:
            return float(step ** (strength / 2))
        case _, Policy.ALL:
            return 1e-2 * partition.staleness * step * share or 1e-16
        case _, Policy.ROUND_ROBIN:
            return float(step if training.batch == 256 else step**0.5)
        case _:
            k = partition.workers / (partition.workers // 2) if len(training.widths) == 2 else 2.0
            return float((step * (k - 1)) ** 0.5)


@pytest.fixture
def suite() -> Callable[[float], list[Record]]:
    """Records of the whole suite, where all laws hold, and those of the controls in some strength."""
    courses = {law.setting: law for law in LAWS if isinstance(law, Trend)}

    def fill(strength: float) -> list[Record]:
        records, draws = [], np.random.default_rng(5)
        for setting in SETTINGS:
            clocks = checkpoints(setting.training.clocks, setting.training.checkpoints)
            logs = expected_course(courses[setting], clocks) if setting in courses else np.zeros(len(clocks))
            noise = np.exp(0.02 * draws.standard_normal((setting.replicates, len(clocks))))
            gaps = _size(setting, strength) * np.exp(logs - logs[-1]) * noise
            records.append(made(setting, gaps))
        return records

    return fill


def test_a_suite_whose_laws_hold_is_supported_and_its_figures_are_drawn(suite: Callable[[float], list[Record]]) -> None:
    records = suite(0.0)
    verdict = judge(records)
    assert verdict.word is Word.SUPPORTED, verdict.reason
    assert len(verdict.parts) == len(LAWS) + len(ANCHORS) + len(CONTROLS)
    drawn = [draw(records) for draw in (plot_blocks, plot_staleness, plot_clock, plot_batches)]
    legends = [
        text.get_text() for figure in drawn for a in figure.axes if a.axison for text in a.get_legend().get_texts()
    ]
    assert sorted(text.partition(":")[0] for text in legends) == sorted(law.name for law in (*LAWS, *CONTROLS))
    assert isinstance(plot_blocks(records[:1]), Figure)


def test_controls_that_keep_their_laws_void_the_suite(suite: Callable[[float], list[Record]]) -> None:
    verdict = judge(suite(1.0))
    assert verdict.word is Word.INCONCLUSIVE
    assert "void: the negative control" in verdict.reason


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.net}: {law.name}")
def test_each_law_can_refute_the_suite(law: Law, suite: Callable[[float], list[Record]]) -> None:
    settings = set(law.settings)
    shift = {s.id: np.linspace(0, 2, 4)[place % 4] for place, s in enumerate(law.settings)}
    records = [_shifted(r, shift[r.facts.setting.id], law) if r.facts.setting in settings else r for r in suite(0.0)]
    verdict = judge(records)
    assert verdict.word is Word.REFUTED
    refuted = [part.subject for part in verdict.parts if part.evidence["role"] == "claim" and part.word is Word.REFUTED]
    assert f"{law.net}: {law.name}" in refuted


def _shifted(record: Record, logs: float, law: Law) -> Record:
    setting, (gaps, clocks) = record.facts.setting, absolute(record.facts.setting, tables_of([record]))
    return made(setting, gaps * np.exp(logs) * (clocks**0.5 if isinstance(law, Trend) else 1.0))
