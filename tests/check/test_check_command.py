"""`harness check` and `harness gallery` up to where processes start, and what they show of a result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from harness.check.judge import Result
from harness.cli import main
from harness.cli.show_check import annotate, summarise
from harness.gallery import Score, exhibits, tally
from harness.pytest_plugin import assert_in_step
from harness.report.check_page import gallery_to_markdown, to_html, to_markdown
from harness.verdict import Word
from trainings import judged, mean

ROOT = Path(__file__).parents[2]
RIGHT = Result("right.py", (judged(mean),), {})
WRONG = Result("wrong.py", (judged(lambda parts, rank: parts[0] + parts[1]),), {})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nowhere.py"], "nowhere.py: there is no such file"),
        (["check", "{file}", "--workers", "two"], "--workers: 'two' is not N[,N…]"),
        (["check", "{file}", "--workers", "1"], "1 ranks exchange nothing"),
        (["check", "{file}", "--steps", "1"], "--steps: 1 steps show no path"),
        (["check", "{file}", "--launcher", "ssh"], "'ssh' is no launcher"),
        (["check", "{file}", "--time-limit", "0"], "0 s is no time to run in"),
        (["check", "{file}", "--init"], "is there already"),
        (["gallery", "--folder", "{folder}"], "holds no mutant"),
        (["gallery", "--drawn", "2", "--folder", "{folder}", "--results", "{folder}"], "holds no drawn.py"),
        (["gallery", "m01", "--drawn", "2"], "--drawn: files are named, and others are to be drawn"),
        (["gallery", "m99", "--folder", str(ROOT / "gallery")], "nothing begins with m99"),
    ],
)
def test_bad_options_get_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.py"
    file.write_text("")
    with pytest.raises(SystemExit) as ended:
        main([word.format(file=file, folder=tmp_path) if "{" in word else word for word in words])
    complaint = [line for line in capsys.readouterr().err.splitlines() if "and once alone" not in line]
    assert (ended.value.code, len(complaint), said in complaint[0]) == (3, 1, True), complaint


def test_the_command_itself_imports_no_tensorflow() -> None:
    modules = ["cli.check", "cli.gallery", "gallery", "drawn", "configurations", "report.check_page", "pytest_plugin"]
    imported = ", ".join(f"harness.{module}" for module in modules)
    program = f"import sys, {imported}; sys.exit(bool({{'tensorflow', 'horovod', 'keras'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 0


def test_a_page_shows_where_it_goes_wrong_and_what_it_looks_like() -> None:
    page = to_html(WRONG)
    assert page.count("data:image/png") == 1
    assert "summed over ranks" in page
    assert "<td>kernel</td>" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Where it goes wrong first" not in to_html(RIGHT)
    assert "| D2 | first update is that of the whole batch | refuted |" in to_markdown(WRONG)


def test_a_terminal_shows_the_same() -> None:
    out = Console(width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    summarise(out, WRONG)
    text = out.export_text()
    assert "first: step 1, all ranks alike, kernel, 2 times the right update (D2)" in text
    assert "looks like: The ratio of the update of kernel to the right one is P" in text


def test_github_gets_an_annotation_and_a_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    annotate(WRONG, Path("wrong.py"), to_markdown(WRONG))
    annotate(RIGHT, Path("right.py"), to_markdown(RIGHT))
    error, notice = capsys.readouterr().out.splitlines()
    assert error.startswith("::error file=wrong.py,title=harness check::refuted: ")
    assert notice.startswith("::notice file=right.py")
    assert "## wrong.py: refuted" in (tmp_path / "summary.md").read_text()


def test_the_assertion_says_what_the_check_says() -> None:
    assert_in_step(RIGHT)
    with pytest.raises(AssertionError, match=r"(?s)wrong.py is refuted.*first: step 1.*summed over ranks"):
        assert_in_step(WRONG)


def test_json_keeps_the_contract() -> None:
    written = WRONG.to_json()
    assert set(written["first"]) >= {"step", "rank", "tensor", "detector", "ratio"}
    assert {"verdict", "hint", "tolerance", "smallest_detectable", "detectors"} <= set(written)
    assert written["first"]["ratio"] == pytest.approx(2, rel=1e-5)


def test_every_mutant_of_the_gallery_says_what_is_expected_and_has_a_right_twin() -> None:
    found = exhibits(ROOT / "gallery")
    assert all(exhibit.right for exhibit in found)
    assert len([exhibit for exhibit in found if exhibit.expected]) >= 25


def test_totals_of_a_gallery() -> None:
    scores = [
        Score("a", "", "M01", Word.REFUTED, True, True, False, ""),
        Score("a", "right", "", Word.REFUTED, False, None, None, ""),
        Score("b", "right", "", Word.INCONCLUSIVE, True, None, None, ""),
    ]
    total = tally(scores)
    assert (total.mutants, total.found, total.localised, total.hinted) == (1, 1, 1, 0)
    assert (total.right, total.false_alarms, total.undecided) == (2, 1, 1)
    table = gallery_to_markdown(scores, total, workers=2, steps=12)
    assert "1 of 1 mutants refuted, 1 at the right step and tensor, 0 with a right hint; 1 false alarms" in table
    assert "| a | refuted | right | wrong |" in table
    assert "| b: right | inconclusive |" in table
