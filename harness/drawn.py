"""How often does the check accuse a right training? Those that were drawn, checked one after another."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from harness.check.judge import Result
from harness.checking import Request, check_in
from harness.configurations import COMMON, Configuration
from harness.session import Session
from harness.verdict import Word

_HARNESS = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    """What the check said to a drawn training.

    Args:
        file: name of its file.
        configuration: the training.
        word: what the check said; refuted is a false alarm.
        detector: that said so first; empty where all are supported.
        reason: one sentence.
        seconds: that the check took.
    """

    file: str
    configuration: Configuration
    word: Word
    detector: str
    reason: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields.
        """
        return asdict(self)


class Journal:
    """Outcomes as they are made, so that a run that was stopped goes on: of the same file, judged by the same code.

    Args:
        folder: of the drawn files.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "outcomes.jsonl"
        code = [*_HARNESS.glob("check/*.py"), *_HARNESS.glob("engine/check/*.py"), _HARNESS / "checking.py"]
        self._code = _hash([folder / COMMON, *sorted(code)])

    def known(self, file: Path, configuration: Configuration) -> Outcome | None:
        """What was said to a file before.

        Args:
            file: its path.
            configuration: that it holds.

        Returns:
            The outcome, or None.
        """
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        found = {row.pop("key"): row for row in map(json.loads, lines)}.get(self._key(file))
        if found is None:
            return None
        return Outcome(**(found | {"configuration": configuration, "word": Word(found["word"])}))

    def add(self, file: Path, outcome: Outcome) -> None:
        """Note what was said.

        Args:
            file: its path.
            outcome: of the check.
        """
        with self._path.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps({"key": self._key(file)} | outcome.to_json()) + "\n")

    def _key(self, file: Path) -> str:
        return _hash([file]) + self._code


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def judged(
    files: Sequence[Path],
    chosen: Sequence[Configuration],
    session: Session,
    notify: Callable[[Outcome], None],
    *,
    time_limit: float,
) -> list[Outcome]:
    """Check those drawn trainings that are for as many ranks as a session has, and were not checked before.

    Args:
        files: of all of them.
        chosen: all of them.
        session: its processes are used.
        notify: told of every outcome.
        time_limit: seconds per training.

    Returns:
        One per training of this number of ranks.

    Raises:
        ProgramFailedError: a file failed.
    """
    made, journal = list[Outcome](), Journal(files[0].parent)
    for file, configuration in zip(files, chosen, strict=True):
        if configuration.workers == session.workers:
            known = journal.known(file, configuration)
            if known is not None:
                made.append(known)
                continue
            began = monotonic()
            request = Request(file, (session.workers,), configuration.steps, configuration.batch, time_limit=time_limit)
            result = Result(file.name, tuple(check_in(session, request)), {})
            made.append(_outcome(result, configuration, monotonic() - began))
            journal.add(file, made[-1])
            notify(made[-1])
    return made


def _outcome(result: Result, configuration: Configuration, seconds: float) -> Outcome:
    counted = [name for name, (word, _, counts) in result.detectors.items() if counts and word is result.word]
    detector = "" if result.word is Word.SUPPORTED else counted[0]
    return Outcome(result.file, configuration, result.word, detector, result.reason, seconds)


@dataclass(frozen=True)
class Summary:
    """Totals of drawn trainings.

    Args:
        configurations: how many.
        workers: how many per number of ranks.
        false_alarms: refuted.
        undecided: inconclusive.
        seconds: of all checks.
        median_seconds: of one.
        kinds: how often each value of each choice was drawn.
    """

    configurations: int
    workers: dict[str, int]
    false_alarms: int
    undecided: int
    seconds: float
    median_seconds: float
    kinds: dict[str, dict[str, int]]


_TOLD = ("loss", "activation", "normalised", "dtype", "l2", "clip", "micro", "start", "transport", "weighting")


def summary(outcomes: Iterable[Outcome]) -> Summary:
    """Add up.

    Args:
        outcomes: at least one.

    Returns:
        The totals.
    """
    made = list(outcomes)
    drawn_from = [outcome.configuration for outcome in made]
    kinds = {"training": Counter(_way(c) for c in drawn_from)}
    kinds |= {"hidden layers": Counter(str(len(c.spec["widths"])) for c in drawn_from)}
    kinds |= {"optimizer": Counter(_optimizer(c.spec["optimizer"]) for c in drawn_from)}
    kinds |= {name: Counter(str(c.spec[name]) for c in drawn_from) for name in _TOLD}
    return Summary(
        configurations=len(made),
        workers=dict(sorted(Counter(str(c.workers) for c in drawn_from).items())),
        false_alarms=sum(outcome.word is Word.REFUTED for outcome in made),
        undecided=sum(outcome.word is Word.INCONCLUSIVE for outcome in made),
        seconds=sum(outcome.seconds for outcome in made),
        median_seconds=median(outcome.seconds for outcome in made),
        kinds={name: dict(sorted(count.items())) for name, count in kinds.items()},
    )


def _way(configuration: Configuration) -> str:
    if configuration.keras:
        return "compiled Keras model"
    return "loop, unequal shares" if configuration.spec["dealt"] else "loop, equal shares"


def _optimizer(options: dict[str, Any]) -> str:
    if options["name"] == "SGD" and "momentum" in options:
        return "Nesterov" if options["nesterov"] else "momentum"
    return str(options["name"])
