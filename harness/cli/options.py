"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[Path, typer.Option(help="Folder of records.", metavar="DIR")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the result there as JSON.", metavar="PATH")]
RESULTS = Path("results")
