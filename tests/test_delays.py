from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.delays import legal_views, lockstep_events, view_stream, views
from harness.history import check
from harness.spec import Delays
from harness.verdict import Word

laws = st.sampled_from(Delays)


@settings(deadline=None)
@given(laws, st.integers(1, 6), st.integers(0, 4), st.integers(1, 30), st.integers(0, 10**6))
def test_every_law_gives_histories_that_keep_the_rules(
    law: Delays, workers: int, staleness: int, clocks: int, replicate: int
) -> None:
    seen = views(law, workers, staleness, clocks, replicate)
    checked = check(lockstep_events(seen, staleness))
    assert checked.verdict is Word.SUPPORTED, checked.reason
    assert (checked.reads, checked.writes) == (workers * clocks, workers * clocks)


@given(st.integers(1, 3), st.integers(1, 8), st.data())
def test_a_view_beyond_the_bound_is_found(staleness: int, clocks: int, data: st.DataObject) -> None:
    seen = views(Delays.LATEST, 3, staleness, clocks + staleness, 0)
    clock = data.draw(st.integers(staleness + 1, clocks + staleness)) - 1
    seen[clock, 0, 1] = clock - staleness - 1 if clock > staleness else clock + 1
    assert check(lockstep_events(seen, staleness)).verdict is Word.REFUTED


@given(laws, st.integers(1, 4), st.integers(1, 20), st.integers(1, 20))
def test_the_first_clocks_do_not_depend_on_how_many_follow(law: Delays, workers: int, first: int, more: int) -> None:
    whole = views(law, workers, 3, first + more, 5)
    np.testing.assert_array_equal(whole[:first], views(law, workers, 3, first, 5))


def test_blocks_that_are_drawn_at_once_join_without_a_seam() -> None:
    """With 64 workers 16 clocks are drawn at once; what was seen at the last of them stays seen."""
    stream = view_stream(Delays.UNIFORM, 64, 8, 0)
    seen = np.stack([next(stream) for _ in range(40)])
    assert (np.diff(seen, axis=0) >= 0).all()
    assert (seen >= np.maximum(0, np.arange(40) - 8)[:, None, None]).all()


def test_each_replicate_draws_its_own() -> None:
    assert (views(Delays.UNIFORM, 3, 4, 20, 0) != views(Delays.UNIFORM, 3, 4, 20, 1)).any()
    np.testing.assert_array_equal(views(Delays.UNIFORM, 3, 4, 20, 1), views(Delays.UNIFORM, 3, 4, 20, 1))


@pytest.mark.parametrize(
    ("law", "late"),
    [
        (Delays.NONE, [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (Delays.STRAGGLER, [[0, 0, 0], [2, 0, 0], [2, 0, 0]]),
        (Delays.LATEST, [[0, 2, 2], [2, 0, 2], [2, 2, 0]]),
    ],
)
def test_laws_that_draw_nothing(law: Delays, late: list[list[int]]) -> None:
    seen = views(law, 3, 2, 10, 0)
    for clock in range(2, 10):
        np.testing.assert_array_equal(clock - seen[clock], late)


def test_a_delay_cannot_hide_what_was_seen() -> None:
    late = np.zeros((6, 2, 2), np.int32)
    late[:, 0, 1] = [0, 0, 0, 3, 1, 3]
    assert legal_views(late)[:, 0, 1].tolist() == [0, 1, 2, 2, 3, 3]


def test_geometric_views_are_late_by_a_geometric_number_of_clocks() -> None:
    seen = views(Delays.GEOMETRIC, 4, 3, 4000, 0)[:, ~np.eye(4, dtype=bool)]
    lags = np.bincount((np.arange(4000)[:, None] - seen)[3:].ravel())
    np.testing.assert_allclose(lags / lags.sum(), [1 / 2, 1 / 4, 1 / 8, 1 / 8], atol=0.01)


def test_uniform_delays_reach_the_bound_and_are_seldom_that_long() -> None:
    """What was seen stays seen: a view is more than j late only where j + 1 delays in a row were long enough."""
    seen = views(Delays.UNIFORM, 4, 3, 4000, 0)[:, ~np.eye(4, dtype=bool)]
    lags = np.bincount((np.arange(4000)[:, None] - seen)[3:].ravel())
    late = np.array([3 / 4, 3 / 4 * 2 / 4, 3 / 4 * 2 / 4 * 1 / 4])
    np.testing.assert_allclose(1 - np.cumsum(lags / lags.sum())[:3], late, atol=0.01)
