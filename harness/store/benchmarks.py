"""Reading what pytest-benchmark has stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import BadInputError
from harness.stats.timings import Timings

_REMEDY = "store it with `pytest … --benchmark-json PATH`"


def read_timings(path: Path) -> Timings:
    """All rounds of all benchmarks of a run.

    Args:
        path: a file that pytest-benchmark wrote.

    Returns:
        The timings; a benchmark whose unit of work was renamed counts as another one.

    Raises:
        BadInputError: the file cannot be read, is no such file, or holds no rounds.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        machine, benchmarks = _machine(body["machine_info"]), body["benchmarks"]
        names = [_name(benchmark) for benchmark in benchmarks]
        rounds = [benchmark["stats"].get("data") for benchmark in benchmarks]
    except OSError as error:
        raise BadInputError(error.strerror or str(error), where=f"cannot read {path}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(
            "is neither a folder of records nor pytest-benchmark's JSON", where=str(path), remedy=_REMEDY
        ) from error
    if not all(rounds):
        raise BadInputError(
            f"holds no rounds of {names[[bool(r) for r in rounds].index(False)]}, only their summary",
            where=str(path),
            remedy=f"{_REMEDY}, or with --benchmark-save-data beside --benchmark-save",
        )
    seconds = {name: np.array(values, float) for name, values in zip(names, rounds, strict=True)}
    return Timings(machine, seconds, str(path))


def _machine(info: dict[str, Any]) -> str:
    cpu = info["cpu"]
    processor = cpu.get("brand_raw") or info["processor"] or info["machine"]
    return f"{info['node']} ({processor}, {cpu.get('count')} cores, Python {info['python_version']})"


def _name(benchmark: dict[str, Any]) -> str:
    name, unit = str(benchmark["fullname"]).rpartition("/")[2], benchmark["extra_info"].get("unit")
    return f"{name}, {unit}" if unit else name
