"""The twelve rules: a page that keeps them all, and twelve that break one each."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from harness.cli import main
from harness.errors import BadInputError
from harness.report import scaling
from harness.report.drawn import mark
from harness.report.lint import broken, lint
from harness.report.lint.markup import parse
from harness.report.page import Picture, Section, to_html, to_markdown
from harness.report.sheet import inline, to_png
from harness.report.timing.comparisons import FASTER, NO_DIFFERENCE
from harness.spec import Claim, PeerPartition, Suite, Tolerance
from harness.verdict import Verdict, Word
from samples import MACHINE, timed_records

CLAIM = Claim("time falls", "nobody", ("none",), "slowness", "scaling")
TOLERANCE = Tolerance(1e-3, 0.1, 0.05, 1e-7, 0.1, True, (), "none")


def verdict() -> Verdict:
    """Settings under a verdict of their own, and a claim about several of them beside it."""
    one = Verdict(Word.SUPPORTED, "w2", "sane", {"role": "claim"})
    parts = (
        Verdict(Word.SUPPORTED, "all settings", "sane", parts=(one,)),
        Verdict(Word.REFUTED, "near linear", "slow"),
    )
    return Verdict(Word.REFUTED, "strong_scaling", "by hand", parts=parts)


def section() -> Section:
    records = timed_records()
    settings = list(dict.fromkeys(record.facts.setting for record in records))
    absent = [s for s in settings if isinstance(s.distribution, PeerPartition)][-1]
    kept = [record for record in records if record.facts.setting != absent]
    figures = [scaling.speedup, scaling.breakdown, scaling.rates]
    return Section(
        Suite("strong_scaling", CLAIM, TOLERANCE, tuple(settings)),
        verdict(),
        kept,
        MACHINE,
        [Picture(draw.__name__, f"{draw.__name__} by hand", to_png(draw(kept))) for draw in figures],
        [],
    )


@cache
def page() -> str:
    return to_html([section()], None)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def with_cell(quantity: str, change: Callable[[str], str]) -> Callable[[str], str]:
    """Another text in the first cell of a quantity that has an interval."""
    pattern = re.compile(rf'(<td class="n" data-quantity="{quantity}">)([^<]*\][^<]*)(</td>)')

    def changed(text: str) -> str:
        found = pattern.search(text)
        assert found
        return text[: found.start(2)] + change(found[2]) + text[found.end(2) :]

    return changed


def with_first_figure(figure: Callable[[], Figure]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        old = re.search(r'src="(data:image/png;base64,[^"]*)"', text)
        assert old
        return text.replace(old[1], inline(to_png(figure())), 1)

    return changed


def unbounded() -> Figure:
    """A figure with the ideal line alone."""
    figure = Figure()
    (line,) = figure.add_subplot().plot([1, 2], [1, 2])
    mark(line, "bound", "ideal", between=True)
    return figure


def joined_across() -> Figure:
    """As it should be, and one more line through what nothing lies between."""
    figure = scaling.speedup(timed_records())
    figure.axes[0].plot([1, 2, 4], [1, 2, 3], marker="o", label="measured and emulated")
    return figure


def twice_the_rate(cell: str) -> str:
    return re.sub(r"[\d.]+", lambda number: f"{2 * float(number[0]):.4g}", cell)


def symmetric(cell: str) -> str:
    """The interval of a normal distribution."""
    middle = float(cell.split()[0])
    return f"{middle:g} [{0.98 * middle:g}, {1.02 * middle:g}]"


BREAKS: dict[int, list[Callable[[str], str]]] = {
    1: [with_cell("base", lambda _: "–"), replaced("T(1) is the time of a clock", "It is the time of a clock")],
    2: [lambda text: re.sub(r'<li data-mark="missing">.*?</li>', "", text), replaced('data-mark="left-out"', "")],
    3: [with_cell("rate", twice_the_rate), replaced("examples/s, median", "examples/s, arithmetic mean, median")],
    4: [
        replaced("speed-up, median of rounds", "speed-up, geometric mean"),
        with_cell("speedup", lambda _: "2.5 [2.4, 2.6]"),
    ],
    5: [
        with_cell("step", lambda cell: cell.split()[0]),
        with_cell("efficiency", lambda _: "0.9 [-inf, inf]"),
        with_cell("law", lambda _: "900"),
    ],
    6: [with_cell("step", symmetric), with_cell("base", symmetric)],
    7: [
        lambda text: re.sub(
            rf'(<td data-mark="word">)({NO_DIFFERENCE}|{FASTER})',
            lambda found: found[1] + (FASTER if found[2] == NO_DIFFERENCE else NO_DIFFERENCE),
            text,
            count=1,
        ),
        lambda text: re.sub(r'<table data-mark="comparisons">.*?</table>', "", text, flags=re.DOTALL),
    ],
    8: [replaced("T(P), ms per clock, median of", "T(P), ms per clock, best of")],
    9: [
        lambda text: re.sub(r'<tr data-factor="precision">.*?</tr>', "", text),
        lambda text: re.sub(r'(<tr data-factor="machine"><th>machine</th><td>).*?</td>', r"\1</td>", text),
    ],
    10: [
        lambda text: re.sub(r'<li data-how="synchronised">.*?</li>', "", text),
        replaced('data-quantity="rounds">8', 'data-quantity="rounds">80'),
    ],
    11: [with_first_figure(unbounded), lambda text: re.sub('data-quantity="limit">[^<]*</td>', "></td>", text)],
    12: [
        with_first_figure(joined_across),
        replaced("<figcaption>rates by hand</figcaption>", "<figcaption></figcaption>"),
        lambda text: re.sub(r"(.*base64,)[^\"]{100}", r"\1", text, count=1, flags=re.DOTALL),
    ],
}


def test_a_page_of_ours_keeps_all_twelve() -> None:
    scores = lint(page())
    assert [score.number for score in scores] == list(range(1, 13))
    assert not broken(scores), broken(scores)


@pytest.mark.parametrize(
    ("number", "which"), [(number, which) for number, changes in BREAKS.items() for which in range(len(changes))]
)
def test_a_broken_rule_is_found_and_no_other(number: int, which: int) -> None:
    changed = BREAKS[number][which](page())
    assert changed != page()
    found = broken(lint(changed))
    assert [score.number for score in found] == [number], found
    assert all(problem.startswith("strong_scaling: ") for problem in found[0].problems)


def test_what_exchanges_nothing_is_a_bound_of_those_with_as_many_workers() -> None:
    changed = with_first_figure(unbounded)(page())
    elsewhere = re.sub(r'(no-exchange" data-workers=")\d+', r"\g<1>7", changed)
    assert elsewhere != changed
    assert [score.number for score in lint(changed) if score.problems] == [11]
    assert not [score.number for score in lint(elsewhere) if score.problems and score.number == 11]


def test_too_few_rounds_are_found() -> None:
    whole = section()
    visit = [record for record in whole.records if record.facts.block.first == 0]
    few = Section(whole.suite, whole.verdict, visit, MACHINE, whole.figures, [])
    assert [score.number for score in broken(lint(to_html([few], None)))] == [5]


def test_a_page_says_what_was_timed_and_so_does_the_summary() -> None:
    found, text = parse(page()), to_markdown([section()], None)
    for words in ("Not fitted", "slowest rank", "order statistics", "Horovod DistributedGradientTape", "shoeybi2019"):
        assert words in found.text
    assert "P = 2: Horovod DistributedGradientTape" in text
    assert "| w2 | claim | supported | sane |" in text
    assert "| near linear | claim about several | refuted | slow |" in text
    assert "Amdahl" in text
    assert "w2-ddp" in text.split("Not timed: ")[1].splitlines()[0]
    rows = found.find("table", data_mark="times")[0].find(having="data-setting")
    assert len(rows) == len({record.facts.setting.id for record in section().records})
    assert not re.search(r"\bnan\b", found.text)


def test_a_page_without_times_cannot_be_scored() -> None:
    with pytest.raises(BadInputError, match="nothing to score"):
        lint("<p>no section</p>")


@pytest.mark.parametrize(
    ("content", "status"), [(page, 0), (lambda: BREAKS[8][0](page()), 1), (lambda: "<p></p>", 3), (None, 3)]
)
def test_the_command_ends_with_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Callable[[], str] | None, status: int
) -> None:
    file, score = tmp_path / "report.html", tmp_path / "score.json"
    if content:
        file.write_text(content())
    with pytest.raises(SystemExit) as ended:
        main(["lint-report", str(file), "--json", str(score)])
    assert ended.value.code == status
    out = capsys.readouterr()
    if status == 3:
        assert out.err.startswith("harness: ")
        return
    lines = out.out.splitlines()
    assert len(lines) == 12
    assert sum(line.endswith(": pass") for line in lines) == 12 - status
    assert [row["kept"] for row in json.loads(score.read_text())].count(False) == status
    if status:
        assert lines[7].startswith(" 8 ")
        assert "FAIL: strong_scaling: 'T(P), ms per clock, best of" in lines[7]


def test_a_file_that_is_no_text_cannot_be_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(base64.b64decode("/9j/4AAQ"))
    with pytest.raises(SystemExit) as ended:
        main(["lint-report", str(file)])
    assert ended.value.code == 3
    assert "cannot be read" in capsys.readouterr().err
