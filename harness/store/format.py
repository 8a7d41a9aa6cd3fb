"""A record as files: its facts, its gaps and its history, each with a checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from harness.errors import BadInputError, DamagedError
from harness.record import SCHEMA_VERSION, Facts, GapTable, Record
from harness.store.files import write_text, writing

RECORD, GAPS, HISTORY = "record.json", "gaps.parquet", "history.jsonl"
_REMEDY = "`harness run` sets it aside and repeats this run"


def write_record(folder: Path, record: Record) -> None:
    """Write the files of a record.

    Args:
        folder: where to.
        record: facts and gaps.

    Raises:
        BadInputError: a file cannot be written.
    """
    with writing(folder / GAPS) as temporary:
        pq.write_table(_to_arrow(record.gaps), temporary, compression="zstd")
    facts = json.loads(record.facts.model_dump_json())
    body = {"facts": facts, "gaps_sha256": digest((folder / GAPS).read_bytes())}
    if record.history:
        write_text(folder / HISTORY, record.history)
        body["history_sha256"] = digest(record.history.encode())
    write_text(folder / RECORD, json.dumps(body | {"sha256": digest(canonical(body))}, indent=1))


def read_record(folder: Path) -> Record:
    """Read the files of a record and check them.

    Args:
        folder: that was written to.

    Returns:
        What was written.

    Raises:
        BadInputError: a file may not be read, or was written by another version.
        DamagedError: the files do not hold what was written.
    """
    try:
        body = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        stated = body.pop("sha256")
        content = (folder / GAPS).read_bytes()
        history = (folder / HISTORY).read_bytes() if "history_sha256" in body else b""
    except PermissionError as error:
        raise BadInputError("permission denied", where=f"cannot read {error.filename}") from error
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise DamagedError(f"cannot be read ({error})", where=str(folder), remedy=_REMEDY) from error
    _require(folder / RECORD, stated, canonical(body))
    _require(folder / GAPS, body["gaps_sha256"], content)
    if history:
        _require(folder / HISTORY, body["history_sha256"], history)
    facts = _facts(folder / RECORD, body["facts"])
    return Record(facts, _from_arrow(pq.ParquetFile(pa.BufferReader(content)).read()), history.decode())


def _require(file: Path, stated: str, content: bytes) -> None:
    if stated != digest(content):
        raise DamagedError("checksum does not fit", where=str(file), remedy=_REMEDY)


def _facts(file: Path, body: Mapping[str, Any]) -> Facts:
    version = body.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BadInputError(
            f"schema version {version} is not {SCHEMA_VERSION}",
            where=str(file),
            remedy="read it with the version of the harness that wrote it, or use another --results",
        )
    try:
        return Facts.model_validate(body)
    except ValidationError as error:
        raise DamagedError(f"{error.error_count()} fields do not fit", where=str(file), remedy=_REMEDY) from error


def digest(content: bytes) -> str:
    """Checksum of a file.

    Args:
        content: its bytes.

    Returns:
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(content).hexdigest()


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
