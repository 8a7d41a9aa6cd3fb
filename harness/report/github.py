"""What GitHub shows of a check: a line at the file, and a part of the run's summary."""

from __future__ import annotations

import os
from pathlib import Path

from harness.check.judge import Result
from harness.verdict import Word


def annotation(result: Result, file: Path, *, expected: bool = False) -> str:
    """A line that GitHub shows at a file.

    Args:
        result: of a check.
        file: that was checked.
        expected: whether that is what was to be shown; then it is a notice whatever the word.

    Returns:
        The line.
    """
    level = {Word.REFUTED: "error", Word.INCONCLUSIVE: "warning", Word.SUPPORTED: "notice"}[result.word]
    text = f"{result.word}: {result.reason}. {result.hint}".strip()
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{'notice' if expected else level} file={file},title=harness check::{escaped}"


def add_to_summary(summary: str) -> None:
    """Add to the summary of a GitHub run, where this is one.

    Args:
        summary: Markdown.
    """
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if place:
        with Path(place).open("a", encoding="utf-8") as page:
            page.write(summary + "\n")
