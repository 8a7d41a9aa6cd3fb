"""`harness history`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import history
from harness.cli import show
from harness.cli.options import Json
from harness.verdict import Verdict

_SHOWN = 5


def check_history(
    file: Annotated[Path, typer.Argument(help="History, as JSON lines.")],
    json: Json = None,
) -> int:
    """Prove from a recorded history that what ran was what was meant, or show what was broken.

    Every read of a table is checked against five rules: bounded staleness, read my writes, FIFO and monotone, nothing
    from the future, nothing lost or doubled. In the history of a divided net the first four hold for every exchange of
    activations and errors, and updates must be as scheduled, by the owner of the block, once. A broken rule is shown
    with the events that prove it.

    Examples: `harness history run.jsonl`, `harness history run.jsonl --json proof.json`
    """
    found = history.check(file)
    out = show.console()
    for violation in found.violations[:_SHOWN]:
        out.print(f"rule {violation.rule}, {violation.name}: {violation.text}", soft_wrap=True, highlight=False)
        for line, event in zip(violation.lines, violation.witnesses, strict=True):
            out.print(f"  line {line}: {dict(event)}", soft_wrap=True, highlight=False, markup=False)
    hidden = sum(found.broken.values()) - min(len(found.violations), _SHOWN)
    if hidden > 0:
        out.print(f"and {hidden} more", highlight=False)
    out.print(f"{file}: {show.word(found.verdict)}: {found.reason}", soft_wrap=True, highlight=False)
    show.write_json(json, found.to_json())
    return Verdict(found.verdict, str(file), found.reason).exit_status
