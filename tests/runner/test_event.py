from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from harness.runner import event
from harness.runner.event import Event, in_turn


@dataclass(frozen=True)
class Piece:
    name: str


def test_each_is_told_before_it_begins_with_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 104.0, 106.0])
    monkeypatch.setattr(event, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    told: list[Event] = []
    pieces = [Piece(name) for name in "abc"]
    for number, piece in enumerate(in_turn(pieces, told.append)):
        assert piece is pieces[number]
        assert len(told) == number + 1
    assert told == [Event("a", 0, 3), Event("b", 1, 3, 8.0), Event("c", 2, 3, 3.0)]


def test_nothing_is_told_of_nothing() -> None:
    told: list[Event] = []
    assert list(in_turn([], told.append)) == []
    assert told == []
