"""The proof from a history that what ran was what was meant: by the rules of a table, or of a divided net."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

from harness.history.blocks import BlockChecker
from harness.history.events import Checked, Event, numbered
from harness.history.table import TableChecker


def check(history: str | Path | Iterable[Event]) -> Checked:
    """Check a history against the rules of its kind, in time linear in its length.

    Args:
        history: path of a file of JSON lines, or its events, the header first.

    Returns:
        The verdict with its evidence.

    Raises:
        BadInputError: the file cannot be read, or is no history; the line is named.
    """
    source = str(history) if isinstance(history, str | Path) else "history"
    events = iter(numbered(Path(history)) if isinstance(history, str | Path) else enumerate(history, start=1))
    first = list(islice(events, 1))
    kind = BlockChecker if first and first[0][1].get("partition") == "model" else TableChecker
    return kind(source).run(chain(first, events))
