from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.stats.convergence import judge
from harness.verdict import Word

ORDER = [Word.SUPPORTED, Word.INCONCLUSIVE, Word.REFUTED]


def gaps(exceeding: int, replicates: int, clocks: int = 3) -> np.ndarray:
    values = np.full((replicates, clocks), 0.5)
    values[:exceeding, -1] = 2.0
    return values


def word(exceeding: int, replicates: int) -> Word:
    return judge(gaps(exceeding, replicates), [1, 2, 3], epsilon=1.0, delta=0.1).verdict


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
def test_words_at_the_edges(exceeding: int, replicates: int, expected: str) -> None:
    assert word(exceeding, replicates) == expected


@given(st.integers(1, 150).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_an_extra_exceedance_never_moves_towards_supported(count: tuple[int, int]) -> None:
    exceeding, replicates = count
    assert ORDER.index(word(exceeding + 1, replicates)) >= ORDER.index(word(exceeding, replicates))


@given(st.floats(1e-12, 1e12), st.permutations(range(40)))
def test_scale_and_order_of_replicates_do_not_matter(scale: float, order: list[int]) -> None:
    values = np.random.default_rng(1).lognormal(size=(40, 5))
    plain = judge(values, range(1, 6), epsilon=2.0, delta=0.1)
    moved = judge(scale * values[order], range(1, 6), epsilon=scale * 2.0, delta=0.1)
    assert (plain.verdict, plain.evidence["exceedances"]) == (moved.verdict, moved.evidence["exceedances"])


def test_infinity_is_an_exceedance_and_zero_is_not() -> None:
    values = np.zeros((40, 2))
    assert judge(values, [1, 2], epsilon=1.0, delta=0.1).verdict is Word.SUPPORTED
    values[:, 1] = np.inf
    assert judge(values, [1, 2], epsilon=1.0, delta=0.1).verdict is Word.REFUTED


def test_evidence_names_offenders_and_is_json() -> None:
    values = gaps(2, 40)
    values[7, 1] = 1.5
    evidence = judge(values, [1, 2, 4], epsilon=1.0, delta=0.1).evidence
    assert evidence["first_exceedance"] == {"clock": 2, "replicate": 7, "gap": 1.5}
    assert evidence["worst"] == {"clock": 4, "replicate": 0, "gap": 2.0}
    assert json.loads(json.dumps(evidence)) == evidence


@pytest.mark.parametrize(("exceeding", "replicates"), [(0, 10), (2, 30), (9, 60)])
def test_further_replicates_would_decide(exceeding: int, replicates: int) -> None:
    further = judge(gaps(exceeding, replicates), [1, 2, 3], epsilon=1.0, delta=0.1).evidence["further_replicates"]
    total = replicates + further
    assert word(round(exceeding / replicates * total), total) is not Word.INCONCLUSIVE
    assert word(round(exceeding / replicates * (total - 1)), total - 1) is Word.INCONCLUSIVE or total > 100


def test_rate_at_the_bound_is_never_decided() -> None:
    judgement = judge(gaps(4, 40), [1, 2, 3], epsilon=1.0, delta=0.1)
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
