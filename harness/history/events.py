"""What histories are made of: events, violations, and what the checkers of both kinds share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Never, TypeGuard

from harness.errors import BadInputError
from harness.verdict import Word

Event = Mapping[str, Any]
Numbered = tuple[int, Event]

VERSION = 1
RULES = {
    1: "bounded staleness",
    2: "read my writes",
    3: "FIFO and monotone",
    4: "nothing from the future",
    5: "nothing lost or doubled",
}
# Of histories of a divided net; they also keep the first four, exchange by exchange.
BLOCK_RULES = {6: "as scheduled", 7: "by its owner, once"}
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
        return (RULES | BLOCK_RULES)[self.rule]


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


def events_of(path: Path) -> list[Event]:
    """Events of a stored history.

    Args:
        path: a file of JSON lines.

    Returns:
        The events, the header first.

    Raises:
        BadInputError: the file cannot be read, or is no history; the line is named.
    """
    return [event for _, event in numbered(path)]


def numbered(path: Path) -> Iterator[Numbered]:
    """Events of a stored history with their line numbers, one after the other.

    Args:
        path: a file of JSON lines.

    Yields:
        Line number from 1, and event.

    Raises:
        BadInputError: the file cannot be read, or a line is no event; the line is named.
    """
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
class Checker:
    """State of one pass through a history that all kinds share.

    Args:
        source: what it is called in messages.
    """

    source: str
    workers: int = 0
    staleness: float = 0
    finals: dict[int, Numbered] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    broken: dict[int, int] = field(default_factory=dict)
    lags: dict[int, int] = field(default_factory=dict)
    reads: int = 0
    written: int = 0

    def steps(self) -> Mapping[str, Callable[[int, Event], None]]:
        """What is done with each kind of event."""
        raise NotImplementedError

    def end(self) -> None:
        """What is checked once everything has been seen."""
        raise NotImplementedError

    def run(self, events: Iterable[Numbered]) -> Checked:
        """Go through a history.

        Args:
            events: with their line numbers, the header first.

        Returns:
            What it proves.

        Raises:
            BadInputError: it is no history; the line is named.
        """
        steps = self.steps()
        started = False
        for number, event in events:
            kind = str(event.get("kind"))
            if not started:
                self.header(number, event)
                started = True
            elif kind in steps:
                self._worker(number, event)
                steps[kind](number, event)
            else:
                self.refuse(number, f"{event.get('kind')!r} is no kind of event")
        if not started:
            raise BadInputError("is empty", where=self.source, remedy="a history starts with a header")
        self.end()
        return self._checked()

    def header(self, number: int, event: Event) -> None:
        """Read the header.

        Args:
            number: its line.
            event: the header.

        Raises:
            BadInputError: it is none.
        """
        if event.get("kind") != "header":
            self.refuse(number, "is not the header that a history starts with")
        if event.get("version") != VERSION:
            self.refuse(number, f"version {event.get('version')!r} is not {VERSION}")
        self.workers = self.whole(number, event, "workers", least=1)
        bound = event.get("staleness", 0)
        self.staleness = inf if bound is None else self.whole(number, event, "staleness")

    def _worker(self, number: int, event: Event) -> None:
        if self.whole(number, event, "worker") >= self.workers:
            self.refuse(number, f"worker {event['worker']} is not one of {self.workers}")

    def _checked(self) -> Checked:
        missing = [worker for worker in range(self.workers) if worker not in self.finals]
        facts = f"{self.reads} reads and {self.written} writes of {self.workers} workers"
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
            writes=self.written,
            lags=dict(self.lags),
        )

    def violated(self, rule: int, text: str, *witnesses: Numbered | None) -> None:
        """Note that a rule is broken.

        Args:
            rule: its number.
            text: what happened, in words.
            witnesses: the events that prove it; one that is not there is left out.
        """
        self.broken[rule] = self.broken.get(rule, 0) + 1
        if len(self.violations) < _MOST_KEPT:
            there = sorted((w for w in witnesses if w is not None), key=lambda w: w[0])
            lines, events = tuple(number for number, _ in there), tuple(event for _, event in there)
            self.violations.append(Violation(rule, text, lines, events))

    def view(self, number: int, event: Event) -> list[int]:
        """What a read or final state holds of each worker.

        Args:
            number: the event's line.
            event: the event.

        Returns:
            P whole numbers.

        Raises:
            BadInputError: it is something else.
        """
        view = event.get("view")
        if not (isinstance(view, list) and len(view) == self.workers and all(_is_whole(n) for n in view)):
            self.refuse(number, f"view {view!r} is not {self.workers} whole numbers from 0")
        return view

    def whole(self, number: int, event: Event, name: str, least: int = 0) -> int:
        """A whole number of an event.

        Args:
            number: the event's line.
            event: the event.
            name: of the number.
            least: the smallest that is possible.

        Returns:
            The number.

        Raises:
            BadInputError: it is something else.
        """
        value = event.get(name)
        if not _is_whole(value) or value < least:
            self.refuse(number, f"{name} {value!r} is not a whole number from {least}")
        return value

    def ended(self, number: int, event: Event) -> None:
        """Note a worker's final state.

        Args:
            number: the event's line.
            event: the final state.

        Raises:
            BadInputError: it has no digest, or is the worker's second.
        """
        if "digest" not in event:
            self.refuse(number, "has no digest")
        if event["worker"] in self.finals:
            self.refuse(number, f"is a second final state of worker {event['worker']}")
        self.finals[event["worker"]] = (number, event)

    def refuse(self, number: int, what: str) -> Never:
        """Say that a line cannot be part of a history.

        Args:
            number: the line.
            what: why not.

        Raises:
            BadInputError: always.
        """
        where = f"{self.source}, line {number}"
        raise BadInputError(what, where=where, remedy="the history is damaged; record it anew")


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
