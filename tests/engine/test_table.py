from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.bounds import Bounds
from harness.engine.folds import Step, Weights
from harness.engine.nets import Tensors
from harness.engine.optimizers import Additive, Descent, Rule
from harness.engine.packing import Packing
from harness.engine.runtime import tf
from harness.engine.table import EVERYONE, Inbox, SSPTable
from harness.errors import BadInputError
from harness.history import Recorder, check, merged, written_out
from harness.spec import Optimizer, StepSize
from harness.verdict import Word

SHAPES = [[(2, 3), (3,)], [(4,)]]
INITIAL = [[np.arange(np.prod(shape), dtype=float).reshape(shape) for shape in layer] for layer in SHAPES]


@dataclass
class ByHand:
    """A transport that delivers when it is told to."""

    adds_up: bool = False
    sent: list[tuple[int, Tensors]] = field(default_factory=list)

    def start(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def send(self, clock: int, parcels: Tensors) -> None:
        self.sent.append((clock, parcels))
        if not self.adds_up:
            self.inbox.sent(clock)

    def finish(self) -> None:
        pass


@dataclass
class Worker:
    """A table, its transport and its history."""

    table: SSPTable
    wire: ByHand
    notes: bytearray

    @property
    def lines(self) -> list[str]:
        return written_out(bytes(self.notes))


def workers(
    count: int, staleness: float, clocks: int, rule: Rule, factor: float = 1.0, *, adds_up: bool = False
) -> list[Worker]:
    made = []
    for worker in range(count):
        wire, notes = ByHand(adds_up), bytearray()
        bounds = Bounds(worker, count, staleness, clocks)
        recorder = Recorder(worker, count, notes.extend)
        table = SSPTable(INITIAL, rule, factor=factor, bounds=bounds, transport=wire, recorder=recorder)
        made.append(Worker(table, wire, notes))
    return made


def changes(worker: int, clock: int) -> list[list[np.ndarray]]:
    draws = np.random.default_rng([worker, clock])
    return [[draws.normal(size=shape) for shape in layer] for layer in SHAPES]


def packed(change: list[list[np.ndarray]]) -> Tensors:
    flat = [tf.constant(c) for layer in change for c in layer]
    return Packing(flat).packed(flat)


def train(table: SSPTable, worker: int, clock: int) -> list[np.ndarray]:
    """One clock: what was read."""
    view = [variable.numpy() for layer in range(2) for variable in table.get(layer)]
    for layer, delta in enumerate(changes(worker, clock)):
        table.inc(layer, [tf.constant(d) for d in delta])
    table.clock()
    return view


def unheard(staleness: int) -> Worker:
    """One of two, three clocks on, who has all that the other sent and whose own changes are yet to be sent."""
    (quick, _) = workers(2, staleness, 8, Additive())
    quick.wire.send = lambda clock, parcels: None  # type: ignore[method-assign]
    for clock in range(3):
        train(quick.table, 0, clock)
        quick.wire.inbox.deliver(1, clock, packed(changes(1, clock)))
    return quick


def begun(act: Callable[[], object]) -> threading.Event:
    """Set when it is done."""
    done = threading.Event()

    def work() -> None:
        act()
        done.set()

    threading.Thread(target=work, daemon=True).start()
    return done


def added(seen: list[int]) -> list[np.ndarray]:
    """w_0 and the first n_q changes of every worker q, in NumPy."""
    total = [w.copy() for layer in INITIAL for w in layer]
    for worker, count in enumerate(seen):
        for clock in range(count):
            for place, change in enumerate(c for layer in changes(worker, clock) for c in layer):
                total[place] += change
    return total


def test_a_last_change_that_did_not_get_through_is_no_happy_end() -> None:
    (alone,) = workers(1, 0, 1, Additive())
    train(alone.table, 0, 0)
    alone.wire.finish = lambda: alone.wire.inbox.fail(ConnectionError("the last one was not sent"))  # type: ignore[method-assign]
    with pytest.raises(ConnectionError, match="last one"):
        alone.table.finish()
    assert not [line for line in alone.lines if '"final"' in line]


@settings(deadline=None, max_examples=30)
@given(st.data(), st.integers(1, 3), st.sampled_from([0, 1, 3, inf]), st.booleans())
def test_views_hold_what_they_say_and_all_end_with_the_same_bits(
    data: st.DataObject, count: int, staleness: float, pipelined: bool
) -> None:
    clocks, team = 4, workers(count, staleness, 4, Additive(), adds_up=pipelined)
    done, given_out = [0] * count, [[0] * count for _ in range(count)]

    def bring(reader: int, upto: list[int]) -> None:
        """Deliver to a reader what others sent, up to so many clocks of each."""
        if pipelined:
            for clock in range(given_out[reader][0], min(upto)):
                parts = [team[q].wire.sent[clock][1] for q in range(count)]
                team[reader].wire.inbox.deliver(EVERYONE, clock, [tf.add_n(list(p)) for p in zip(*parts, strict=True)])
            given_out[reader] = [max(given_out[reader][0], min(upto))] * count
            return
        for q in range(count):
            for clock in range(given_out[reader][q], upto[q] if q != reader else 0):
                team[reader].wire.inbox.deliver(q, *team[q].wire.sent[clock])
            given_out[reader][q] = max(given_out[reader][q], upto[q])

    while min(done) < clocks:
        ready = [p for p in range(count) if done[p] < clocks and min(done) >= done[p] - staleness]
        p = data.draw(st.sampled_from(ready))
        least = 0 if staleness == inf else max(0, done[p] - int(staleness))
        bring(p, [data.draw(st.integers(max(least, given_out[p][q]), done[q])) for q in range(count)])
        view = train(team[p].table, p, done[p])
        read = next(json.loads(line) for line in reversed(team[p].lines) if '"read"' in line)
        for found, expected in zip(view, added(read["view"]), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-12)
        done[p] += 1
    for p in range(count):
        bring(p, done)
    ends = [[w.numpy() for w in member.table.finish()] for member in team]
    for found, expected in zip(ends[0], added(done), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert all((a == b).all() for end in ends for a, b in zip(end, ends[0], strict=True))
    found = check(merged(count, staleness, [member.lines for member in team]))
    assert found.verdict is Word.SUPPORTED, found.reason


@settings(deadline=None, max_examples=100)
@given(st.data(), st.sampled_from([2, 3]), st.sampled_from([0, 1, 3]))
def test_a_bounded_inbox_keeps_no_read_waiting(data: st.DataObject, count: int, staleness: int) -> None:
    clocks, team = 6, workers(count, staleness, 6, Additive())
    done, arrived = [0] * count, [[0] * count for _ in range(count)]

    def ready(p: int) -> bool:
        late = min(n for q, n in enumerate(arrived[p]) if q != p) < done[p] - staleness
        return bool(team[p].table.view) or (done[p] < clocks and not late)

    def under_way(p: int, q: int) -> bool:
        return p != q and arrived[p][q] < done[q] and team[p].table._has_room(arrived[p][q])

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
        return free and all(member.table._has_room(summed) for member in team)

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
        assert not team[p].table.view or has[p] == done[p] or team[p].table._has_room(has[p])
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
        assert late.table._has_room(clock)
        late.wire.inbox.deliver(EVERYONE, clock, packed(changes(0, clock)))


def test_a_sum_for_which_there_is_room_is_folded_by_the_pass_that_makes_the_next_view() -> None:
    (member, *_) = workers(4, 1, 4, Additive(), adds_up=True)
    train(member.table, 0, 0)
    member.table.get(0)
    member.wire.inbox.deliver(EVERYONE, 0, packed(changes(0, 0)))
    assert member.table._folded == 0
    train(member.table, 0, 1)
    # The next one need not wait for that read.
    assert member.table._has_room(1)
    member.table.get(0)
    assert member.table._folded == 1


@pytest.mark.parametrize("optimizer", Optimizer)
def test_views_of_incomplete_clocks_are_steps_of_what_has_come(optimizer: Optimizer) -> None:
    rule = Descent(optimizer, StepSize(0.1))
    (member, other) = workers(2, 3, 3, rule, factor=0.5)
    train(member.table, 0, 0)
    train(member.table, 0, 1)
    found = [w.numpy() for layer in range(2) for w in member.table.get(layer)]
    expected = [tf.constant(w) for layer in INITIAL for w in layer]
    slots = [tuple(tf.fill(w.shape, tf.constant(value, w.dtype)) for value in rule.slots) for w in expected]
    for clock in range(2):
        own = [c for layer in changes(0, clock) for c in layer]
        stepped = [
            rule.step(w, s, [tf.constant(0.5 * c)], tf.constant(clock))
            for w, s, c in zip(expected, slots, own, strict=True)
        ]
        expected, slots = [w for w, _ in stepped], [s for _, s in stepped]
    assert other.table.view == ()
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13)


def test_without_staleness_a_late_reader_does_not_see_its_own_clock_of_others() -> None:
    first, second = workers(2, 0, 2, Additive())
    train(second.table, 1, 0)
    first.wire.inbox.deliver(1, *second.wire.sent[0])
    view = train(first.table, 0, 0)
    for found, expected in zip(view, added([0, 0]), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_change_that_is_not_finite_is_named() -> None:
    (member,) = workers(1, 0, 3, Additive())
    train(member.table, 0, 0)
    member.table.get(0)
    member.table.inc(0, [tf.zeros((2, 3), tf.float64), tf.zeros(3, tf.float64)])
    member.table.inc(1, [tf.constant([0.0, np.nan, 0.0, 0.0], tf.float64)])
    with pytest.raises(BadInputError, match="worker 0, clock 1, layer 2: the update holds a number that is not finite"):
        member.table.clock()


def test_finite_numbers_of_several_layers_may_add_up_to_more_than_there_are() -> None:
    (member,) = workers(1, 0, 1, Additive())
    largest = np.finfo(float).max
    member.table.inc(0, [tf.zeros((2, 3), tf.float64), tf.constant([0, 0, largest], tf.float64)])
    member.table.inc(1, [tf.constant([0, 0, 0, largest], tf.float64)])
    with np.errstate(over="ignore"):
        member.table.clock()
    assert member.table.finish()[2][-1] == largest


def test_wrong_shapes_and_missing_layers_are_named() -> None:
    (member,) = workers(1, 0, 3, Additive())
    with pytest.raises(BadInputError, match=r"layer 2: shape \(3,\) is not \(4,\)"):
        member.table.inc(1, [tf.zeros(3, tf.float64)])
    member.table.inc(1, [tf.zeros(4, tf.float64)])
    with pytest.raises(BadInputError, match="worker 0, clock 0, layer 1: no change was given"):
        member.table.clock()


def test_a_clock_too_many_is_refused() -> None:
    (member,) = workers(1, 0, 1, Additive())
    train(member.table, 0, 0)
    with pytest.raises(BadInputError, match="all 1 clocks have been"):
        train(member.table, 0, 1)


def test_many_pending_changes_are_all_in_the_view() -> None:
    first, _ = workers(2, inf, 20, Additive())
    for clock in range(15):
        train(first.table, 0, clock)
    for found, expected in zip(train(first.table, 0, 15), added([15, 0]), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_changes_of_a_layer_add_up_within_a_clock() -> None:
    (member,) = workers(1, 0, 1, Additive())
    member.table.inc(0, [tf.ones((2, 3), tf.float64), tf.ones(3, tf.float64)])
    for _ in range(2):
        member.table.inc(1, [tf.ones(4, tf.float64)])
    member.table.clock()
    np.testing.assert_array_equal(member.table.finish()[2], INITIAL[1][0] + 2)


def test_an_error_of_the_transport_ends_the_wait() -> None:
    first, _ = workers(2, 0, 2, Additive())
    train(first.table, 0, 0)
    first.wire.inbox.fail(RuntimeError("the other one died"))
    with pytest.raises(RuntimeError, match="the other one died"):
        first.table.get(0)


def test_what_is_folded_is_gone_before_there_is_room_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    (member, _) = workers(2, 1, 2, Additive())
    train(member.table, 0, 0)
    brought = packed(changes(1, 0))
    left = [weakref.ref(tensor) for tensor in brought]
    member.wire.inbox.deliver(1, 0, brought)
    del brought
    gone: list[bool] = []
    notify = member.table._room.notify_all

    def told() -> None:
        gone.extend(ref() is None for ref in left)
        notify()

    monkeypatch.setattr(member.table._room, "notify_all", told)
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
    assert (own() is None) is adds_up
    assert member.table.has_let_go(0) is adds_up
    assert not member.table.has_let_go(1)


def test_own_updates_are_seen_where_nothing_else_has_come() -> None:
    first, _ = workers(2, 3, 4, Additive())
    train(first.table, 0, 0)
    view = [w.numpy() for layer in range(2) for w in first.table.get(layer)]
    for found, expected in zip(view, added([1, 0]), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert first.table.view == (1, 0)


def test_who_waits_for_room_goes_on_when_the_clock_makes_it() -> None:
    (member, _) = workers(2, 3, 4, Additive())
    going = begun(lambda: member.table.wait_for_room(2))
    assert not going.wait(0.05)
    train(member.table, 0, 0)
    assert going.wait(10)


def test_a_read_that_waits_goes_on_with_the_last_change_that_it_needs() -> None:
    first, *_ = workers(3, 0, 4, Additive())
    train(first.table, 0, 0)
    read = begun(lambda: first.table.get(0))
    for worker in (1, 2):
        assert not read.wait(0.05)
        first.wire.inbox.deliver(worker, 0, packed(changes(worker, 0)))
    assert read.wait(10)
    assert first.table.view == (1, 1, 1)


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
    assert late.table._has_room(1) == computes
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
    assert quick.table._folded == 3
    assert quick.table._has_room(3)
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
