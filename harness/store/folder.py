"""The results folder: that it can be used, and by one writer at a time; where runs in progress are."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInputError
from harness.store.files import refuse_writing
from harness.store.parts import PartFolder


@dataclass(frozen=True)
class Folder:
    """A folder that is written to.

    Args:
        root: its path.
    """

    root: Path

    def check(self) -> None:
        """Make the folder where it is missing and see that it can be written to.

        Raises:
            BadInputError: it is not a folder, or cannot be written to.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe.{os.getpid()}"
            probe.write_bytes(b"\0")
            probe.unlink()
        except FileExistsError:
            raise BadInputError(
                "is not a folder", where=str(self.root), remedy="choose a folder with --results"
            ) from None
        except OSError as error:
            refuse_writing(self.root, error)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running into the same folder; a killed process holds no lock.

        Raises:
            BadInputError: another process holds it.
        """
        self.check()
        with (self.root / ".lock").open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInputError(
                    "another `harness run` is writing here",
                    where=str(self.root),
                    remedy="wait for it or choose another folder with --results",
                ) from None
            yield

    def require_space(self, needed_bytes: int) -> None:
        """See that a run's parts will fit.

        Args:
            needed_bytes: what it will write.

        Raises:
            BadInputError: the disk has less room.
        """
        free = shutil.disk_usage(self.root).free
        if free < needed_bytes:
            raise BadInputError(
                f"the run needs {needed_bytes / 2**20:.1f} MiB and the disk has {free / 2**20:.1f} MiB free",
                where=str(self.root),
                remedy="free some space or choose another folder with --results",
            )

    def part(self, suite: str, code: str, name: str, ranks: int) -> PartFolder:
        """Folder of a part of a run in progress.

        Args:
            suite: name of the suite.
            code: hash of the code; parts made by other code are not seen.
            name: path-like name of the part.
            ranks: number of processes.

        Returns:
            The folder, which may not exist yet.
        """
        return PartFolder(self.root / ".work" / suite / code[:12] / name, ranks)

    def discard_work(self, suite: str) -> None:
        """Remove the work in progress of a suite whose records are all stored.

        Args:
            suite: name of the suite.
        """
        shutil.rmtree(self.root / ".work" / suite, ignore_errors=True)
