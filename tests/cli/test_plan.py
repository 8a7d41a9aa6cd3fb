"""`harness plan`: its table, its JSON, and everything that it refuses, without a launch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from machines import constants_body

from harness.cli import main
from harness.cli.plan import widths, worker_counts
from harness.errors import DamagedError
from harness.measure import machine
from harness.store import Store

NET = "440,2048x6,1993"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["plan", *words])
    return int(ended.value.code or 0)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A results folder with constants of this machine."""
    Store(tmp_path).save_constants(constants_body(machine.describe(), ranks=(2,)))
    return tmp_path


def test_a_plan_names_the_best_layout_and_its_base(
    capsys: pytest.CaptureFixture[str], measured: Path, tmp_path: Path
) -> None:
    out = tmp_path / "plan.json"
    assert run("--net", NET, "--workers", "2..8", "--results", str(measured), "--json", str(out)) == 0
    said = capsys.readouterr().out
    assert "base: one process, one thread, " in said
    assert "best for 8 workers: " in said
    assert "exchanges to go round a ring" in said
    assert "each of 2 busy cores: 100 GFLOP/s in float32, 120.0 GB/s through the update" in said
    assert "an allreduce among 2: 200 µs at the least, 1.0 GB/s over the bus" in said
    found = json.loads(out.read_text())
    assert found["widths"] == [440, *[2048] * 6, 1993]
    assert {row["workers"] for row in found["forecasts"]} == {2, 4, 8}
    for workers in (2, 4, 8):
        rows = [row for row in found["forecasts"] if row["workers"] == workers]
        assert {"data", "neuron", "weight", "alternate"} <= {row["layout"] for row in rows}
        assert [row["step_seconds"] for row in rows] == sorted(row["step_seconds"] for row in rows)
    best = rows[0]
    assert f"best for 8 workers: {best['label']}, {1e3 * best['step_seconds']:.1f} ms" in said


def test_a_plan_imports_no_tensorflow(measured: Path) -> None:
    asked = "import sys; from harness.cli import main\ntry: main()\nfinally: print('tensorflow' in sys.modules)"
    words = [sys.executable, "-c", asked, "plan", "--net", NET, "--results", str(measured)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--net", "440"], "'440' is not a net of two or more layers"),
        (["--net", "440,0,10"], "is not a net"),
        (["--net", "440,20x,10"], "as in --net 440,2048x6,1993"),
        (["--net", NET, "--workers", "8..2"], "for example 2..64 or 2,3,6"),
        (["--net", NET, "--workers", "1"], "gives no numbers of workers from 2"),
        (["--net", NET, "--workers", "two"], "for example 2..64"),
        (["--net", NET, "--batch", "0"], "batch = 0 must be at least 1"),
        (["--net", NET, "--workers", "512", "--batch", "512"], "512 workers cannot share a layer of 440 units"),
        (["--net", NET, "--workers", "64", "--batch", "32"], "64 workers cannot share 32 examples"),
        (["--net", NET, "--launcher", "gloo"], "no exchange was measured under 'gloo'"),
        (["--net", NET, "--launcher", "auto"], "'auto' carries no exchange; known: mpi, gloo"),
        ([], "Missing option '--net'"),
    ],
)
def test_misuse_is_one_line_with_a_remedy(
    capsys: pytest.CaptureFixture[str], measured: Path, words: list[str], said: str
) -> None:
    assert run(*words, "--results", str(measured)) == 3
    complaint = capsys.readouterr().err
    assert said in complaint
    assert complaint.count("\n") == 1


def test_without_constants_the_remedy_is_to_measure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("--net", NET, "--results", str(tmp_path)) == 3
    assert "run it once with --measure" in capsys.readouterr().err


def test_constants_of_another_machine_are_not_used(tmp_path: Path) -> None:
    here, store = machine.describe(), Store(tmp_path)
    other = here.model_copy(update={"cores": here.cores + 1})
    store.save_constants(constants_body(other))
    assert store.constants(here) is None
    assert store.constants(other) == json.loads(json.dumps(constants_body(other)))
    (copied,) = (tmp_path / "machines").iterdir()
    store.save_constants(constants_body(here))
    (mine,) = {*(tmp_path / "machines").iterdir()} - {copied}
    copied.replace(mine)
    assert store.constants(here) is None


def test_damaged_constants_are_named(measured: Path) -> None:
    (file,) = (measured / "machines").iterdir()
    file.write_text(file.read_text()[:-30])
    with pytest.raises(DamagedError, match="--measure"):
        Store(measured).constants(machine.describe())


def test_nets_and_numbers_of_workers_are_read() -> None:
    assert widths(NET) == (440, 2048, 2048, 2048, 2048, 2048, 2048, 1993)
    assert worker_counts("2..64") == [2, 4, 8, 16, 32, 64]
    assert worker_counts("3..20") == [3, 6, 12, 20]
    assert worker_counts("6,2,6") == [2, 6]
