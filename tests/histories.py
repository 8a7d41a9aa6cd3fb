"""Legal histories drawn at random, and every way of breaking one rule of them."""

from __future__ import annotations

import copy
from math import inf
from typing import Any

from hypothesis import strategies as st

Event = dict[str, Any]


@st.composite
def legal(draw: st.DrawFn, *, workers: st.SearchStrategy[int] = st.integers(1, 4)) -> list[Event]:  # noqa: B008
    """A run of a table that keeps the rules: who moves next, and how much each read sees, is drawn."""
    count = draw(workers)
    bound: int | None = draw(st.sampled_from([0, 1, 2, 3, None]))
    slack = inf if bound is None else bound
    clocks = draw(st.integers(1, 6))
    written, seen, reading = [0] * count, [[0] * count for _ in range(count)], [True] * count
    events: list[Event] = [{"kind": "header", "version": 1, "workers": count, "staleness": bound}]
    while True:
        ready = [
            p
            for p in range(count)
            if written[p] < clocks and (not reading[p] or all(w >= written[p] - slack for w in written))
        ]
        if not ready:
            break
        p = draw(st.sampled_from(ready))
        clock, time = written[p], len(events) / 10
        if reading[p]:
            for q in range(count):
                least = max(seen[p][q], clock - slack, 0)
                seen[p][q] = clock if q == p else draw(st.integers(int(least), written[q]))
            events.append({"kind": "read", "worker": p, "clock": clock, "view": list(seen[p]), "time": time})
        else:
            events.append({"kind": "write", "worker": p, "clock": clock, "time": time, "digest": f"{p}.{clock}"})
            written[p] += 1
        reading[p] = not reading[p]
    return events + [{"kind": "final", "worker": p, "view": list(written), "digest": "same"} for p in range(count)]


@st.composite
def broken(draw: st.DrawFn) -> tuple[list[Event], int]:
    """A legal history with one corruption that breaks a rule, and the number of that rule."""
    events = copy.deepcopy(draw(legal(workers=st.integers(2, 4))))
    ways = [way for rule in range(1, 6) for way in _corruptions(events, rule)]
    rule, changed = draw(st.sampled_from(ways))
    return changed, rule


def _corruptions(events: list[Event], rule: int) -> list[tuple[int, list[Event]]]:
    """All single corruptions of one rule."""
    bound = events[0]["staleness"]
    slack = inf if bound is None else bound
    made: list[tuple[int, list[Event]]] = []

    def change(index: int, **fields: Any) -> None:
        made.append((rule, [e if i != index else e | fields for i, e in enumerate(events)]))

    def view(event: Event, q: int, number: int) -> list[int]:
        return [number if i == q else n for i, n in enumerate(event["view"])]

    written: dict[int, int] = {}
    last: dict[int, Event] = {}
    for index, event in enumerate(events):
        kind, p = event["kind"], event.get("worker")
        if kind == "read":
            for q, seen in enumerate(event["view"]):
                if rule == 1 and q != p and event["clock"] - slack > 0:
                    change(index, view=view(event, q, int(event["clock"] - slack) - 1))
                if rule == 2 and q == p and seen > 0:
                    change(index, view=view(event, q, seen - 1))
                if rule == 3 and q != p and p in last and last[p]["view"][q] > max(0, event["clock"] - slack):
                    change(index, view=view(event, q, last[p]["view"][q] - 1))
                if rule == 4 and q != p:
                    change(index, view=view(event, q, written.get(q, 0) + 1))
            last[p] = event
        if kind == "write":
            written[p] = written.get(p, 0) + 1
            if rule == 5:
                made.append((5, [*events[: index + 1], event, *events[index + 1 :]]))
        if kind == "final" and rule == 5:
            for q, seen in enumerate(event["view"]):
                change(index, view=view(event, q, seen - 1))
                change(index, view=view(event, q, seen + 1))
            change(index, digest="other")
    return made
