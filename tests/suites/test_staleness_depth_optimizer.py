"""Clocks to a target, and comparisons of known slowdowns on records made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.engine import parts
from harness.engine.finished import Finished
from harness.engine.trajectory import Trajectory
from harness.record import NATURAL, NOISE, SLOWDOWN, TO_TARGET, GapTable, Record
from harness.spec import Optimizer, Role, Setting
from harness.verdict import Word
from samples import record
from suites.staleness_depth_optimizer import run
from suites.staleness_depth_optimizer.analysis import judge, judge_comparison, judge_equality, plot_slowdown
from suites.staleness_depth_optimizer.run import first_reached
from suites.staleness_depth_optimizer.sweep import (
    ALONE,
    ANCHORS,
    COMPARISONS,
    DEPTHS,
    FRESH,
    GRID,
    REPLICATES,
    SETTINGS,
    training,
)

CLOCKS = np.array([1, 10, 100, 1000])


def test_the_target_is_reached_between_checkpoints_in_log_clock() -> None:
    losses = np.array([[2.0, 1.0, 0.0, 0.0], [2.0, 0.4, 0.9, 0.1]])
    assert first_reached(losses, CLOCKS, 0.5) == pytest.approx([10**1.5, 10 ** (1.5 / 1.6)])


def test_a_target_that_is_never_reached_takes_for_ever() -> None:
    losses = np.array([[2.0, 1.0, 0.6, 0.51], [2.0, np.nan, np.nan, np.nan], [0.1, 2.0, 2.0, 2.0]])
    assert first_reached(losses, CLOCKS, 0.5).tolist() == [np.inf, np.inf, 1]


def test_rounding_moves_the_clocks_by_no_more() -> None:
    losses = np.array([[2.0, 1.0, 0.5, 0.1]])
    near = first_reached(losses + 1e-14, CLOCKS, 0.5)
    assert near == pytest.approx(first_reached(losses, CLOCKS, 0.5), rel=1e-12)


def _falling(at: int, widths: tuple[int, ...]) -> Trajectory:
    """Weights with a loss far above chance, which are 0, and so at chance, from a checkpoint on."""
    draws = np.random.default_rng(0)
    shapes = {f"layer {n}": (i + 1) * units for n, (i, units) in enumerate(pairwise(widths), 1)}
    layers = {name: draws.normal(size=(3, 2, size), scale=3) for name, size in shapes.items()}
    for values in layers.values():
        values[at:] = 0
    return Trajectory(np.array([1, 100, 400]), {name: np.ones((2, size)) for name, size in shapes.items()}, layers)


@pytest.mark.parametrize("late", [1, 2, 3])
def test_slowdown_is_the_ratio_of_clocks_to_target(late: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TARGET", 2.31)
    point = ANCHORS[0]
    reference = _falling(1, point.training.widths)
    arrays = {k: v for name in (parts.REFERENCE, NOISE, NATURAL) for k, v in reference.to_arrays(name).items()}
    stale = _falling(late, point.training.widths).to_arrays(parts.PARTITION)
    measured = run.measure(Finished(point, range(2), arrays, [stale]))
    (own,), (slowdown,) = (
        measured.gaps.worst_over_ranks(gap=gap, layer=layer)[0][:1, 0]
        for gap, layer in ((TO_TARGET, parts.REFERENCE), (SLOWDOWN, "all"))
    )
    assert 1 < own <= 100
    least, most = {1: (own, own), 2: (100, 400), 3: (np.inf, np.inf)}[late]
    assert least <= slowdown * own <= most
    assert measured.measured["median_clocks_to_target_reference"] == pytest.approx(own, rel=0.1)


def _made(setting: Setting, slowdowns: np.ndarray) -> Record:
    made = record(setting, np.ones((len(slowdowns), 1)))
    values = {(SLOWDOWN, "all"): slowdowns, (TO_TARGET, "reference"): np.full(len(slowdowns), 100.0)}
    tables = [
        GapTable.from_array(
            array[:, None], replicates=range(len(array)), clocks=[setting.training.clocks], layer=layer, gap=gap, rank=0
        )
        for (gap, layer), array in values.items()
    ]
    facts = made.facts.model_copy(update={"suite": "staleness_depth_optimizer", "setting": setting})
    return replace(made, facts=facts, gaps=GapTable.concat(tables))


def _suite(typical: Mapping[Setting, float], spread: float = 0.05) -> list[Record]:
    """Records of all settings; what is not named has a slowdown of exactly 1."""
    draws = np.random.default_rng(3)
    return [
        _made(
            s, typical[s] * np.exp(spread * draws.standard_normal(REPLICATES)) if s in typical else np.ones(REPLICATES)
        )
        for s in SETTINGS
    ]


def _as_claimed() -> dict[Setting, float]:
    """Sensitive optimizers suffer more, deeper nets suffer more."""
    robust = (Optimizer.SGD, Optimizer.ADAGRAD)
    found = {s: (1.1 if o in robust else 1.6) * (1 + 0.1 * depth) for (depth, o), s in GRID.items()}
    return found | {ALONE[0]: 1.1, ALONE[1]: 2.0}


@pytest.mark.parametrize(
    ("more", "spread", "word"),
    [
        (1.5, 0.1, Word.SUPPORTED),
        (1.0, 0.1, Word.REFUTED),
        (0.7, 0.1, Word.REFUTED),
        (1.1, 0.1, Word.INCONCLUSIVE),
        (1.2, 1.0, Word.INCONCLUSIVE),
        (1.0, 0.5, Word.INCONCLUSIVE),
    ],
)
def test_known_ratios_get_their_word(more: float, spread: float, word: Word) -> None:
    pair = COMPARISONS[0]
    records = _suite({pair.more: 2 * more, pair.less: 2.0}, spread)
    verdict = judge_comparison(pair, records, Role.CLAIM)
    assert verdict.word is word, verdict.reason
    assert verdict.evidence["lower"] <= verdict.evidence["estimate"] <= verdict.evidence["upper"]


def test_never_there_is_more_than_any_slowdown() -> None:
    pair = COMPARISONS[0]
    lost, slow = np.full(REPLICATES, np.inf), np.full(REPLICATES, 3.0)
    forward = judge_comparison(pair, [_made(pair.more, lost), _made(pair.less, slow)], Role.CLAIM)
    backward = judge_comparison(pair, [_made(pair.more, slow), _made(pair.less, lost)], Role.CLAIM)
    assert (forward.word, backward.word) == (Word.SUPPORTED, Word.REFUTED)
    assert forward.evidence["more"]["not_reached"] == REPLICATES


@pytest.mark.parametrize("unknown", [np.inf, np.nan])
def test_two_settings_that_are_both_never_there_cannot_be_told_apart(unknown: float) -> None:
    pair = COMPARISONS[0]
    lost = np.full(REPLICATES, unknown)
    verdict = judge_comparison(pair, [_made(pair.more, lost), _made(pair.less, lost)], Role.CLAIM)
    assert verdict.word is Word.INCONCLUSIVE
    assert verdict.evidence["unknown"] == REPLICATES


def test_pairs_are_replicates_of_one_seed() -> None:
    """Replicates differ by far more than the settings do; only paired can 1.3 be told from 1.1."""
    pair = COMPARISONS[0]
    own = np.exp(np.random.default_rng(5).standard_normal(REPLICATES))
    records = [_made(pair.more, 1.3 * own), _made(pair.less, own)]
    assert judge_comparison(pair, records, Role.CLAIM).word is Word.SUPPORTED


def test_a_suite_as_claimed_is_supported_and_drawn() -> None:
    records = _suite(_as_claimed())
    verdict = judge(records)
    assert verdict.word is Word.SUPPORTED, verdict.reason
    assert len(verdict.parts) == len(COMPARISONS) + len(ANCHORS) + 1 + len(ALONE)
    assert all("role" in part.evidence for part in verdict.parts)
    figure = plot_slowdown(records)
    assert isinstance(figure, Figure)
    assert {text.get_text() for text in figure.legends[0].get_texts()} >= set(Optimizer)


def test_what_is_never_there_is_marked() -> None:
    typical = _as_claimed()
    records = [r for r in _suite(typical) if r.facts.setting != GRID[DEPTHS[-1], Optimizer.ADAM]]
    records.append(_made(GRID[DEPTHS[-1], Optimizer.ADAM], np.full(REPLICATES, np.inf)))
    texts = [text.get_text() for text in plot_slowdown(records).axes[0].texts]
    assert texts == [f"{REPLICATES} of {REPLICATES}\nnot there"]


def test_one_wrong_order_refutes() -> None:
    typical = _as_claimed() | {GRID[DEPTHS[0], Optimizer.ADAM]: 1.1}
    verdict = judge(_suite(typical))
    assert verdict.word is Word.REFUTED
    assert "adam" in verdict.reason


def test_an_anchor_that_is_slowed_down_and_a_control_that_is_not_void_the_suite() -> None:
    slowed = judge(_suite(_as_claimed() | {ANCHORS[0]: 1.2}))
    assert slowed.word is Word.INCONCLUSIVE
    assert "the anchor" in slowed.reason
    blind = _as_claimed()
    del blind[ALONE[1]]
    assert "the negative control" in judge(_suite(blind)).reason


def test_depth_must_not_matter_at_staleness_0() -> None:
    assert judge_comparison(FRESH, _suite({}), Role.CONTROL).word is Word.REFUTED
    assert judge_comparison(FRESH, _suite({FRESH.more: 1.5}), Role.CONTROL).word is Word.SUPPORTED


def test_equality_asks_for_one_within_epsilon() -> None:
    assert judge_equality(ANCHORS[0], _suite({}, 0.0)).word is Word.SUPPORTED
    assert judge_equality(ANCHORS[0], _suite({ANCHORS[0]: 1 + 1e-5}, 0.0)).word is Word.REFUTED


def test_what_was_not_run_in_full_is_inconclusive() -> None:
    records = _suite(_as_claimed())
    assert judge(records[:3]).word is Word.INCONCLUSIVE
    short = [_made(COMPARISONS[0].more, np.ones(REPLICATES - 1)), _made(COMPARISONS[0].less, np.ones(REPLICATES))]
    assert judge_comparison(COMPARISONS[0], short, Role.CLAIM).word is Word.INCONCLUSIVE


def test_all_optimizers_have_a_step_size() -> None:
    assert {training(depth, optimizer).optimizer for depth in DEPTHS for optimizer in Optimizer} == set(Optimizer)
