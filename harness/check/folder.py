"""Where the processes of a session and the command that asked for them meet: one folder of files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.check.plan import Job

INPUT, RANK = "input", "rank"
STARTING = "starting TensorFlow"


@dataclass(frozen=True)
class Failure:
    """Why a process could not do what it was asked to.

    Args:
        stage: what it was doing: "import", "training()", "step 7", …
        what: the error in one line.
        frames: the user's own frames of the traceback, as text.
        kind: `INPUT` where the file cannot be used, `RANK` where training itself failed.
    """

    stage: str
    what: str
    frames: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Folder:
    """Files of a session; what is renamed to its name is whole.

    Args:
        path: the folder.
    """

    path: Path

    def log(self, group: str, rank: int) -> Path:
        """Output of a process.

        Args:
            group: ranks, or one of the undistributed processes.
            rank: number of the process in it.

        Returns:
            Path of the file.
        """
        return self.path / f"{group}.{rank}.log"

    def file(self, job: str, name: str, rank: int, suffix: str = "npz") -> Path:
        """A file of a job.

        Args:
            job: name of the job.
            name: of a pass, or a kind of note.
            rank: who writes it.
            suffix: of its name.

        Returns:
            Its path.
        """
        return self.path / job / f"{name}.{rank}.{suffix}"

    def ask(self, number: int, job: Job) -> str:
        """Leave a job for the processes.

        Args:
            number: of the job, from 0 without gaps.
            job: what to do.

        Returns:
            Name of the job.
        """
        name = f"job-{number:04d}"
        (self.path / name).mkdir()
        write_json(self.path / f"{name}.json", job.to_json())
        return name

    def job(self, number: int) -> tuple[str, Job] | None:
        """A job that was left.

        Args:
            number: of the job.

        Returns:
            Its name and what to do; nothing where it is not there yet.
        """
        path = self.path / f"job-{number:04d}.json"
        return (path.stem, Job.from_json(json.loads(path.read_text()))) if path.exists() else None

    def note_process(self, group: str, rank: int, number: int) -> None:
        """Say which process this is.

        Args:
            group: of the process.
            rank: its number in the group.
            number: its process id.
        """
        write_json(self.path / f"process.{group}.{rank}.json", number)

    def processes(self, group: str, size: int) -> list[int]:
        """Processes of a group that have said anything.

        Args:
            group: of processes.
            size: how many they are.

        Returns:
            Process ids.
        """
        paths = [self.path / f"process.{group}.{rank}.json" for rank in range(size)]
        return [json.loads(path.read_text()) for path in paths if path.exists()]

    def note_stage(self, group: str, rank: int, stage: str) -> None:
        """Say what a process is about to do.

        Args:
            group: of the process.
            rank: its number.
            stage: a few words.
        """
        write_json(self.path / f"stage.{group}.{rank}.json", stage)

    def stages(self, group: str, size: int) -> dict[int, str]:
        """What the processes of a group said last.

        Args:
            group: of processes.
            size: how many they are.

        Returns:
            By rank.
        """
        paths = {rank: self.path / f"stage.{group}.{rank}.json" for rank in range(size)}
        return {rank: json.loads(path.read_text()) for rank, path in paths.items() if path.exists()}

    def fail(self, group: str, rank: int, failure: Failure) -> None:
        """Leave the reason why a process gave up a job, or altogether.

        Args:
            group: of the process.
            rank: its number.
            failure: the reason.
        """
        write_json(self.path / f"failed.{group}.{rank}.json", failure.__dict__)

    def forget_failures(self, group: str, size: int) -> None:
        """Take back the reasons of processes that went on.

        Args:
            group: of the processes.
            size: how many they are.
        """
        for rank in range(size):
            (self.path / f"failed.{group}.{rank}.json").unlink(missing_ok=True)

    def failures(self, group: str, size: int) -> dict[int, Failure]:
        """Why processes gave up.

        Args:
            group: of processes.
            size: how many they are.

        Returns:
            By rank.
        """
        found = {}
        for rank in range(size):
            path = self.path / f"failed.{group}.{rank}.json"
            if path.exists():
                found[rank] = Failure(**json.loads(path.read_text()))
        return found


def write_json(path: Path, value: Mapping[str, Any] | str | int) -> None:
    """Write a value so that a file that has its name is whole.

    Args:
        path: the file.
        value: JSON-able.
    """
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(value))
    temporary.replace(path)
