"""What a table's counts leave room for, with no table and no TensorFlow: one rule for changes, one for sums."""

from math import inf

import pytest

from harness.engine.bounds import Bounds
from harness.engine.room import Room, RoomForChanges, RoomForSums

CLOCKS = 8


def with_counts(room: Room, *, clock: int, folded: int, arrived: list[int], sent: int = CLOCKS) -> Room:
    room.clock, room.folded, room.arrived, room.sent = clock, folded, arrived, sent
    return room


def for_changes(staleness: float, workers: int = 2) -> RoomForChanges:
    return RoomForChanges(Bounds(0, workers, staleness, CLOCKS))


def for_sums(staleness: float, workers: int = 2) -> RoomForSums:
    return RoomForSums(Bounds(0, workers, staleness, CLOCKS))


@pytest.mark.parametrize("kind", [for_changes, for_sums])
def test_where_nothing_bounds_what_waits_there_is_room_for_any(kind: type[Room]) -> None:
    room = with_counts(kind(inf), clock=5, folded=0, arrived=[5, 1])
    assert all(room.is_free(clock) for clock in range(CLOCKS))
    room.seen = [5, 0]
    assert not room.is_crowded


def test_the_change_that_is_folded_next_has_room_however_many_wait() -> None:
    room = with_counts(for_changes(1, workers=4), clock=3, folded=1, arrived=[3, 3, 3, 1])
    assert [room.is_free(clock) for clock in (1, 2, 3)] == [True, False, False]


@pytest.mark.parametrize(("sent", "free"), [(2, True), (1, False)])
def test_own_changes_that_are_folded_and_not_sent_take_room(sent: int, free: bool) -> None:
    room = with_counts(for_changes(2), clock=2, folded=2, arrived=[2, 3], sent=sent)
    assert room.is_free(3) is free


def test_a_change_more_than_a_clock_ahead_of_the_worker_has_none() -> None:
    room = with_counts(for_changes(3), clock=1, folded=1, arrived=[1, 1])
    assert [room.is_free(clock) for clock in (2, 3)] == [True, False]


@pytest.mark.parametrize(("kind", "arrived"), [(for_changes, [2, 4]), (for_sums, [3, 3]), (for_sums, [4, 2])])
def test_who_computes_is_crowded_by_more_than_it_has_room_for_and_who_reads_next_is_not(
    kind: type[Room], arrived: list[int]
) -> None:
    room = with_counts(kind(3), clock=4, folded=1, arrived=arrived)
    assert not room.is_crowded
    room.seen = [2, 2]
    assert room.is_crowded
    room.folded = 2
    assert not room.is_crowded


@pytest.mark.parametrize(("staleness", "ahead"), [(0, 1), (1, 1), (2, 1), (3, 2)])
def test_who_is_further_ahead_of_what_it_has_sent_waits_unless_sums_come(staleness: int, ahead: int) -> None:
    for more in (0, 1):
        room = with_counts(for_changes(staleness), clock=4, folded=0, arrived=[4, 0], sent=4 - ahead - more)
        assert room.is_ahead_of_sending is bool(more)
    room = with_counts(for_sums(staleness), clock=4, folded=0, arrived=[4, 0], sent=0)
    assert not room.is_ahead_of_sending


@pytest.mark.parametrize("staleness", [0, 1, 3])
def test_a_sum_replaces_the_own_change_that_no_view_will_hold_by_itself(staleness: int) -> None:
    room = with_counts(for_sums(staleness), clock=5, folded=0, arrived=[5, 0])
    room.seen = [5, 5]
    # The view that is there holds it already; the next one, of clock 6, must hold c − s of everybody.
    assert room.replaced == 5 - staleness
    assert room.is_free(5 - staleness)
    room.seen, room.clock = None, CLOCKS
    assert room.replaced == CLOCKS - 1
    assert for_changes(staleness).replaced is None


@pytest.mark.parametrize(("staleness", "few"), [(2, 2), (3, 2), (4, 3)])
def test_another_sum_comes_where_few_clocks_wait_to_be_folded(staleness: int, few: int) -> None:
    for waiting in (few, few + 1):
        room = with_counts(for_sums(staleness, workers=4), clock=4, folded=4 - waiting, arrived=[4, 0, 0, 0])
        assert room.is_free(4 - staleness) is (waiting == few)
