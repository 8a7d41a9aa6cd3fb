"""Histories of stale synchronous parallel, and the proof from them that what ran was what was meant.

A history is JSON lines in wall order: a header, then every read, write and final state of every worker. `view[q]` is
the number of q's clocks whose updates a read included. The checker goes through a history once and tests every read.

The rules, with s the staleness bound:

1. bounded staleness: view[q] ≥ max(0, c − s) for every q, at clock c;
2. read my writes: view[p] = c for the reader p;
3. FIFO and monotone: a writer's updates come in clock order, and never leave a reader's view;
4. nothing from the future: view[q] is at most the number of writes of q before the read, and at most c + s + 1;
5. nothing lost or doubled: at the end every worker has seen every write, once, and all hold the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Never, TypeGuard

from harness.errors import BadInputError
from harness.verdict import Word

Event = Mapping[str, Any]

VERSION = 1
RULES = {
    1: "bounded staleness",
    2: "read my writes",
    3: "FIFO and monotone",
    4: "nothing from the future",
    5: "nothing lost or doubled",
}
_MOST_KEPT = 100


@dataclass(frozen=True)
class Violation:
    """A rule broken, and the smallest set of events that proves it.

    Args:
        rule: its number.
        text: what happened, in words.
        lines: line numbers of the witnesses, from 1; the header is line 1.
        witnesses: the events themselves.
    """

    rule: int
    text: str
    lines: tuple[int, ...]
    witnesses: tuple[Event, ...]

    @property
    def name(self) -> str:
        """Name of the rule."""
        return RULES[self.rule]


@dataclass(frozen=True)
class Checked:
    """What a history proves.

    Args:
        verdict: refuted where a rule is broken, inconclusive where the history stops early, else supported.
        reason: one sentence.
        violations: the first hundred, in the order of the history.
        broken: number of violations of each rule.
        workers: P.
        staleness: s; infinite for no bound.
        reads: number of reads.
        writes: number of writes.
        lags: how often a read was how many clocks behind another worker's clock count: {c − view[q]: reads}.
    """

    verdict: Word
    reason: str
    violations: tuple[Violation, ...]
    broken: Mapping[int, int]
    workers: int
    staleness: float
    reads: int
    writes: int
    lags: Mapping[int, int]

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            Verdict, reason, violations with their witnesses, counts.
        """
        return {
            "verdict": str(self.verdict),
            "reason": self.reason,
            "violations": [
                {"rule": v.rule, "name": v.name, "text": v.text, "lines": v.lines, "witnesses": v.witnesses}
                for v in self.violations
            ],
            "broken": {str(rule): count for rule, count in self.broken.items()},
            "workers": self.workers,
            "staleness": None if self.staleness == inf else int(self.staleness),
            "reads": self.reads,
            "writes": self.writes,
            "lags": {str(lag): count for lag, count in sorted(self.lags.items())},
        }


def check(history: str | Path | Iterable[Event]) -> Checked:
    """Check a history against the five rules, in time linear in its length.

    Args:
        history: path of a file of JSON lines, or its events, the header first.

    Returns:
        The verdict with its evidence.

    Raises:
        BadInputError: the file cannot be read, or is no history; the line is named.
    """
    if isinstance(history, str | Path):
        return _Checker(str(history)).run(_events(Path(history)))
    return _Checker("history").run(enumerate(history, start=1))


def events_of(path: Path) -> list[Event]:
    """Events of a stored history.

    Args:
        path: a file of JSON lines.

    Returns:
        The events, the header first.

    Raises:
        BadInputError: the file cannot be read, or is no history; the line is named.
    """
    return [event for _, event in _events(path)]


