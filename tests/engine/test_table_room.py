"""How many changes a table holds, and that nobody waits for ever for that."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import Worker, added, begun, changes, packed, train, workers

from harness.engine.folds import Step, Weights
from harness.engine.optimizers import Additive
from harness.engine.runtime import tf
from harness.engine.table import EVERYONE


def unheard(staleness: int) -> Worker:
    """One of two, three clocks on, who has all that the other sent and whose own changes are yet to be sent."""
    (quick, _) = workers(2, staleness, 8, Additive())
    quick.wire.send = lambda clock, parcels: None  # type: ignore[method-assign]
    for clock in range(3):
        train(quick.table, 0, clock)
        quick.wire.inbox.deliver(1, clock, packed(changes(1, clock)))
    return quick


@settings(deadline=None, max_examples=100)
@given(st.data(), st.sampled_from([2, 3]), st.sampled_from([0, 1, 3]))
def test_a_bounded_inbox_keeps_no_read_waiting(data: st.DataObject, count: int, staleness: int) -> None:
    clocks, team = 6, workers(count, staleness, 6, Additive())
    done, arrived = [0] * count, [[0] * count for _ in range(count)]

    def ready(p: int) -> bool:
        late = min(n for q, n in enumerate(arrived[p]) if q != p) < done[p] - staleness
        return bool(team[p].table.view) or (done[p] < clocks and not late)

    def under_way(p: int, q: int) -> bool:
        return p != q and arrived[p][q] < done[q] and team[p].table._room.is_free(arrived[p][q])

    while min(done) < clocks:
        moves = [(p, p) for p in range(count) if ready(p)]
        moves += [(p, q) for p in range(count) for q in range(count) if under_way(p, q)]
        assert moves, "every worker waits for another"
        p, q = data.draw(st.sampled_from(moves))
        if p == q and not team[p].table.view:
            team[p].table.get(0)
            assert max(team[p].table.view) <= done[p] + 2
        elif p == q:
            train(team[p].table, p, done[p])
            done[p] += 1
        else:
            team[p].wire.inbox.deliver(q, *team[q].wire.sent[arrived[p][q]])
            arrived[p][q] += 1
        # One of them is the change that was just made, and belongs to the step.
        assert count > 2 or sum(map(len, team[p].table._changes.values())) <= staleness + 2


@settings(deadline=None, max_examples=100)
@given(st.data(), st.sampled_from([2, 4]), st.sampled_from([0, 1, 2, 3]))
def test_sums_that_wait_for_room_keep_no_read_waiting(data: st.DataObject, count: int, staleness: int) -> None:
    clocks, team = 6, workers(count, staleness, 6, Additive(), adds_up=True)
    done, summed, has = [0] * count, 0, [0] * count

    def ready(p: int) -> bool:
        return bool(team[p].table.view) or (done[p] < clocks and has[p] >= done[p] - staleness)

    def all_add() -> bool:
        free = min(has) == summed < min(done)
        return free and all(member.table._room.is_free(summed) for member in team)

    while min(has) < clocks:
        moves = [(p, "step") for p in range(count) if ready(p)] + [(p, "get") for p in range(count) if has[p] < summed]
        moves += [(0, "add")] if all_add() else []
        assert moves, "every worker waits for another"
        p, move = data.draw(st.sampled_from(moves))
        if move == "add":
            summed += 1
        elif move == "get":
            parts = [team[q].wire.sent[has[p]][1] for q in range(count)]
            sums = [tf.add_n(list(parcels)) for parcels in zip(*parts, strict=True)]
            team[p].wire.inbox.deliver(EVERYONE, has[p], sums)
            has[p] += 1
        elif team[p].table.view:
            train(team[p].table, p, done[p])
            done[p] += 1
        else:
            team[p].table.get(0)
        # Nobody waits for who computes.
        assert not team[p].table.view or has[p] == done[p] or team[p].table._room.is_free(has[p])
        held = sum(map(len, team[p].table._changes.values())) + summed - has[p]
        # One of them is the change that was just made, and belongs to the step.
        assert done[p] == clocks or held <= max(2, staleness) + 1
    ends = [[w.numpy() for w in member.table.finish()] for member in team]
    for found, expected in zip(ends[0], added(done), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("staleness", [3, 4])
def test_a_sum_has_room_as_soon_as_its_worker_computes(staleness: int) -> None:
    (late, *_) = workers(4, staleness, 8, Additive(), adds_up=True)
    for clock in range(staleness):
        train(late.table, 0, clock)
    going = begun(lambda: late.table.wait_for_room(0))
    assert not going.wait(0.05)
    late.table.get(0)
    assert going.wait(10)
    for clock in range(staleness):
        assert late.table._room.is_free(clock)
        late.wire.inbox.deliver(EVERYONE, clock, packed(changes(0, clock)))


def test_a_sum_for_which_there_is_room_is_folded_by_the_pass_that_makes_the_next_view() -> None:
    (member, *_) = workers(4, 1, 4, Additive(), adds_up=True)
    train(member.table, 0, 0)
    member.table.get(0)
    member.wire.inbox.deliver(EVERYONE, 0, packed(changes(0, 0)))
    assert member.table._room.folded == 0
    train(member.table, 0, 1)
    # The next one need not wait for that read.
    assert member.table._room.is_free(1)
    member.table.get(0)
    assert member.table._room.folded == 1


def test_what_is_folded_is_gone_before_there_is_room_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    (member, _) = workers(2, 1, 2, Additive())
    train(member.table, 0, 0)
    brought = packed(changes(1, 0))
    left = [weakref.ref(tensor) for tensor in brought]
    member.wire.inbox.deliver(1, 0, brought)
    del brought
    gone: list[bool] = []
    notify = member.table._departures.notify_all

    def told() -> None:
        gone.extend(ref() is None for ref in left)
        notify()

    monkeypatch.setattr(member.table._departures, "notify_all", told)
    member.table.get(0)
    assert gone == [True] * len(left)


@pytest.mark.parametrize("adds_up", [False, True])
@pytest.mark.parametrize("staleness", [1, 2])
def test_an_own_change_is_kept_no_longer_than_a_view_or_a_fold_needs_it(staleness: int, adds_up: bool) -> None:
    (member, other) = workers(2, staleness, 4, Additive(), adds_up=adds_up)
    train(member.table, 0, 0)
    train(other.table, 1, 0)
    own = weakref.ref(member.table._changes[0][0][0])
    for clock in range(1, staleness + 1):
        assert own() is not None
        train(member.table, 0, clock)
    member.wire.sent.clear()
    assert (own() is None) is adds_up
    assert member.table.has_let_go(0) is adds_up
    assert not member.table.has_let_go(1)


def test_who_waits_for_room_goes_on_when_the_clock_makes_it() -> None:
    (member, _) = workers(2, 3, 4, Additive())
    going = begun(lambda: member.table.wait_for_room(2))
    assert not going.wait(0.05)
    train(member.table, 0, 0)
    assert going.wait(10)


def test_nothing_is_put_in_during_a_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum would take the place of an own change that the view still holds: one copy more."""
    (member, _) = workers(2, 1, 4, Additive())
    train(member.table, 0, 0)
    fold, put_in = member.table._fold.fold, []

    def folded(complete: Sequence[Step], window: Sequence[Step]) -> Weights:
        put_in.append(begun(lambda: member.wire.inbox.deliver(EVERYONE, 0, packed(changes(1, 0)))))
        assert not put_in[0].wait(0.05)
        return fold(complete, window)

    monkeypatch.setattr(member.table._fold, "fold", folded)
    member.table.get(0)
    assert put_in[0].wait(10)


