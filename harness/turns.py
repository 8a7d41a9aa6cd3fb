"""Turns: how teams of processes that stay are asked, one at a time, to train for some clocks, and what they answer.

A folder of files is where they meet, so that any framework and any launcher will do, and nobody else runs meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadInputError
from harness.spec import Setting

NOBODY = "nobody"
# Clocks before those that are timed: graphs are traced by then, and a pipeline of up to 3 clocks is full.
WARM = 4
# A clock after them, so that a pipeline is as full at the end of what is timed as at its beginning.
AFTER = 1


@dataclass(frozen=True)
class Ask:
    """One turn of one team.

    Args:
        setting: name of what to train.
        clocks: how many are timed.
        seconds: to sleep per clock in the place of computing; 0 to compute.
        keep: whether the weights at the end are the reference that others are compared with.
        checkpoints: numbers of timed clocks, the last one all of them, after which the loss is asked for.

    Raises:
        BadInputError: checkpoints do not increase to the last timed clock.
    """

    setting: str
    clocks: int
    seconds: float = 0.0
    keep: bool = False
    checkpoints: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.checkpoints and (*sorted({0, *self.checkpoints, self.clocks}),) != (0, *self.checkpoints):
            raise BadInputError(f"checkpoints {self.checkpoints} must increase to {self.clocks}", where=self.setting)


@dataclass(frozen=True)
class Answer:
    """What one process has to say about one turn.

    Args:
        seconds: wall time per clock.
        cpu_seconds: processor time per clock.
        exchange_seconds: wall time per clock of the collectives alone; NaN where they cannot be run alone.
        differences: per layer Σ (w − w_ref)², over what this process holds; empty where nothing was compared.
        travelled: per layer Σ (w_ref − w_0)², over the same.
        checksum: of its weights.
        stretches: wall time from each checkpoint to the next, without what was noted there.
        losses: mean cross-entropy (nats) over the whole data set at each checkpoint, NaN where it is not finite; empty
            where nobody asked, or nothing was computed.
    """

    seconds: float
    cpu_seconds: float
    exchange_seconds: float
    differences: tuple[float, ...]
    travelled: tuple[float, ...]
    checksum: int
    stretches: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()


@dataclass(frozen=True)
class TurnFolder:
    """Files of the teams; what is renamed to its name is whole.

    Args:
        path: the folder.
    """

    path: Path

    def cast(self, team: str, settings: Sequence[Setting]) -> None:
        """Say what a team will be asked to train.

        Args:
            team: its name.
            settings: all of it.
        """
        self._write(f"{team}.settings.json", [setting.id for setting in settings])

    def settings(self, team: str) -> list[Setting]:
        """What a team will be asked to train.

        Args:
            team: its name.

        Returns:
            All of it.
        """
        names = json.loads((self.path / f"{team}.settings.json").read_text())
        return [Setting.parse(name, 1) for name in names]

    def log(self, team: str, rank: int) -> Path:
        """Output of a process.

        Args:
            team: of the process.
            rank: its number.

        Returns:
            Path of the file.
        """
        return self.path / f"{team}.{rank}.log"

    def meeting(self, team: str) -> Path:
        """Where processes of a team find each other, if their launcher does not tell them.

        Args:
            team: its name.

        Returns:
            Path of a file, or what the names of several begin with.
        """
        return self.path / f"{team}.meeting"

    def launch_log(self, team: str) -> Path:
        """Output of a team's launcher.

        Args:
            team: its name.

        Returns:
            Path of the file.
        """
        return self.path / f"{team}.launch.log"

    def reference(self, training: str) -> Path:
        """Weights of the reference.

        Args:
            training: name of what was trained.

        Returns:
            Path of the file.
        """
        return self.path / f"reference.{training}.npz"

    def be_ready(self, team: str, rank: int, pid: int) -> None:
        """Say that a process has started.

        Args:
            team: of the process.
            rank: its number.
            pid: process id.
        """
        self._write(f"{team}.{rank}.ready.json", pid)

    def ready(self, team: str, size: int) -> dict[int, int]:
        """Which processes of a team have started.

        Args:
            team: its name.
            size: how many they are.

        Returns:
            Process id by rank.
        """
        found = {rank: self._read(f"{team}.{rank}.ready.json") for rank in range(size)}
        return {rank: pid for rank, pid in found.items() if pid is not None}

    def ask(self, team: str, number: int, ask: Ask | None) -> None:
        """Leave a turn for a team.

        Args:
            team: its name.
            number: of the turn, from 0 without gaps.
            ask: what to do; None to end.
        """
        self._write(f"{team}.ask.{number}.json", asdict(ask) if ask else NOBODY)

    def asked(self, team: str, number: int) -> Ask | str | None:
        """A turn that was left.

        Args:
            team: its name.
            number: of the turn.

        Returns:
            What to do, `NOBODY` to end, None where it is not there yet.
        """
        found = self._read(f"{team}.ask.{number}.json")
        return Ask(**_with_tuples(found, "checkpoints")) if isinstance(found, dict) else found

    def answer(self, team: str, number: int, rank: int, answer: Answer | str) -> None:
        """Answer a turn.

        Args:
            team: of the process.
            number: of the turn.
            rank: of the process.
            answer: the times, or in one line why there are none.
        """
        body: Any = answer if isinstance(answer, str) else asdict(answer)
        self._write(f"{team}.answer.{number}.{rank}.json", body)

    def answers(self, team: str, number: int, size: int) -> dict[int, Answer | str]:
        """Answers that are there.

        Args:
            team: its name.
            number: of the turn.
            size: processes of the team.

        Returns:
            By rank; text where a process could not do what it was asked to.
        """
        found = {rank: self._read(f"{team}.answer.{number}.{rank}.json") for rank in range(size)}
        return {rank: _answer(body) for rank, body in found.items() if body is not None}

    def _read(self, name: str) -> Any:
        path = self.path / name
        return json.loads(path.read_text()) if path.exists() else None

    def _write(self, name: str, value: Any) -> None:
        temporary = self.path / f"{name}.part"
        temporary.write_text(json.dumps(value))
        temporary.replace(self.path / name)


def _answer(body: Mapping[str, Any] | str) -> Answer | str:
    if isinstance(body, str):
        return body
    return Answer(**_with_tuples(body, "differences", "travelled", "stretches", "losses"))


def _with_tuples(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """JSON knows lists only."""
    return dict(body) | {name: tuple(body[name]) for name in names}
