"""Parts of runs in progress: what the processes of a launch leave for the one that asked for it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.history import Journal, lines_of
from harness.store.files import refuse_writing, writing

_PARENT = "parent.alive"


@dataclass(frozen=True)
class PartFolder:
    """Where the processes of one launch leave their arrays, logs and signs of life.

    Args:
        path: the folder.
        ranks: number of processes of the launch.
    """

    path: Path
    ranks: int

    def log(self, rank: int) -> Path:
        """Log of a rank.

        Args:
            rank: its number.

        Returns:
            Path of the file.
        """
        return self.path / f"rank.{rank}.log"

    @property
    def launcher_log(self) -> Path:
        """What the launcher itself printed."""
        return self.path / "launcher.log"

    def clear(self) -> None:
        """Remove what an earlier attempt left, and make the folder.

        Raises:
            BadInputError: the folder cannot be made.
        """
        shutil.rmtree(self.path, ignore_errors=True)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refuse_writing(self.path, error)

    def save(self, rank: int, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Store what a rank returns.

        Args:
            rank: its number.
            arrays: by key.

        Raises:
            BadInputError: it cannot be written.
        """
        with writing(self._arrays(rank)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def load(self) -> list[dict[str, NDArray[np.generic]]]:
        """What every rank returned.

        Returns:
            Arrays by key, one mapping per rank.
        """
        parts = []
        for rank in range(self.ranks):
            with np.load(self._arrays(rank)) as file:
                parts.append({key: file[key] for key in file.files})
        return parts

    @contextmanager
    def journal(self, rank: int) -> Iterator[Journal]:
        """Where a rank writes its history; a death loses no event of it.

        Args:
            rank: its number.

        Yields:
            What takes notes and lines.

        Raises:
            BadInputError: it cannot be written.
        """
        with self._journal(rank).open("w+b") as file, Journal(file) as journal:
            yield journal

    def histories(self) -> list[list[str]]:
        """Lines of what the ranks wrote to their journals.

        Returns:
            One list per rank.
        """
        files = (self._journal(rank) for rank in range(self.ranks))
        return [lines_of(file) if file.exists() else [] for file in files]

    @property
    def history(self) -> Path:
        """Where the history of a launch that failed is kept."""
        return self.path / "history.jsonl"

    @property
    def complete(self) -> bool:
        """Whether every rank has left its arrays."""
        return all(self._arrays(rank).exists() for rank in range(self.ranks))

    def beat(self, rank: int) -> None:
        """Leave a sign of life.

        Args:
            rank: its number.
        """
        (self.path / f"rank.{rank}.alive").touch()

    def beat_parent(self) -> None:
        """Leave a sign of life of the process that asked for the launch; one that cannot be left is left out."""
        with suppress(OSError):
            (self.path / _PARENT).write_text(str(time.monotonic_ns()), encoding="utf-8")

    def parent_beat(self) -> str:
        """Latest sign of life of the process that asked for the launch; opened, so that a network folder looks anew.

        Returns:
            Any text, another one for every sign; empty where there is none.
        """
        try:
            return (self.path / _PARENT).read_text(encoding="utf-8")
        except OSError:
            return ""

    def fail(self, rank: int, reason: str) -> None:
        """Leave the reason why a rank gives up.

        Args:
            rank: its number.
            reason: one line.
        """
        (self.path / f"rank.{rank}.failed").write_text(reason, encoding="utf-8")

    def failures(self) -> dict[int, str]:
        """Ranks that gave up.

        Returns:
            Reason by rank, the first to give up first.
        """
        files = sorted(self.path.glob("rank.*.failed"), key=lambda file: file.stat().st_mtime_ns)
        return {int(file.name.split(".")[1]): file.read_text(encoding="utf-8") for file in files}

    def last_beats(self) -> dict[int, float]:
        """Signs of life of ranks that have not finished.

        Returns:
            Time of the last one (seconds since the epoch) by rank.
        """
        files = {int(file.name.split(".")[1]): file.stat().st_mtime for file in self.path.glob("rank.*.alive")}
        return {rank: beat for rank, beat in files.items() if not self._arrays(rank).exists()}

    def discard(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _journal(self, rank: int) -> Path:
        return self.path / f"rank.{rank}.journal"

    def _arrays(self, rank: int) -> Path:
        return self.path / f"rank.{rank}.npz"
