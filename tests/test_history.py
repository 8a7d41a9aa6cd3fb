from __future__ import annotations

import json
from pathlib import Path

import pytest
from histories import Event, broken, legal
from hypothesis import given, settings

from harness.errors import BadInputError
from harness.history import check
from harness.verdict import Word

HEADER: Event = {"kind": "header", "version": 1, "workers": 2, "staleness": 1}


def read(worker: int, clock: int, *view: int) -> Event:
    return {"kind": "read", "worker": worker, "clock": clock, "view": list(view), "time": 0.0}


def write(worker: int, clock: int) -> Event:
    return {"kind": "write", "worker": worker, "clock": clock, "time": 0.0, "digest": "d"}


def final(worker: int, *view: int, digest: str = "same") -> Event:
    return {"kind": "final", "worker": worker, "view": list(view), "digest": digest}


GOOD = [HEADER, read(0, 0, 0, 0), read(1, 0, 0, 0), write(0, 0), write(1, 0), read(0, 1, 1, 0), write(0, 1),
        read(1, 1, 2, 1), write(1, 1), final(0, 2, 2), final(1, 2, 2)]  # fmt: skip


@settings(deadline=None)
@given(legal())
def test_legal_histories_are_never_flagged(events: list[Event]) -> None:
    found = check(events)
    assert found.verdict is Word.SUPPORTED, found.reason
    assert found.violations == ()


@settings(deadline=None, max_examples=400)
@given(broken())
def test_any_single_corruption_is_caught_with_its_rule_and_witnesses(case: tuple[list[Event], int]) -> None:
    events, rule = case
    found = check(events)
    assert found.verdict is Word.REFUTED
    assert rule in found.broken
    for violation in found.violations:
        assert 1 <= len(violation.lines) <= 3
        assert [events[line - 1] for line in violation.lines] == list(violation.witnesses)


BROKEN = {
    1: (
        [HEADER, write(0, 0), write(1, 0), write(0, 1), read(0, 2, 2, 0)],
        "without the update of worker 1 stamped 0",
        [3, 5],
    ),
    2: ([HEADER, write(0, 0), read(0, 1, 0, 0)], "with 0 of its own updates, not 1", [2, 3]),
    3: (
        [HEADER, write(1, 0), read(0, 0, 0, 1), read(0, 0, 0, 0)],
        "had seen 1 updates of worker 1, and sees 0",
        [3, 4],
    ),
    4: ([HEADER, write(1, 0), read(0, 0, 0, 2)], "reads 2 updates of worker 1, which has written 1 so far", [2, 3]),
    5: ([*GOOD[:-1], final(1, 1, 2)], "ends with 1 updates of worker 0, which has written 2: lost", [7, 11]),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_broken_by_hand_has_its_smallest_witness(rule: int) -> None:
    events, said, lines = BROKEN[rule]
    (violation,) = check(events).violations
    assert violation.rule == rule
    assert said in violation.text
    assert list(violation.lines) == lines


def test_other_ways_of_breaking_rules() -> None:
    assert "different bits" in check([*GOOD[:-1], final(1, 2, 2, digest="other")]).reason
    assert "twice" in check([*GOOD[:5], write(1, 0), *GOOD[5:]]).reason
    assert "is due" in check([HEADER, write(0, 1)]).reason
    ahead = [HEADER, *(write(1, c) for c in range(3)), read(0, 0, 0, 3)]
    assert "past clock + s + 1" in check(ahead).reason


def test_lags_are_counted() -> None:
    found = check(GOOD)
    assert found.verdict is Word.SUPPORTED
    assert found.lags == {0: 2, 1: 1, -1: 1}
    assert (found.reads, found.writes) == (4, 4)


def test_history_that_stops_early_is_inconclusive() -> None:
    assert check(GOOD[:-1]).verdict is Word.INCONCLUSIVE
    assert "worker 1 has no final state" in check(GOOD[:-1]).reason
    assert check([HEADER, final(0, 0, 0), final(1, 0, 0)]).reason == "nothing was read"


def test_unbounded_staleness_is_null() -> None:
    events = [HEADER | {"staleness": None}, *(write(0, c) for c in range(50)), read(0, 50, 50, 0)]
    assert check(events).violations == ()
    assert check(events).to_json()["staleness"] is None


DAMAGED = {
    "not JSON": ("{", "line 1: is not JSON"),
    "no event": ("3", "line 1: is no event"),
    "no header": (json.dumps(write(0, 0)), "line 1: is not the header"),
    "version": (json.dumps(HEADER | {"version": 2}), "line 1: version 2 is not 1"),
    "workers": (json.dumps(HEADER | {"workers": 0}), "line 1: workers 0 is not a whole number from 1"),
    "staleness": (json.dumps(HEADER | {"staleness": -1}), "line 1: staleness -1 is not a whole number from 0"),
    "empty": ("", "is empty"),
}
LATER = {
    "kind": ({"kind": "magic", "worker": 0}, "'magic' is no kind of event"),
    "worker": (write(2, 0), "worker 2 is not one of 2"),
    "view": (read(0, 0, 0), "view [0] is not 2 whole numbers"),
    "negative": (read(0, 0, 0, -1), "view [0, -1] is not 2 whole numbers"),
    "clock": (write(0, 0) | {"clock": 0.5}, "clock 0.5 is not a whole number"),
    "digest": ({"kind": "write", "worker": 0, "clock": 0}, "has no digest"),
    "truth": (write(0, 0) | {"clock": True}, "clock True is not a whole number"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files_name_the_line(tmp_path: Path, case: str) -> None:
    text, said = DAMAGED[case]
    (tmp_path / "history").write_text(text)
    with pytest.raises(BadInputError) as caught:
        check(tmp_path / "history")
    assert said in str(caught.value)


@pytest.mark.parametrize("case", LATER)
def test_damaged_events_name_the_line(tmp_path: Path, case: str) -> None:
    event, said = LATER[case]
    (tmp_path / "history").write_text("\n".join(map(json.dumps, [HEADER, write(0, 0), "", event])).replace('""', ""))
    with pytest.raises(BadInputError) as caught:
        check(str(tmp_path / "history"))
    assert f"line 4: {said}" in str(caught.value)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="No such file"):
        check(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="is not text"):
        check(tmp_path / "binary")
