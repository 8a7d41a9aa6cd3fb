"""Every command, used rightly and wrongly: what it prints, its exit status, and that there is no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from harness.cli import main
from harness.configurations import drawn
from harness.drawn import Outcome, summary
from harness.record import Machine
from harness.store import RECORD, Store
from harness.verdict import Word
from samples import MACHINE

SUITE = "data_partition_bsp"
DIGITS = "digits-64x32x10-tanh-b32-c2000-eta0.1"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(*words) == 3
    complaint = capsys.readouterr().err
    assert complaint.startswith("harness: ")
    assert complaint.count("\n") == 1
    return complaint


def test_list_shows_claims_and_settings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("list", "--json", str(tmp_path / "list.json")) == 0
    assert f"{SUITE} (convergence, 13 settings)" in capsys.readouterr().out
    listed = next(found for found in json.loads((tmp_path / "list.json").read_text()) if found["suite"] == SUITE)
    assert [setting["role"] for setting in listed["settings"]].count("control") == 6
    assert run("list", SUITE) == 0
    assert f"{DIGITS}-w2-no-exchange" in capsys.readouterr().out


def test_dry_run_prints_the_exact_lines_and_does_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["run", SUITE, f"{DIGITS}-w4", "--dry-run", "--launcher", "gloo", "--results", str(tmp_path / "r")]
    assert run(*words) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{sys.executable} -m harness worker {SUITE} {DIGITS}-w4 --seeds 0:64 --part undistributed")
    assert "horovodrun --gloo --disable-cache -np 4 -H localhost:4" in second
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "data_partition"], "did you mean data_partition_ssp or data_partition_bsp?"),
        (["run", SUITE, "digits-w2"], f"did you mean {DIGITS}-w2"),
        (["run", SUITE, "--workers", "0"], "0 workers cannot train"),
        (["run", SUITE, "--workers", "33"], "33 workers cannot share 32 examples per clock"),
        (["run", SUITE, f"{DIGITS}-w99"], "99 workers cannot share 32 examples per clock"),
        (["run", SUITE, "--workers", "two"], "for example --workers 2,4"),
        (["run", SUITE, "--launcher", "slurm"], "known: auto, mpi, gloo"),
        (["run", SUITE, "--hosts", "h1"], "for example --hosts h1:4,h2:4"),
        (["run", SUITE, "--hosts", "h1:1", "--dry-run"], "1 slots cannot hold 2 ranks"),
        (["run", SUITE, "--time-limit", "0"], "give seconds above 0"),
        (["run", SUITE, "--until-decided", "--max-replicates", "0"], "0 replicates decide nothing"),
        (["run"], "give either a suite or --kind"),
        (["run", "--kind", "magic"], "known: convergence"),
        (["judge", "nothing"], "there is no suite 'nothing'"),
        (["list", "nothing"], "there is no suite 'nothing'"),
        (["worker", SUITE, f"{DIGITS}-w2", "--seeds", "1"], "'1' is not FIRST:COUNT"),
        (["run", SUITE, "--no-such-option"], "No such option"),
        (["no-such-command"], "No such command"),
    ],
)
def test_misuse_is_one_line_with_a_remedy(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert said in refused(capsys, *words)


@pytest.mark.parametrize("command", ["judge", "report"])
def test_folders_without_records_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str) -> None:
    assert "holds no record" in refused(capsys, command, "--results", str(tmp_path / "none"))
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(capsys, command, SUITE, "--results", str(tmp_path / "file"))


def test_results_that_are_a_file_are_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refused(capsys, "run", SUITE, "--results", str(tmp_path / "file"))


def test_judge_states_the_verdict_and_writes_it(
    capsys: pytest.CaptureFixture[str], complete: Callable[[], Store], tmp_path: Path
) -> None:
    store = complete()
    assert run("judge", "--results", str(store.root), "--json", str(tmp_path / "verdict.json")) == 0
    out = capsys.readouterr().out
    assert "all 5 settings are supported, 2 anchors hold, 6 controls are refuted" in out
    (verdict,) = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict["verdict"] == "supported"
    layer = verdict["parts"][0]["parts"][0]
    assert {"exceedances", "replicates", "lower", "upper", "smallest_detectable"} <= set(layer["evidence"])


def test_damaged_record_stops_judge_and_report(
    capsys: pytest.CaptureFixture[str], complete: Callable[[], Store]
) -> None:
    store = complete()
    damaged = next(store.root.glob(f"{SUITE}/*-w2/seeds-*/{RECORD}"))
    damaged.write_text(damaged.read_text().replace("w2", "w3", 1).replace("mpi", "gloo", 1))
    for command in ("judge", "report"):
        complaint = refused(capsys, command, "--results", str(store.root))
        assert str(damaged) in complaint
        assert "`harness run` sets it aside" in complaint


def test_report_is_one_page_without_a_network(
    capsys: pytest.CaptureFixture[str], complete: Callable[[], Store], tmp_path: Path
) -> None:
    store = complete()
    assert run("report", "--results", str(store.root), "--out", str(tmp_path / "out")) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    for address in ("http://", "https://", 'src="/', "<link", "<script"):
        assert address not in page
    assert page.count("data:image/png;base64,") == 2
    for stated in ("supported", "arXiv:1512.02728", MACHINE.processor, f"harness run {SUITE}", "Fixed before the run"):
        assert stated in page
    for name in ("gaps", "controls"):
        png = tmp_path / "out" / "figures" / f"{SUITE}-{name}.png"
        assert png.read_bytes().startswith(b"\x89PNG")
        assert f"figures/{png.name}" in (tmp_path / "out" / "summary.md").read_text()


def test_compare_finds_what_differs(
    capsys: pytest.CaptureFixture[str], complete: Callable[..., Store], tmp_path: Path
) -> None:
    before = complete()
    same = complete(into=Store(tmp_path / "same"))
    assert run("compare", str(before.root), str(same.root), "--json", str(tmp_path / "c.json")) == 0
    assert {row["gap"] for row in json.loads((tmp_path / "c.json").read_text())} == {"no difference shown"}
    elsewhere = MACHINE.model_copy(update={"node": "elsewhere"})
    other = complete(machine=elsewhere, into=Store(tmp_path / "other"))
    assert "2 machines" in refused(capsys, "compare", str(before.root), str(other.root))
    assert "no suite has records on both sides" in refused(capsys, "compare", str(before.root), str(tmp_path / "none"))


def test_records_of_two_machines_are_not_pooled(
    capsys: pytest.CaptureFixture[str], complete: Callable[..., Store]
) -> None:
    store = complete()
    folder = next(store.root.glob(f"{SUITE}/{DIGITS}-w2"))
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    next(folder.iterdir()).rmdir()
    import numpy as np

    from harness import registry
    from samples import record

    point = registry.setting(registry.load(SUITE), f"{DIGITS}-w2")
    elsewhere: Machine = MACHINE.model_copy(update={"node": "elsewhere"})
    store.save(record(point, np.full((64, 4), 1e-15), machine=elsewhere))
    assert "records of 2 machines are never pooled" in refused(capsys, "judge", "--results", str(store.root))


def test_sequential_judgement_is_another_rule(
    capsys: pytest.CaptureFixture[str], complete: Callable[..., Store], tmp_path: Path
) -> None:
    store = complete()
    path = str(tmp_path / "v.json")
    assert run("judge", "--sequential", "--results", str(store.root), "--json", path) == 0
    evidence = json.loads(Path(path).read_text())[0]["parts"][0]["parts"][0]["evidence"]
    assert evidence["sequential"]["decided_after"] == 31


def test_scores_of_the_gallery_are_reported(complete: Callable[..., Store]) -> None:
    store = complete()
    score = {"file": "m01", "entry": "", "id": "M01", "word": "refuted", "found": True, "localised": True}
    tally = {"mutants": 1, "found": 1, "localised": 1, "hinted": 0, "right": 2, "false_alarms": 0, "undecided": 0}
    scores = [score | {"hinted": False, "said": "step 1"}]
    store.save_gallery({"workers": 2, "steps": 12, "scores": scores, "tally": tally})
    with pytest.raises(SystemExit):
        main(["report", "--results", str(store.root)])
    assert "| m01 | refuted | yes | yes | no |" in (store.root / "report" / "summary.md").read_text()
    assert "0 false alarms over 2 right trainings" in (store.root / "report" / "report.html").read_text()


def test_what_was_said_to_trainings_that_were_drawn_is_reported(complete: Callable[..., Store]) -> None:
    store, made = complete(), drawn(4, 0)
    outcomes = [Outcome("drawn_003.py", c, Word.INCONCLUSIVE, "D3", "w did not move", 1.0) for c in made]
    summed = asdict(summary(outcomes))
    store.save_drawn({"seed": 6, "summary": summed, "outcomes": [outcome.to_json() for outcome in outcomes]})
    assert run("report", "--results", str(store.root)) == 0
    for name in ("summary.md", "report.html"):
        text = (store.root / "report" / name).read_text()
        assert "0 false alarms over 4 right trainings drawn by hypothesis, 4 undecided" in text
        assert "harness gallery --drawn 4 --seed 6" in text
    assert "w did not move" in text


def test_calibration_is_measured_stored_and_reported(
    capsys: pytest.CaptureFixture[str], complete: Callable[..., Store], tmp_path: Path
) -> None:
    store = complete()
    assert run("calibrate", "--suites", "3", "--replicates", "30,60", "--results", str(store.root)) == 0
    stored = store.calibration()
    assert stored is not None
    table = stored["cells"]
    assert {cell["replicates"] for cell in table} == {30, 60}
    assert {"AR(1)", "Student t₂", "recorded: digits 64–32–10"} <= {cell["noise"] for cell in table}
    assert run("report", "--results", str(store.root)) == 0
    assert "How often the verdict errs" in (store.root / "report" / "report.html").read_text()
    assert (store.root / "report" / "figures" / "calibration.png").exists()
    assert "| t^−½ | supported |" in (store.root / "report" / "summary.md").read_text()
    (store.root / "calibration.json").write_text("[")
    assert "run `harness calibrate`" in refused(capsys, "report", "--results", str(store.root))
    for words in (["--suites", "0"], ["--replicates", "many"]):
        assert "numbers above 0" in refused(capsys, "calibrate", *words, "--results", str(store.root))


def test_history_shows_the_rule_and_the_events_that_prove_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    header = {"kind": "header", "version": 1, "workers": 2, "staleness": 0}
    write = {"kind": "write", "worker": 1, "clock": 0, "time": 0.0, "digest": "d"}
    read = {"kind": "read", "worker": 0, "clock": 0, "view": [0, 2], "time": 0.1}
    finals = [{"kind": "final", "worker": p, "view": [0, 1], "digest": "d"} for p in (0, 1)]

    def saved(name: str, *events: object) -> str:
        (tmp_path / name).write_text("\n".join(map(json.dumps, events)))
        return str(tmp_path / name)

    good = saved("good", header, read | {"view": [0, 0]}, write, *finals)
    assert run("history", good) == 0
    assert "1 reads and 1 writes of 2 workers break no rule" in capsys.readouterr().out
    assert run("history", saved("broken", header, write, read, *finals), "--json", str(tmp_path / "proof")) == 1
    assert "rule 4, nothing from the future" in (out := capsys.readouterr().out)
    assert "line 2: {'kind': 'write'" in out
    assert json.loads((tmp_path / "proof").read_text())["violations"][0]["lines"] == [2, 3]
    assert run("history", saved("early", header, write)) == 2
    (tmp_path / "damaged").write_text(json.dumps(header) + "\n{")
    assert "damaged, line 2: is not JSON" in refused(capsys, "history", str(tmp_path / "damaged"))


def test_unwritable_json_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write" in refused(capsys, "list", "--json", str(tmp_path / "file" / "list.json"))


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["list"],
        ["run"],
        ["judge"],
        ["report"],
        ["compare"],
        ["doctor"],
        ["calibrate"],
        ["history"],
        ["worker"],
        ["lint-report"],
    ],
)
def test_help_has_examples_and_states_the_exit_status(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert run(*words, "--help") == 0
    text = capsys.readouterr().out
    assert "Exit status" in text if not words else "Examples" in text


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["judge", "--help"],
        ["judge", "data_partition_bsp", "--results", "/nowhere"],
        ["report", "--help"],
        ["lint-report", "--help"],
        ["history", "--help"],
    ],
)
def test_light_commands_import_neither_tensorflow_nor_the_plotting(words: list[str]) -> None:
    code = (
        "import sys\nfrom harness.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "sys.exit(any(n in sys.modules for n in ('tensorflow', 'horovod', 'matplotlib', 'pandas', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
