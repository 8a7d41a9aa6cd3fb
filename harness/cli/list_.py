"""`harness list`."""

from __future__ import annotations

from typing import Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.options import Json


def list_suites(
    suite: Annotated[str | None, typer.Argument(help="List the settings of this suite.")] = None,
    json: Json = None,
) -> int:
    """List suites with their claims, or the settings of one suite.

    Examples: `harness list`, `harness list data_partition_bsp`
    """
    from rich.table import Table

    out = show.console()
    suites = [registry.load(name) for name in ([suite] if suite else registry.names())]
    if suite is None:
        for found in suites:
            out.print(f"[bold]{found.name}[/] ({found.claim.kind}, {len(found.settings)} settings)")
            out.print(f"  {found.claim.statement}")
    else:
        table = Table("setting", "role", "workers", "replicates", box=None, pad_edge=False)
        for setting in suites[0].settings:
            table.add_row(setting.id, setting.role, str(setting.distribution.workers), str(setting.replicates))
        out.print(table)
    show.write_json(
        json,
        [
            {
                "suite": found.name,
                "kind": found.claim.kind,
                "claim": found.claim.statement,
                "source": found.claim.source,
                "settings": [{"id": s.id, "role": s.role, "replicates": s.replicates} for s in found.settings],
            }
            for found in suites
        ],
    )
    return 0