def _events(path: Path) -> Iterator[tuple[int, Event]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _parsed(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise BadInputError(str(reason), where=str(path), remedy="give a file of JSON lines") from error


def _parsed(line: str, where: str) -> Event:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise BadInputError("is not JSON", where=where, remedy="the history is damaged; record it anew") from error
    if not isinstance(event, dict):
        raise BadInputError("is no event", where=where, remedy="the history is damaged; record it anew")
    return event


@dataclass
class _Checker:
    """State of one pass: what each worker has written and seen so far."""

    source: str
    workers: int = 0
    staleness: float = 0
    clocks: list[int] = field(default_factory=list)
    writes: dict[tuple[int, int], tuple[int, Event]] = field(default_factory=dict)
    last_reads: dict[int, tuple[int, Event]] = field(default_factory=dict)
    finals: dict[int, tuple[int, Event]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    broken: dict[int, int] = field(default_factory=dict)
    lags: dict[int, int] = field(default_factory=dict)
    reads: int = 0

    def run(self, events: Iterable[tuple[int, Event]]) -> Checked:
        steps = {"read": self._read, "write": self._write, "final": self._final}
        started = False
        for number, event in events:
            kind = event.get("kind")
            if not started:
                self._header(number, event)
                started = True
            elif kind in steps:
                self._worker(number, event)
                steps[kind](number, event)
            else:
                self._refuse(number, f"{kind!r} is no kind of event")
        if not started:
            raise BadInputError("is empty", where=self.source, remedy="a history starts with a header")
        self._end()
        return self._checked()

    def _header(self, number: int, event: Event) -> None:
        if event.get("kind") != "header":
            self._refuse(number, "is not the header that a history starts with")
        if event.get("version") != VERSION:
            self._refuse(number, f"version {event.get('version')!r} is not {VERSION}")
        self.workers = self._whole(number, event, "workers", least=1)
        bound = event.get("staleness", 0)
        self.staleness = inf if bound is None else self._whole(number, event, "staleness")
        self.clocks = [0] * self.workers

    def _worker(self, number: int, event: Event) -> None:
        if self._whole(number, event, "worker") >= self.workers:
            self._refuse(number, f"worker {event['worker']} is not one of {self.workers}")

    def _read(self, number: int, event: Event) -> None:
        reader, clock = event["worker"], self._whole(number, event, "clock")
        view = self._view(number, event)
        self.reads += 1
        if view[reader] != clock:
            text = f"worker {reader} reads at clock {clock} with {view[reader]} of its own updates, not {clock}"
            self._break(2, text, (number, event), self.writes.get((reader, clock - 1)))
        previous = self.last_reads.get(reader)
        for writer, seen in enumerate(view):
            if writer != reader:
                self._other(number, event, writer, seen)
            before = previous[1]["view"][writer] if previous is not None else 0
            if seen < before:
                text = f"worker {reader} had seen {before} updates of worker {writer}, and sees {seen}"
                self._break(3, text, previous, (number, event))
        self.last_reads[reader] = (number, event)

    def _other(self, number: int, event: Event, writer: int, seen: int) -> None:
        """Staleness and future of what a read holds of another worker."""
        reader, clock = event["worker"], event["clock"]
        self.lags[clock - seen] = self.lags.get(clock - seen, 0) + 1
        if seen < clock - self.staleness:
            oldest = int(clock - self.staleness - 1)
            text = (
                f"worker {reader} reads at clock {clock} without the update of worker {writer} stamped {seen}; "
                f"at staleness {self.staleness:g} it must hold all up to {oldest}"
            )
            self._break(1, text, (number, event), self.writes.get((writer, seen)))
        if seen > self.clocks[writer]:
            wrote = self.clocks[writer]
            text = f"worker {reader} reads {seen} updates of worker {writer}, which has written {wrote} so far"
            self._break(4, text, (number, event), self.writes.get((writer, wrote - 1)))
        elif seen > clock + self.staleness + 1:
            text = f"worker {reader} reads at clock {clock} {seen} updates of worker {writer}, past clock + s + 1"
            self._break(4, text, (number, event), self.writes.get((writer, seen - 1)))

    def _write(self, number: int, event: Event) -> None:
        writer, clock = event["worker"], self._whole(number, event, "clock")
        if "digest" not in event:
            self._refuse(number, "has no digest")
        earlier = self.writes.get((writer, clock))
        if earlier is not None:
            self._break(5, f"worker {writer} writes its update of clock {clock} twice", earlier, (number, event))
            return
        if clock != self.clocks[writer]:
            text = f"worker {writer} writes its update of clock {clock} when that of clock {self.clocks[writer]} is due"
            self._break(3, text, (number, event), self.writes.get((writer, self.clocks[writer] - 1)))
        self.writes[writer, clock] = (number, event)
        self.clocks[writer] = max(self.clocks[writer], clock + 1)

    def _final(self, number: int, event: Event) -> None:
        self._view(number, event)
        if "digest" not in event:
            self._refuse(number, "has no digest")
        if event["worker"] in self.finals:
            self._refuse(number, f"is a second final state of worker {event['worker']}")
        self.finals[event["worker"]] = (number, event)

    def _end(self) -> None:
        """Rule 5, once everything has been seen."""
        for worker, (number, event) in sorted(self.finals.items()):
            for writer, seen in enumerate(event["view"]):
                if seen != self.clocks[writer]:
                    what = "lost" if seen < self.clocks[writer] else "doubled"
                    text = (
                        f"worker {worker} ends with {seen} updates of worker {writer}, which has written "
                        f"{self.clocks[writer]}: {what}"
                    )
                    place = min(seen, self.clocks[writer] - 1)
                    self._break(5, text, (number, event), self.writes.get((writer, place)))
        ends = list(self.finals.values())
        for end in ends[1:]:
            if end[1]["digest"] != ends[0][1]["digest"]:
                text = f"workers {ends[0][1]['worker']} and {end[1]['worker']} end with different bits"
                self._break(5, text, ends[0], end)

    def _checked(self) -> Checked:
        missing = [worker for worker in range(self.workers) if worker not in self.finals]
        facts = f"{self.reads} reads and {len(self.writes)} writes of {self.workers} workers"
        if self.violations:
            first = self.violations[0]
            word, reason = Word.REFUTED, f"rule {first.rule}, {first.name}, is broken: {first.text}"
        elif missing:
            reason = (
                f"{facts} break no rule, but worker {missing[0]} has no final state, so nothing shows what was lost"
            )
            word = Word.INCONCLUSIVE
        elif not self.reads:
            word, reason = Word.INCONCLUSIVE, "nothing was read"
        else:
            word, reason = Word.SUPPORTED, f"{facts} break no rule"
        return Checked(
            verdict=word,
            reason=reason,
            violations=tuple(self.violations),
            broken=dict(self.broken),
            workers=self.workers,
            staleness=self.staleness,
            reads=self.reads,
            writes=len(self.writes),
            lags=dict(self.lags),
        )

    def _break(self, rule: int, text: str, *witnesses: tuple[int, Event] | None) -> None:
        self.broken[rule] = self.broken.get(rule, 0) + 1
        if len(self.violations) < _MOST_KEPT:
            there = sorted((w for w in witnesses if w is not None), key=lambda w: w[0])
            lines, events = tuple(number for number, _ in there), tuple(event for _, event in there)
            self.violations.append(Violation(rule, text, lines, events))

    def _view(self, number: int, event: Event) -> list[int]:
        view = event.get("view")
        if not (isinstance(view, list) and len(view) == self.workers and all(_is_whole(n) for n in view)):
            self._refuse(number, f"view {view!r} is not {self.workers} whole numbers from 0")
        return view

    def _whole(self, number: int, event: Event, name: str, least: int = 0) -> int:
        value = event.get(name)
        if not _is_whole(value) or value < least:
            self._refuse(number, f"{name} {value!r} is not a whole number from {least}")
        return value

    def _refuse(self, number: int, what: str) -> Never:
        where = f"{self.source}, line {number}"
        raise BadInputError(what, where=where, remedy="the history is damaged; record it anew")


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