@pytest.mark.parametrize("computes", [True, False])
def test_what_is_complete_is_folded_while_a_worker_computes_if_there_is_no_room_for_more(computes: bool) -> None:
    bases: list[list[np.ndarray]] = []
    (late, _) = workers(2, 3, 8, Additive())
    late.table._on_fold = lambda clock, base: bases.append([np.array(w) for w in base])
    for clock in range(3):
        train(late.table, 0, clock)
    if computes:
        view = [np.array(w) for layer in range(2) for w in late.table.get(layer)]
    late.wire.inbox.deliver(1, 0, packed(changes(1, 0)))
    assert late.table._room.is_free(1) == computes
    assert len(bases) == computes
    if computes:
        for found, expected in zip(bases[-1], added([1, 1]), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-12)
        for now, before in zip((w for layer in range(2) for w in late.table.get(layer)), view, strict=True):
            np.testing.assert_array_equal(now, before)


def test_nothing_is_folded_that_a_worker_has_yet_to_end() -> None:
    """Who is told of bases asks for that of the clock that it has ended before it reads again."""
    told: list[int] = []
    (late, _) = workers(2, 1, 8, Additive())
    late.table._on_fold = lambda clock, base: told.append(clock)
    train(late.table, 0, 0)
    late.table.get(0)
    for clock in range(3):
        late.wire.inbox.deliver(1, clock, packed(changes(1, clock)))
    assert told == [1]
    for layer, delta in enumerate(changes(0, 1)):
        late.table.inc(layer, [tf.constant(d) for d in delta])
    late.table.clock()
    assert told == [1]
    late.table.get(0)
    assert told == [1, 2]


def test_who_is_further_ahead_of_what_it_has_sent_than_it_may_be_waits_and_takes_in_what_comes() -> None:
    quick = unheard(staleness=3)
    read = begun(lambda: quick.table.get(0))
    assert not read.wait(0.05)
    # Its own third clock is complete with what has come, and makes room for the fourth.
    assert quick.table._room.folded == 3
    assert quick.table._room.is_free(3)
    quick.wire.inbox.sent(0)
    assert read.wait(10)


def test_own_changes_that_are_folded_and_not_sent_take_room() -> None:
    quick = unheard(staleness=4)
    quick.table.get(0)
    quick.wire.inbox.deliver(1, 3, packed(changes(1, 3)))
    going = begun(lambda: quick.table.wait_for_room(4))
    assert not going.wait(0.05)
    quick.wire.inbox.sent(0)
    assert going.wait(10)
