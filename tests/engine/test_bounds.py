from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.bounds import Bounds
from harness.spec import Fault


@given(st.integers(0, 4), st.integers(0, 9), st.lists(st.integers(0, 12), min_size=3, max_size=3))
def test_a_sound_view_holds_what_it_must_and_says_so(staleness: int, clock: int, arrived: list[int]) -> None:
    bounds = Bounds(0, 3, staleness, 12)
    seen = bounds.seen(clock, arrived)
    assert bounds.reported(clock, seen) == seen
    assert bounds.complete(clock, seen) == min(seen)
    assert bounds.awaited(clock) == bounds.oldest(clock) == max(0, clock - staleness)
    assert seen == ([min(n, clock) for n in arrived] if staleness == 0 else arrived)


@pytest.mark.parametrize(
    ("fault", "clock", "seen", "reported"),
    [
        (Fault.TOO_STALE, 5, [5, 1], [5, 1]),
        (Fault.FALLS_BACK, 5, [5, 2], [5, 2]),
        (Fault.FALLS_BACK, 4, [5, 4], [5, 4]),
        (Fault.FORGETS_OWN, 5, [4, 4], [4, 4]),
        (Fault.FROM_FUTURE, 5, [5, 4], [5, 6]),
    ],
)
def test_a_broken_rule_is_seen_in_the_view(fault: Fault, clock: int, seen: list[int], reported: list[int]) -> None:
    bounds = Bounds(0, 2, 3, 12, fault)
    found = bounds.seen(clock, [5, 4])
    assert (found, bounds.reported(clock, found)) == (seen, reported)
    # No view that is yet to come finds more in the base than it is to hold.
    assert bounds.complete(clock, found) < bounds.oldest(clock)


def test_what_is_to_be_fallen_back_from_is_seen_before() -> None:
    bounds = Bounds(0, 2, 3, 12, Fault.FALLS_BACK)
    assert [bounds.awaited(clock) for clock in (1, 2, 6, 7)] == [0, 2, 5, 4]


@pytest.mark.parametrize(
    ("workers", "staleness", "fault", "ahead", "few", "unsent"),
    [
        (2, 0, Fault.NONE, 0, 0, 1),
        (2, 3, Fault.NONE, 3, 2, 2),
        (4, 1, Fault.NONE, 1, 3, 1),
        (4, 2, Fault.NONE, 2, 5, 1),
        (1, 1, Fault.NONE, 1, 0, inf),
        (2, inf, Fault.NONE, inf, inf, inf),
        (2, 1, Fault.LOSES_ONE, inf, inf, inf),
        (1, 1, Fault.NO_EXCHANGE, inf, inf, inf),
        (1, inf, Fault.NONE, inf, inf, inf),
    ],
)
def test_how_much_may_wait(
    workers: int, staleness: float, fault: Fault, ahead: float, few: float, unsent: float
) -> None:
    bounds = Bounds(0, workers, staleness, 12, fault)
    assert (bounds.ahead, bounds.few(workers), bounds.unsent) == (ahead, few, unsent)
