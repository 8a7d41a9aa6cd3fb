"""The check itself, checked: mutants with a mistake each, and right twins that must not be flagged."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.check.judge import Result
from harness.checking import Request, check_in
from harness.errors import BadInputError
from harness.session import Session
from harness.verdict import Word


@dataclass(frozen=True)
class Expected:
    """What a mutant's file says of itself.

    Args:
        id: of the mistake.
        step: the first wrong one; None where it is not of one step.
        tensor: the first wrong one, in backward order; None where it is not about one tensor.
        hint: words that a right hint has.
    """

    id: str
    step: int | None
    tensor: str | None
    hint: str


@dataclass(frozen=True)
class Exhibit:
    """A file of the gallery.

    Args:
        file: its path.
        expected: of its mutant; None where it holds none.
        right: functions that make right trainings.
    """

    file: Path
    expected: Expected | None
    right: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """How the check did on one training.

    Args:
        file: name of the file.
        entry: which of its trainings.
        id: of the mistake; empty for a right one.
        word: what the check said.
        found: whether that is right: refuted for a mutant, anything else for a right twin.
        localised: whether step and tensor are right; None for a right twin.
        hinted: whether the hint is right; None for a right twin.
        said: place and hint.
    """

    file: str
    entry: str
    id: str
    word: Word
    found: bool
    localised: bool | None
    hinted: bool | None
    said: str

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields.
        """
        return asdict(self)


def exhibits(folder: Path) -> list[Exhibit]:
    """The files of a gallery; they are read and not run.

    Args:
        folder: of the gallery.

    Returns:
        Those that define MUTANT or RIGHT.

    Raises:
        BadInputError: there is none.
    """
    found = []
    for file in sorted(folder.glob("*.py")):
        said = _constants(file)
        if "MUTANT" in said or "RIGHT" in said:
            expected = Expected(**said["MUTANT"]) if "MUTANT" in said else None
            found.append(Exhibit(file, expected, tuple(said.get("RIGHT", ()))))
    if not found:
        raise BadInputError("holds no mutant and no right training", where=str(folder), remedy="name another folder")
    return found


def _constants(file: Path) -> dict[str, Any]:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    named = {s.targets[0].id: s for s in body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)}
    return {name: ast.literal_eval(named[name].value) for name in ("MUTANT", "RIGHT") if name in named}


def score(
    chosen: Sequence[Exhibit], request: Request, session: Session, notify: Callable[[Score], None]
) -> list[Score]:
    """Check every training of some files.

    Args:
        chosen: the files.
        request: steps and batch.
        session: its processes are used for all of them.
        notify: told of every score.

    Returns:
        One per training.

    Raises:
        ProgramFailedError: a file failed.
    """
    made = []
    for exhibit in chosen:
        for entry in ([""] if exhibit.expected else []) + list(exhibit.right):
            asked = replace(request, file=exhibit.file, entry=entry)
            result = Result(exhibit.file.name, tuple(check_in(session, asked)), {})
            made.append(_scored(exhibit, entry, result))
            notify(made[-1])
    return made


def _scored(exhibit: Exhibit, entry: str, result: Result) -> Score:
    place = result.first
    where = f"step {place.step}, rank {place.rank}, {place.tensor} ({place.detector})" if place else ""
    said = f"{where}: {result.hint}" if place else result.reason
    expected = exhibit.expected
    if entry or expected is None:
        sound = result.word is not Word.REFUTED
        return Score(exhibit.file.stem, entry, "", result.word, sound, None, None, said)
    localised = place is not None and (expected.step in {None, place.step}) and place.tensor == expected.tensor
    hinted = expected.hint.lower() in result.hint.lower()
    found = result.word is Word.REFUTED
    return Score(exhibit.file.stem, entry, expected.id, result.word, found, localised, hinted, said)


@dataclass(frozen=True)
class Tally:
    """Totals of a gallery.

    Args:
        mutants: number of mutants.
        found: refuted.
        localised: with the right step and tensor.
        hinted: with a right hint.
        right: number of right trainings.
        false_alarms: of these, refuted.
        undecided: of these, inconclusive.
    """

    mutants: int
    found: int
    localised: int
    hinted: int
    right: int
    false_alarms: int
    undecided: int


def tally(scores: Iterable[Score]) -> Tally:
    """Add up.

    Args:
        scores: of all trainings.

    Returns:
        The totals.
    """
    made = list(scores)
    mutants, right = [s for s in made if s.id], [s for s in made if not s.id]
    return Tally(
        mutants=len(mutants),
        found=sum(s.found for s in mutants),
        localised=sum(bool(s.localised) for s in mutants),
        hinted=sum(bool(s.hinted) for s in mutants),
        right=len(right),
        false_alarms=sum(not s.found for s in right),
        undecided=sum(s.word is Word.INCONCLUSIVE for s in right),
    )
