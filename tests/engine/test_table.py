from __future__ import annotations

import json
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import INITIAL, added, begun, changes, packed, train, workers

from harness.engine.optimizers import Additive, Descent
from harness.engine.runtime import tf
from harness.engine.table import EVERYONE
from harness.errors import BadInputError
from harness.history import check, merged
from harness.spec import Optimizer, StepSize
from harness.verdict import Word


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


def test_own_updates_are_seen_where_nothing_else_has_come() -> None:
    first, _ = workers(2, 3, 4, Additive())
    train(first.table, 0, 0)
    view = [w.numpy() for layer in range(2) for w in first.table.get(layer)]
    for found, expected in zip(view, added([1, 0]), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert first.table.view == (1, 0)


def test_a_read_that_waits_goes_on_with_the_last_change_that_it_needs() -> None:
    first, *_ = workers(3, 0, 4, Additive())
    train(first.table, 0, 0)
    read = begun(lambda: first.table.get(0))
    for worker in (1, 2):
        assert not read.wait(0.05)
        first.wire.inbox.deliver(worker, 0, packed(changes(worker, 0)))
    assert read.wait(10)
    assert first.table.view == (1, 1, 1)
