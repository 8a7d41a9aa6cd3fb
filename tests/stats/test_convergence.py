from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.stats.convergence import judge
from harness.stats.intervals import binomial_lower, binomial_upper
from harness.stats.worlds import CLOCKS, NOISES, World, autoregressive, sound, unsound
from harness.verdict import Word

ORDER = [Word.SUPPORTED, Word.INCONCLUSIVE, Word.REFUTED]


def decaying(exceeding: int, replicates: int) -> np.ndarray:
    """Clean power laws t^−½ that end at ε/4, some of which jump to 2ε at the last clock."""
    noise = np.exp(0.05 * np.random.default_rng(7).normal(size=(replicates, len(CLOCKS))))
    values = 0.25 * np.sqrt(CLOCKS[-1] / CLOCKS) * noise
    values[:exceeding, -1] = 2.0
    return values


def word(exceeding: int, replicates: int) -> Word:
    return judge(decaying(exceeding, replicates), CLOCKS, epsilon=1.0, delta=0.1).verdict


@pytest.mark.parametrize(
    ("exceeding", "replicates", "expected"),
    [
        (0, 28, "inconclusive"),
        (0, 29, "supported"),
        (1, 45, "inconclusive"),
        (1, 46, "supported"),
        (12, 64, "refuted"),
        (64, 64, "refuted"),
    ],
)
def test_words_at_the_edges_of_the_tail(exceeding: int, replicates: int, expected: str) -> None:
    assert word(exceeding, replicates) == expected


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 10**6),
    st.integers(30, 80),
    st.sampled_from([*sound(autoregressive), *unsound()]),
    st.sampled_from(list(NOISES)),
    st.data(),
)
def test_an_extra_exceedance_never_moves_towards_supported(
    seed: int, replicates: int, world: World, noise: str, data: st.DataObject
) -> None:
    values = world.draw(NOISES[noise], np.random.default_rng(seed), replicates)
    before = judge(values, CLOCKS, epsilon=1.0, delta=0.1).verdict
    below = np.flatnonzero(values[:, -1] <= 1.0)
    if len(below):
        values[data.draw(st.sampled_from(below.tolist())), -1] = data.draw(st.sampled_from([1.1, 50.0, np.inf]))
    after = judge(values, CLOCKS, epsilon=1.0, delta=0.1).verdict
    assert ORDER.index(after) >= ORDER.index(before)


@settings(deadline=None)
@given(st.floats(1e-12, 1e12), st.permutations(range(40)), st.sampled_from([*sound(autoregressive), *unsound()]))
def test_scale_and_order_of_replicates_do_not_matter(scale: float, order: list[int], world: World) -> None:
    values = world.draw(autoregressive, np.random.default_rng(1), 40)
    plain = judge(values, CLOCKS, epsilon=1.0, delta=0.1)
    moved = judge(scale * values[order], CLOCKS, epsilon=scale, delta=0.1)
    assert plain.verdict == moved.verdict
    assert plain.evidence["exceedances"] == moved.evidence["exceedances"]
    assert plain.evidence["floor"].get("p_value") == pytest.approx(moved.evidence["floor"].get("p_value"), abs=1e-6)


def test_exact_zeros_have_vanished_and_infinities_exceed() -> None:
    zeros = np.zeros((40, 13))
    assert judge(zeros, CLOCKS, epsilon=1.0, delta=0.1).verdict is Word.SUPPORTED
    zeros[:, -1] = np.inf
    assert judge(zeros, CLOCKS, epsilon=1.0, delta=0.1).verdict is Word.REFUTED


def test_some_zeros_and_a_few_diverged_replicates_do_no_harm() -> None:
    values = decaying(0, 100)
    values[:20, 9:] = 0
    values[20:22, 5:] = np.inf
    assert judge(values, CLOCKS, epsilon=1.0, delta=0.1).verdict is Word.SUPPORTED


def test_missing_checkpoints_are_left_out_but_a_missing_end_is_an_exceedance() -> None:
    values = np.ma.masked_array(decaying(0, 64), mask=np.random.default_rng(3).random((64, 13)) < 0.2)
    values.mask[:, -1] = False
    values.data[values.mask] = np.nan
    assert judge(values, CLOCKS, epsilon=1.0, delta=0.1).verdict is Word.SUPPORTED
    values.mask[:20, -1] = True
    judgement = judge(values, CLOCKS, epsilon=1.0, delta=0.1)
    assert (judgement.verdict, judgement.evidence["exceedances"]) == (Word.REFUTED, 20)


