"""How verdicts and progress look in a terminal, and how results are written as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from rich.console import Console, OverflowMethod
from rich.table import Table

from harness.verdict import ABOUT_SEVERAL, Verdict

_NUMBERS = ("above ε", "bound", "median gap", "median A/A")
COLOURS = {"supported": "green", "inconclusive": "yellow", "refuted": "red"}


def console() -> Console:
    """Standard output, plain where it is not a terminal.

    Returns:
        The console; lines are as wide as they need to be where nobody watches.
    """
    plain = Console()
    return plain if plain.is_terminal else Console(width=200, highlight=False, no_color=True)


def write_json(path: Path | None, result: object) -> None:
    """Write a result where the user asked for it.

    Args:
        path: where, or None for nowhere.
        result: JSON-able; numbers that are not finite become the text `inf`, `-inf` or `nan`.

    Raises:
        BadInputError: it cannot be written.
    """
    from harness.store import write_text

    if path is not None:
        write_text(path, json.dumps(_finite(result), indent=1, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def word(text: str) -> str:
    """A verdict in its colour.

    Args:
        text: one of the three words.

    Returns:
        Markup.
    """
    return f"[bold {COLOURS[text]}]{text}[/]"


def verdict(out: Console, result: Verdict) -> None:
    """Print a suite's verdict: the word, the reason, and a row per setting.

    Args:
        out: where to.
        result: the verdict.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("setting", "role", "verdict", *_NUMBERS, "why"):
        # What tells long names apart stands at their end.
        overflow: OverflowMethod = "fold" if heading == "setting" else "ellipsis"
        table.add_column(heading, justify="right" if heading in _NUMBERS else "left", overflow=overflow)
    for part in result.members:
        role = part.evidence.get("role", ABOUT_SEVERAL)
        expected = part.word == ("refuted" if role == "control" else "supported")
        numbers = _numbers(part)
        table.add_row(part.subject, role, word(part.word), *numbers, "" if expected and any(numbers) else part.reason)
    out.print(table)
    out.print(f"{result.subject}: {word(result.word)}: {result.reason}", soft_wrap=True)


def _numbers(part: Verdict) -> tuple[str, str, str, str]:
    """The layer that decides: the first with the setting's word, all layers together where it is supported."""
    layers = [layer for layer in part.parts if layer.word == part.word and "median_gap" in layer.evidence]
    if not layers:
        return "", "", "", ""
    whole = [layer for layer in layers if layer.subject == "all"]
    evidence = (whole if whole and part.word == "supported" else layers)[0].evidence
    gaps = f"{evidence['median_gap']:.2g}", f"{evidence['median_noise']:.2g}"
    if "exceedances" not in evidence:
        return "", "", *gaps
    bound = f"≥ {evidence['lower']:.3f}" if part.word == "refuted" else f"≤ {evidence['upper']:.3f}"
    return f"{evidence['exceedances']} of {evidence['replicates']}", bound, *gaps
