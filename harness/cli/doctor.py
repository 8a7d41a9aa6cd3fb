"""`harness doctor`."""

from __future__ import annotations

from harness.cli import show
from harness.cli.options import RESULTS, Json, Results


def doctor(results: Results = RESULTS, json: Json = None) -> int:
    """Say in one screen what is there, what is missing and what to do; starts two real ranks per launcher.

    Exit status: 0 everything that runs need is there · 3 something is missing.

    Examples: `harness doctor`, `harness doctor --json doctor.json`
    """
    from harness.measure.doctor import examine

    out, checks = show.console(), []
    for check in examine(results):
        checks.append(check)
        mark = "[green]ok[/]     " if check.ok else "[red]missing[/]" if check.needed else "[yellow]absent[/] "
        out.print(f"{mark} [bold]{check.name}[/]: {check.detail}", soft_wrap=True, highlight=False)
        if not check.ok and check.remedy:
            out.print(f"         → {check.remedy}", soft_wrap=True, highlight=False)
    show.write_json(json, [check.to_json() for check in checks])
    return 0 if all(check.ok or not check.needed for check in checks) else 3
