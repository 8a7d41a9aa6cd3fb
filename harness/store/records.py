"""Records: checked when they are read, never changed, set aside where they cannot be used."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from harness.errors import BadInputError
from harness.record import Facts, Record
from harness.spec import SeedBlock, Setting
from harness.store.files import refuse_writing, sync
from harness.store.format import RECORD, read_record, write_record
from harness.store.machines import Machines
from harness.store.tables import Tables

_BLOCK = re.compile(r"seeds-(\d+)-(\d+)")


class Store(Machines, Tables):
    """Records under one folder, with what else is known there and work in progress.

    Args:
        root: the results folder.
    """

    def save(self, record: Record) -> Path:
        """Store a record; it has its name only when all of it is on disk.

        Args:
            record: facts and gaps.

        Returns:
            Folder of the record.

        Raises:
            BadInputError: it cannot be written, or there is a record already.
        """
        folder = self._folder(record.facts.suite, record.facts.setting, record.facts.block)
        if folder.exists():
            raise BadInputError("is stored already, and records never change", where=str(folder))
        staging = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
        shutil.rmtree(staging, ignore_errors=True)
        try:
            write_record(staging, record)
            staging.replace(folder)
            sync(folder.parent)
        except OSError as error:
            refuse_writing(folder, error)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return folder

    def facts(self, suite: str, setting: Setting, block: SeedBlock) -> Facts | None:
        """Facts of a stored run, checked.

        Args:
            suite: name of the suite.
            setting: point of the sweep.
            block: the seeds.

        Returns:
            The facts, or None where there is no record.

        Raises:
            DamagedError: the record does not hold what was written.
        """
        folder = self._folder(suite, setting, block)
        return read_record(folder).facts if folder.exists() else None

    def blocks(self, suite: str, setting: Setting) -> list[SeedBlock]:
        """Seed blocks of a setting that have a record, sound or not.

        Args:
            suite: name of the suite.
            setting: point of the sweep.

        Returns:
            The blocks, in no particular order.
        """
        names = (_BLOCK.fullmatch(path.name) for path in (self.root / suite / setting.id).glob("seeds-*"))
        ends = [(int(found[1]), int(found[2])) for found in names if found]
        return [SeedBlock(first, last - first + 1) for first, last in ends]

    def set_aside(self, suite: str, setting: Setting, block: SeedBlock, reason: str) -> Path:
        """Rename a record so that its run can be repeated; nothing is deleted.

        Args:
            suite: name of the suite.
            setting: point of the sweep.
            block: the seeds.
            reason: `stale` or `damaged`.

        Returns:
            Where it is now.
        """
        folder = self._folder(suite, setting, block)
        aside = folder.with_name(f"{folder.name}.{reason}-{time.time_ns()}")
        folder.rename(aside)
        return aside

    def records(self, suite: str) -> list[Record]:
        """All records of a suite, checked, in order of setting and block.

        Args:
            suite: name of the suite.

        Returns:
            The records.

        Raises:
            BadInputError: the folder cannot be read.
            DamagedError: a record does not hold what was written.
        """
        folder = self.root / suite
        if self.root.exists() and not self.root.is_dir():
            raise BadInputError("is not a folder", where=str(self.root), remedy="choose a folder with --results")
        try:
            found = sorted(path.parent for path in folder.glob(f"*/seeds-*/{RECORD}") if "." not in path.parent.name)
            list(folder.iterdir() if folder.exists() else ())
        except OSError as error:
            raise BadInputError(
                error.strerror or str(error), where=f"cannot read {folder}", remedy="check its permissions"
            ) from error
        return [read_record(path) for path in found]

    def suites(self) -> tuple[str, ...]:
        """Names of suites that have a folder here.

        Returns:
            The names in order.
        """
        if not self.root.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.root.iterdir() if any(path.glob(f"*/seeds-*/{RECORD}"))))

    def _folder(self, suite: str, setting: Setting, block: SeedBlock) -> Path:
        return self.root / suite / setting.id / block.id
