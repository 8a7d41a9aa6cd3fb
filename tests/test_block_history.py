"""Each rule of a divided net's history: legal histories pass, every corruption of one is found with its witness."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.history import Event, check
from harness.verdict import Word

Events = list[dict[str, Any]]


def legal(workers: int, staleness: int, clocks: int, seed: int, layers: int = 2, replicates: int = 2) -> Events:
    """A random legal history: workers take turns at random, within the bound."""
    draws = np.random.default_rng(seed)
    events: Events = [
        {
            "kind": "header",
            "version": 1,
            "workers": workers,
            "staleness": staleness,
            "partition": "model",
            "layers": layers,
        }
    ]
    exchanges = [f"enter.{layer}.forward" for layer in range(2, layers + 1)] + ["log-sums"]
    plans = [
        [draws.choice(layers * workers, workers, replace=False).tolist() for _ in range(replicates)]
        for _ in range(clocks)
    ]
    phases = [("schedule", ""), *((kind, e) for e in exchanges for kind in ("write", "read")), ("update", "")]
    places, written = [0] * workers, dict.fromkeys(((e, p) for e in exchanges for p in range(workers)), 0)
    last = {(e, p, q): 0 for e in exchanges for p in range(workers) for q in range(workers)}
    while any(place < clocks * len(phases) for place in places):
        p = int(draws.choice([w for w, place in enumerate(places) if place < clocks * len(phases)]))
        clock, (kind, exchange) = places[p] // len(phases), phases[places[p] % len(phases)]
        event: dict[str, Any] = {"kind": kind, "worker": p, "clock": clock, "time": float(len(events))}
        if kind == "schedule":
            event["blocks"] = plans[clock]
        elif kind == "update":
            event["blocks"] = [[b for b in own if b % workers == p] for own in plans[clock]]
        elif kind == "write":
            event["exchange"], written[exchange, p] = exchange, clock + 1
        else:
            least = max(1, clock + 1 - staleness)
            if any(written[exchange, q] < least for q in range(workers)):
                continue
            view = []
            for q in range(workers):
                low, high = max(least, last[exchange, p, q]), min(clock + 1, written[exchange, q])
                view.append(clock + 1 if q == p else int(draws.integers(low, high + 1)))
                last[exchange, p, q] = view[-1]
            event |= {"exchange": exchange, "view": view}
        events.append(event)
        places[p] += 1
    return [*events, *({"kind": "final", "worker": p, "digest": f"{p}"} for p in range(workers))]


histories = st.builds(legal, st.integers(2, 4), st.integers(0, 3), st.integers(2, 5), st.integers(0, 2**32 - 1))


@given(histories)
def test_legal_histories_pass(events: Events) -> None:
    assert check(events).verdict is Word.SUPPORTED


def _first(events: Events, kind: str, clock: int = 1) -> dict[str, Any]:
    return next(event for event in events if event["kind"] == kind and event.get("clock") == clock)


def too_stale(events: Events) -> None:
    bound = events[0]["staleness"]
    read = [e for e in events if e["kind"] == "read" and e["clock"] >= 1][-1]
    writer = (read["worker"] + 1) % events[0]["workers"]
    read["view"][writer] = max(0, max(1, read["clock"] + 1 - bound) - 1)


def forgets_own(events: Events) -> None:
    read = _first(events, "read")
    read["view"][read["worker"]] -= 1


def from_future(events: Events) -> None:
    read = _first(events, "read")
    read["view"][(read["worker"] + 1) % events[0]["workers"]] = 99


def skips_one(events: Events) -> None:
    events.remove(_first(events, "write", 0))


def other_schedule(events: Events) -> None:
    schedule = [e for e in events if e["kind"] == "schedule" and e["clock"] == 1][-1]
    schedule["blocks"] = [sorted(schedule["blocks"][0])[:-1], *schedule["blocks"][1:]]


def leaves_one_out(events: Events) -> None:
    update = next(e for e in events if e["kind"] == "update" and any(e["blocks"]))
    update["blocks"] = [[] for _ in update["blocks"]]


def never_updates(events: Events) -> None:
    events.remove(next(e for e in events if e["kind"] == "update" and any(e["blocks"])))


def takes_anothers(events: Events) -> None:
    update = _first(events, "update")
    update["blocks"][0] = [(update["worker"] + 1) % events[0]["workers"]]


def updates_twice(events: Events) -> None:
    update = _first(events, "update")
    events.insert(events.index(update) + 1, deepcopy(update))


def one_block_twice(events: Events) -> None:
    update = next(e for e in events if e["kind"] == "update" and e["blocks"][0])
    update["blocks"][0] = [*update["blocks"][0], update["blocks"][0][0]]


CORRUPTIONS = [
    (too_stale, 1),
    (forgets_own, 2),
    (from_future, 4),
    (skips_one, 3),
    (other_schedule, 6),
    (leaves_one_out, 6),
    (never_updates, 6),
    (takes_anothers, 7),
    (updates_twice, 7),
    (one_block_twice, 7),
]


@pytest.mark.parametrize(("corrupt", "rule"), CORRUPTIONS, ids=lambda value: getattr(value, "__name__", str(value)))
@given(events=histories)
def test_every_corruption_is_found(corrupt: Any, rule: int, events: Events) -> None:
    broken = deepcopy(events)
    corrupt(broken)
    found = check(broken)
    assert found.verdict is Word.REFUTED
    assert rule in found.broken
    witnesses = next(v for v in found.violations if v.rule == rule).witnesses
    assert 1 <= len(witnesses) <= 3


def test_views_that_shrink_are_found() -> None:
    events = legal(2, 2, 4, 0)
    reads = [e for e in events if e["kind"] == "read" and e["worker"] == 0 and e["exchange"] == "log-sums"]
    reads[2]["view"][1], reads[3]["view"][1] = 3, 2
    assert 3 in check(events).broken


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"blocks": "all"}, "are not lists of numbers"),
        ({"blocks": [[99]]}, "from 0 to 3"),
        ({"worker": 7}, "is not one of 2"),
        ({"clock": -1}, "is not a whole number"),
    ],
)
def test_damaged_lines_are_named(change: dict[str, Any], said: str) -> None:
    events: list[Event] = [dict(event) for event in legal(2, 0, 2, 0)]
    place = next(n for n, event in enumerate(events) if event["kind"] == "update")
    events[place] = {**events[place], **change}
    with pytest.raises(BadInputError, match=f"line {place + 1}.*{said}|{said}.*line {place + 1}"):
        check(events)


def test_a_history_without_exchanges_names_is_refused() -> None:
    events: list[Event] = [dict(event) for event in legal(2, 0, 2, 0)]
    place = next(n for n, event in enumerate(events) if event["kind"] == "read")
    events[place] = {key: value for key, value in events[place].items() if key != "exchange"}
    with pytest.raises(BadInputError, match="is not a name"):
        check(events)
