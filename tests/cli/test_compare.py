"""`harness compare` of files that pytest-benchmark wrote; of folders of records see `test_commands`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main

CPU = {"brand_raw": "Some Processor", "count": 2}
MACHINE = {"node": "here", "processor": "", "machine": "x86_64", "python_version": "3.11.7", "cpu": CPU}
CODE = """
import time
import pytest
def test_quick(benchmark): benchmark.pedantic(lambda: None, rounds=9)
@pytest.mark.parametrize("nap", ["short"])
def test_slow(benchmark, nap):
    benchmark.extra_info["unit"] = "seconds per nap"
    benchmark.pedantic(time.sleep, (0.001,), rounds=9)
"""


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *map(str, words)])
    return int(ended.value.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert run(*words) == 3
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    return complaint


def saved(path: Path, machine: dict[str, Any] = MACHINE, **medians: float) -> Path:
    """Thirty rounds about each median, as pytest-benchmark writes them."""
    steps = np.linspace(0.99, 1.01, 30)
    benchmarks = [
        {"fullname": name, "extra_info": {}, "stats": {"data": list(median * steps)}}
        for name, median in medians.items()
    ]
    path.write_text(json.dumps({"machine_info": machine, "benchmarks": benchmarks}))
    return path


def test_three_words_and_their_exit_status(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    old = saved(tmp_path / "old", same=1.0, worse=1.0, better=1.0)
    new = saved(tmp_path / "new", same=1.02, worse=1.2, better=0.8, added=1.0)
    assert run(old, new, "--json", tmp_path / "out.json") == 1
    rows = {row["benchmark"]: row for row in json.loads((tmp_path / "out.json").read_text())}
    words = {name: row["word"] for name, row in rows.items()}
    assert words == {"same": "no difference shown", "worse": "slower", "better": "faster"}
    ratio, low, high = rows["worse"]["ratio"]
    assert 1.1 < low < ratio < high
    assert ratio == pytest.approx(1.2)
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["same", "1000", "1020"],
        ["worse", "1000", "1200"],
        ["better", "1000", "800"],
    ]
    assert run(old, old) == 0
    assert run(new, saved(tmp_path / "newest", same=0.9, worse=1.0)) == 0


@pytest.mark.parametrize(
    "other",
    [{"node": "there"}, {"python_version": "3.12.1"}, {"cpu": CPU | {"count": 4}}, {"cpu": CPU | {"brand_raw": "X"}}],
)
def test_two_machines_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, other: dict[str, Any]) -> None:
    old, new = saved(tmp_path / "old", a=1.0), saved(tmp_path / "new", MACHINE | other, a=1.0)
    said = refused(capsys, old, new)
    assert "timings of two machines cannot be compared: here (Some Processor, 2 cores, Python 3.11.7); " in said
    assert "time the baseline again on this machine" in said


def test_other_things_are_refused_with_a_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    good = saved(tmp_path / "good", a=1.0)
    assert "one is a file and the other is not" in refused(capsys, good, tmp_path)
    assert "benchmarks belong to no suite" in refused(capsys, good, good, "data_partition_bsp")
    assert "no benchmark is in both files" in refused(capsys, good, saved(tmp_path / "other", b=1.0))
    bodies = ["", "[]", "{}", '{"machine_info": 3, "benchmarks": 4}', "\0"]
    for body in [*bodies, json.dumps({"machine_info": MACHINE, "benchmarks": [{"fullname": "a"}]})]:
        (tmp_path / "bad").write_text(body)
        said = refused(capsys, good, tmp_path / "bad")
        assert "is neither a folder of records nor pytest-benchmark's JSON" in said
        assert str(tmp_path / "bad") in said


def test_files_of_pytest_benchmark_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What it really writes, with and without its rounds."""
    (tmp_path / "test_naps.py").write_text(CODE)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    words += ["--benchmark-storage", "saved", "--benchmark-save", "summary", "--benchmark-json", "whole.json"]
    subprocess.run([*words, "test_naps.py"], check=True, capture_output=True, cwd=tmp_path)
    assert run(tmp_path / "whole.json", tmp_path / "whole.json") == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.startswith("test_naps.py::test_") for row in rows] == [True, True]
    assert "test_naps.py::test_slow[short], seconds per nap" in rows[1]
    (summary,) = (tmp_path / "saved").rglob("*_summary.json")
    said = refused(capsys, summary, tmp_path / "whole.json")
    assert "holds no rounds of test_naps.py::test_quick, only their summary" in said
    assert "--benchmark-json PATH" in said
    assert "--benchmark-save-data" in said
