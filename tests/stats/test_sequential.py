from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from harness.stats.convergence import judge
from harness.stats.sequential import first_decision, judge_sequentially, wealth
from harness.stats.worlds import CLOCKS, autoregressive, sound, unsound
from harness.verdict import Word


@pytest.mark.parametrize(("delta", "replicates"), [(0.10, 31), (0.05, 64)])
def test_clean_replicates_needed_are_the_published_ones(delta: float, replicates: int) -> None:
    assert first_decision(np.zeros(200, dtype=bool), delta, 0.05) == (replicates, Word.SUPPORTED)


@pytest.mark.parametrize(("exceedances", "replicates"), [(0, 0), (0, 5), (2, 20), (7, 9)])
def test_wealth_is_the_mixture_it_is_said_to_be(exceedances: int, replicates: int) -> None:
    delta = 0.1

    def ratio(p: float) -> float:
        kept = replicates - exceedances
        return float((p / delta) ** exceedances * ((1 - p) / (1 - delta)) ** kept)

    prior = beta(0.5, 5 / delta)
    below = quad(lambda p: ratio(p) * prior.pdf(p) / prior.cdf(delta), 0, delta, limit=200)[0]
    above = quad(lambda p: ratio(p) / (1 - delta), delta, 1, limit=200)[0]
    found = wealth(exceedances, replicates, delta)
    assert found.below == pytest.approx(below, rel=1e-5)
    assert found.above == pytest.approx(above, rel=1e-5)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.05, 0.1, 0.3]))
def test_wealth_is_a_martingale_at_the_boundary(exceedances: int, clean: int, delta: float) -> None:
    n = exceedances + clean
    now, one, other = (wealth(exceedances + k, n + m, delta) for k, m in ((0, 0), (1, 1), (0, 1)))
    assert delta * one.below + (1 - delta) * other.below == pytest.approx(now.below, rel=1e-6)
    assert delta * one.above + (1 - delta) * other.above == pytest.approx(now.above, rel=1e-6)


def test_words_agree_with_the_fixed_rule_where_both_decide() -> None:
    for world in (*sound(autoregressive)[:3], *unsound()):
        gaps = world.draw(autoregressive, np.random.default_rng(5), 200)
        fixed = judge(gaps, CLOCKS, epsilon=1.0, delta=0.1).verdict
        found = judge_sequentially(gaps, CLOCKS, epsilon=1.0, delta=0.1)
        assert found.verdict in {fixed, Word.INCONCLUSIVE}
        assert {"decided_after", "e_below", "e_above"} <= set(found.evidence["sequential"])


def test_a_few_replicates_do_not_decide() -> None:
    gaps = sound(autoregressive)[1].draw(autoregressive, np.random.default_rng(5), 20)
    found = judge_sequentially(gaps, CLOCKS, epsilon=1.0, delta=0.1)
    assert found.verdict is Word.INCONCLUSIVE
    assert "20 replicates do not decide the tail yet" in found.reason


def test_a_floor_is_not_supported_however_many_replicates() -> None:
    (floor,) = [world for world in unsound() if world.name == "floor ε/4"]
    gaps = floor.draw(autoregressive, np.random.default_rng(5), 100)
    found = judge_sequentially(gaps, CLOCKS, epsilon=1.0, delta=0.1)
    assert found.evidence["sequential"]["tail"] == "supported"
    assert found.verdict is Word.INCONCLUSIVE