def test_ties_everywhere_are_a_flat_gap() -> None:
    assert judge(np.full((64, 13), 0.5), CLOCKS, epsilon=1.0, delta=0.1).verdict is Word.REFUTED


def test_gaps_up_to_the_resolution_are_zero() -> None:
    noise = np.random.default_rng(0).uniform(0.5, 1.5, size=(64, 13))
    assert judge(noise, CLOCKS, epsilon=2.0, delta=0.1).verdict is Word.REFUTED
    found = judge(noise, CLOCKS, epsilon=2.0, delta=0.1, resolution=2.0)
    assert found.verdict is Word.SUPPORTED
    assert "most gaps end at 2 or less, which counts as 0" in found.reason


def test_a_drop_of_the_step_size_is_seen_and_is_neither_decay_nor_floor() -> None:
    flat = decaying(0, 64) * np.sqrt(CLOCKS / CLOCKS[-1])
    flat[:, :6] *= 3
    judgement = judge(flat, CLOCKS, epsilon=1.0, delta=0.1)
    assert judgement.evidence["decay"]["steps_after_checkpoint"] == [5]
    assert judgement.verdict is Word.REFUTED


def test_too_few_checkpoints_are_inconclusive() -> None:
    judgement = judge(decaying(0, 64)[:, -4:], CLOCKS[-4:], epsilon=1.0, delta=0.1)
    assert judgement.verdict is Word.INCONCLUSIVE
    assert "4 checkpoints are too few to see a trend, 5 are needed" in judgement.reason


def test_evidence_names_offenders_and_is_json() -> None:
    values = decaying(2, 40)
    values[7, 1] = 1.9
    evidence = judge(values, CLOCKS, epsilon=1.85, delta=0.1).evidence
    assert evidence["first_exceedance"]["replicate"] in range(40)
    assert evidence["worst"]["gap"] == values.max()
    assert json.loads(json.dumps(evidence)) == evidence
    assert evidence["almost_surely"]["from_clock"] == 256
    assert 0 < evidence["floor"]["smallest_detectable_share_of_last_gap"] < 0.5


@pytest.mark.parametrize(("exceeding", "replicates"), [(0, 10), (2, 30), (9, 60)])
def test_further_replicates_would_decide(exceeding: int, replicates: int) -> None:
    evidence = judge(decaying(exceeding, replicates), CLOCKS, epsilon=1.0, delta=0.1).evidence
    total = replicates + evidence["further_replicates"]
    count = round(exceeding / replicates * total)
    assert binomial_upper(count, total, 0.05) <= 0.1 or binomial_lower(count, total, 0.05) > 0.1


def test_rate_at_the_bound_is_never_decided() -> None:
    judgement = judge(decaying(4, 40), CLOCKS, epsilon=1.0, delta=0.1)
    assert judgement.evidence["further_replicates"] is None
    assert "no affordable number" in judgement.reason


@pytest.mark.parametrize(
    ("values", "clocks", "options", "named"),
    [
        (np.ones(3), [1, 2, 3], {}, r"gaps: shape \(3,\)"),
        (np.ones((0, 3)), [1, 2, 3], {}, r"gaps: shape \(0, 3\)"),
        (np.ones((2, 3)), [1, 2], {}, r"clocks: shape \(2,\)"),
        (np.ones((2, 3)), [1, 1, 2], {}, r"clocks\[1\]"),
        (np.ones((2, 3)), [0, 1, 2], {}, r"clocks\[0\]"),
        (np.array([[1.0, -1.0]]), [1, 2], {}, r"gaps\[0, 1\]"),
        (np.array([[1.0, 1.0], [np.nan, 1.0]]), [1, 2], {}, r"gaps\[1, 0\]"),
        (np.ones((2, 3)), [1, 2, 3], {"delta": 1.0}, "delta"),
        (np.ones((2, 3)), [1, 2, 3], {"alpha": 0.0}, "alpha"),
        (np.ones((2, 3)), [1, 2, 3], {"epsilon": 0.0}, "epsilon"),
    ],
)
def test_bad_arguments_are_named(values: np.ndarray, clocks: list[int], options: dict[str, float], named: str) -> None:
    with pytest.raises(BadInputError, match=named):
        judge(values, clocks, **({"epsilon": 1.0, "delta": 0.1} | options))
