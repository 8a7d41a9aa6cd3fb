from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.stats.equivalence import judge_equivalence
from harness.verdict import Word


def word(centre: float, spread: float = 0.01, replicates: int = 40) -> Word:
    differences = centre + spread * np.random.default_rng(0).normal(size=replicates)
    return judge_equivalence(differences, margin=0.02).verdict


def test_better_and_worse_both_fail() -> None:
    assert [word(centre) for centre in (-0.05, 0.0, 0.05)] == ["refuted", "supported", "refuted"]


def test_a_wide_interval_decides_nothing() -> None:
    assert word(0.0, spread=0.2, replicates=10) is Word.INCONCLUSIVE
    assert word(0.02) is Word.INCONCLUSIVE


@given(st.floats(-0.1, 0.1), st.integers(5, 60))
def test_sign_does_not_matter(centre: float, replicates: int) -> None:
    differences = centre + 0.01 * np.random.default_rng(1).normal(size=replicates)
    plain, turned = (judge_equivalence(sign * differences, margin=0.02).verdict for sign in (1, -1))
    assert plain is turned


def test_equal_outcomes_are_equivalent_and_diverged_ones_are_not() -> None:
    assert judge_equivalence(np.zeros(3), margin=1e-9).verdict is Word.SUPPORTED
    assert judge_equivalence(np.full(40, np.nan), margin=0.1).verdict is Word.REFUTED


@pytest.mark.parametrize(
    ("differences", "options", "named"),
    [
        ([], {}, "differences"),
        ([[1.0]], {}, "differences"),
        ([1.0], {"margin": 0.0}, "margin"),
        ([1.0], {"alpha": 0.7}, "alpha"),
    ],
)
def test_bad_arguments_are_named(differences: list[float], options: dict[str, float], named: str) -> None:
    with pytest.raises(BadInputError, match=named):
        judge_equivalence(differences, **({"margin": 1.0} | options))
