"""How a check looks in a terminal, and to GitHub."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.check.finding import NAMES
from harness.check.judge import Result
from harness.cli import show
from harness.report.github import add_to_summary, annotation

_MOST_TENSORS = 12


def summarise(out: Console, result: Result) -> None:
    """Print the word, the first bad place, the hint, every detector, and what would have been found.

    Args:
        out: where to.
        result: of a check.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "asks whether", "verdict", "why"):
        table.add_column(heading)
    for name, (word, reason, counts) in result.detectors.items():
        said = show.word(str(word)) if counts else "–"
        table.add_row(name, NAMES[name], said, reason)
    out.print(table)
    sizes = sorted(result.smallest_detectable.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name} {size:.1g}" for name, size in sizes[:_MOST_TENSORS])
    more = f" and {len(sizes) - _MOST_TENSORS} more" if len(sizes) > _MOST_TENSORS else ""
    out.print(f"smallest relative gap that would have been found: {shown}{more}", soft_wrap=True, markup=False)
    first = result.first
    if first is not None:
        place = [f"step {first.step}", f"rank {first.rank}" if first.rank is not None else "all ranks alike"]
        place += [first.tensor] if first.tensor else []
        place += [f"{first.ratio:.4g} times the right update"] if first.ratio is not None else []
        out.print(f"first: {', '.join(place)} ({first.detector})", soft_wrap=True, markup=False)
        out.print(f"looks like: {result.hint}", soft_wrap=True, markup=False)
    if result.seconds:
        spent = ", ".join(f"{seconds:.1f} s {what}" for what, seconds in result.seconds.items())
        out.print(f"time: {spent}", soft_wrap=True, markup=False)
    out.print(f"{result.file}: {show.word(str(result.word))}: {result.reason}", soft_wrap=True)


def annotate(result: Result, file: Path, summary: str) -> None:
    """Say it to GitHub: an annotation of the file, and the run's summary.

    Args:
        result: of a check.
        file: that was checked.
        summary: Markdown.
    """
    print(annotation(result, file))
    add_to_summary(summary)
