"""What is known of machines: what each does in a second, and how far forecasts were from what was run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harness.errors import DamagedError
from harness.record import Machine
from harness.store.files import write_text
from harness.store.folder import Folder

MACHINES = "machines"


class Machines(Folder):
    """Files about machines in a results folder."""

    def save_constants(self, body: dict[str, Any]) -> None:
        """Store what was measured of a machine, in the place of earlier measurements of it.

        Args:
            body: JSON-able, with the `machine`.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self._of_machine(Machine.model_validate(body["machine"])), json.dumps(body, indent=1) + "\n")

    def constants(self, machine: Machine) -> dict[str, Any] | None:
        """What was measured of a machine.

        Args:
            machine: which.

        Returns:
            What was saved, or None where nothing was measured of it.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        path = self._of_machine(machine)
        try:
            body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            same = Machine.model_validate(body["machine"]).id == machine.id
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedError(
                f"cannot be read ({type(error).__name__})", where=str(path), remedy="run `harness plan` with --measure"
            ) from error
        return body if same else None

    def save_validation(self, machine: Machine, page: str) -> Path:
        """Store how far forecasts were from what was run on a machine.

        Args:
            machine: which.
            page: a small report, Markdown.

        Returns:
            Where it is.

        Raises:
            BadInputError: it cannot be written.
        """
        path = self._of_machine(machine)
        report = path.with_name(f"{path.stem}-validation.md")
        write_text(report, page)
        return report

    def _of_machine(self, machine: Machine) -> Path:
        return self.root / MACHINES / f"{re.sub(r'[^a-z0-9]+', '-', machine.id.lower()).strip('-')}.json"
