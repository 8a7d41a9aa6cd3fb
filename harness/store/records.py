"""Records: checked when they are read, never changed, set aside where they cannot be used."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from harness.errors import BadInputError, DamagedError
from harness.record import SCHEMA_VERSION, Facts, GapTable, Machine, Record
from harness.spec import SeedBlock, Setting
from harness.store.files import refuse_writing, sync, write_text, writing
from harness.store.parts import PartFolder

RECORD, GAPS, HISTORY, CALIBRATION = "record.json", "gaps.parquet", "history.jsonl", "calibration.json"
GALLERY = "gallery.json"
DRAWN = "drawn.json"
MACHINES = "machines"
_BLOCK = re.compile(r"seeds-(\d+)-(\d+)")
_REMEDY_DAMAGED = "`harness run` sets it aside and repeats this run"


@dataclass(frozen=True)
class Store:
    """Records and work in progress under one folder.

    Args:
        root: the results folder.
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
            with writing(staging / GAPS) as temporary:
                pq.write_table(_to_arrow(record.gaps), temporary, compression="zstd")
            facts = json.loads(record.facts.model_dump_json())
            body = {"facts": facts, "gaps_sha256": digest((staging / GAPS).read_bytes())}
            if record.history:
                write_text(staging / HISTORY, record.history)
                body["history_sha256"] = digest(record.history.encode())
            write_text(staging / RECORD, json.dumps(body | {"sha256": digest(canonical(body))}, indent=1))
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
        return _read(folder).facts if folder.exists() else None

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
        return [_read(path) for path in found]

    def save_calibration(self, table: dict[str, Any]) -> None:
        """Store the verdict's operating characteristics, in the place of earlier ones.

        Args:
            table: JSON-able.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self.root / CALIBRATION, json.dumps(table, indent=1) + "\n")

    def calibration(self) -> dict[str, Any] | None:
        """Operating characteristics that were stored.

        Returns:
            What was saved, or None where they were not measured.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        return _table(self.root / CALIBRATION, "run `harness calibrate`")

    def save_gallery(self, table: dict[str, Any]) -> None:
        """Store how the check did on the gallery, in the place of an earlier result.

        Args:
            table: JSON-able.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self.root / GALLERY, json.dumps(table, indent=1) + "\n")

    def gallery(self) -> dict[str, Any] | None:
        """How the check did on the gallery.

        Returns:
            What was saved, or None where the whole gallery was not run.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        return _table(self.root / GALLERY, "run `harness gallery`")

    def save_drawn(self, table: dict[str, Any]) -> None:
        """Store what the check said to right trainings that were drawn, in the place of an earlier result.

        Args:
            table: JSON-able.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self.root / DRAWN, json.dumps(table, indent=1) + "\n")

    def drawn(self) -> dict[str, Any] | None:
        """What the check said to right trainings that were drawn.

        Returns:
            What was saved, or None where none were drawn.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        return _table(self.root / DRAWN, "run `harness gallery --drawn 200`")

    def save_constants(self, body: dict[str, Any]) -> None:
        """Store what was measured of a machine, in the place of earlier measurements of it.

        Args:
            body: JSON-able, with the `machine`.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self._of_machine(Machine.model_validate(body["machine"])), json.dumps(body, indent=1) + "\n")

    def constants(self, machine: Machine) -> dict[str, Any] | None:
        """What was measured of a machine.

        Args:
            machine: which.

        Returns:
            What was saved, or None where nothing was measured of it.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        path = self._of_machine(machine)
        try:
            body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            same = Machine.model_validate(body["machine"]).id == machine.id
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedError(
                f"cannot be read ({type(error).__name__})", where=str(path), remedy="run `harness plan` with --measure"
            ) from error
        return body if same else None

    def save_validation(self, machine: Machine, page: str) -> Path:
        """Store how far forecasts were from what was run on a machine.

        Args:
            machine: which.
            page: a small report, Markdown.

        Returns:
            Where it is.

        Raises:
            BadInputError: it cannot be written.
        """
        path = self._of_machine(machine)
        report = path.with_name(f"{path.stem}-validation.md")
        write_text(report, page)
        return report

    def _of_machine(self, machine: Machine) -> Path:
        return self.root / MACHINES / f"{re.sub(r'[^a-z0-9]+', '-', machine.id.lower()).strip('-')}.json"

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


def digest(content: bytes) -> str:
    """Checksum of a file.

    Args:
        content: its bytes.

    Returns:
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(content).hexdigest()


def _read(folder: Path) -> Record:
    try:
        body = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        stated = body.pop("sha256")
        content = (folder / GAPS).read_bytes()
        history = (folder / HISTORY).read_bytes() if "history_sha256" in body else b""
    except PermissionError as error:
        raise BadInputError("permission denied", where=f"cannot read {error.filename}") from error
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise DamagedError(f"cannot be read ({error})", where=str(folder), remedy=_REMEDY_DAMAGED) from error
    if stated != digest(canonical(body)):
        raise DamagedError("checksum does not fit", where=str(folder / RECORD), remedy=_REMEDY_DAMAGED)
    if body["gaps_sha256"] != digest(content):
        raise DamagedError("checksum does not fit", where=str(folder / GAPS), remedy=_REMEDY_DAMAGED)
    if history and body["history_sha256"] != digest(history):
        raise DamagedError("checksum does not fit", where=str(folder / HISTORY), remedy=_REMEDY_DAMAGED)
    if body["facts"].get("schema_version") != SCHEMA_VERSION:
        raise BadInputError(
            f"schema version {body['facts'].get('schema_version')} is not {SCHEMA_VERSION}",
            where=str(folder / RECORD),
            remedy="read it with the version of the harness that wrote it, or use another --results",
        )
    try:
        facts = Facts.model_validate(body["facts"])
    except ValidationError as error:
        raise DamagedError(
            f"{error.error_count()} fields do not fit", where=str(folder / RECORD), remedy=_REMEDY_DAMAGED
        ) from error
    return Record(facts, _from_arrow(pq.ParquetFile(pa.BufferReader(content)).read()), history.decode())


def canonical(body: Mapping[str, Any]) -> bytes:
    """Form of a record's facts that its checksum is taken of.

    Args:
        body: JSON-able.

    Returns:
        The same bytes for the same content.
    """
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _to_arrow(gaps: GapTable) -> pa.Table:
    columns = {name: getattr(gaps, name) for name in GapTable.__annotations__}
    columns |= {name: pa.array(columns[name].tolist()).dictionary_encode() for name in ("layer", "gap")}
    return pa.table(columns)


def _from_arrow(table: pa.Table) -> GapTable:
    def text(name: str) -> NDArray[np.str_]:
        column = table[name].combine_chunks()
        words: NDArray[np.str_] = np.asarray(column.dictionary.to_pylist())
        return np.asarray(words[column.indices.to_numpy()], dtype=np.str_)

    numbers = {name: table[name].to_numpy() for name in ("replicate", "clock", "rank", "value")}
    return GapTable(layer=text("layer"), gap=text("gap"), **numbers)


def _table(path: Path, remedy: str) -> dict[str, Any] | None:
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedError(f"cannot be read ({error})", where=str(path), remedy=remedy) from error
    return table
