"""What is stored once for all suites, in the place of what was there: how often verdicts and the check err."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import DamagedError
from harness.store.files import write_text
from harness.store.folder import Folder

CALIBRATION, GALLERY, DRAWN = "calibration.json", "gallery.json", "drawn.json"


class Tables(Folder):
    """Tables in a results folder."""

    def save_calibration(self, table: dict[str, Any]) -> None:
        """Store the verdict's operating characteristics, in the place of earlier ones.

        Args:
            table: JSON-able.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self.root / CALIBRATION, json.dumps(table, indent=1) + "\n")

    def calibration(self) -> dict[str, Any] | None:
        """Operating characteristics that were stored.

        Returns:
            What was saved, or None where they were not measured.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        return _table(self.root / CALIBRATION, "run `harness calibrate`")

    def save_gallery(self, table: dict[str, Any]) -> None:
        """Store how the check did on the gallery, in the place of an earlier result.

        Args:
            table: JSON-able.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self.root / GALLERY, json.dumps(table, indent=1) + "\n")

    def gallery(self) -> dict[str, Any] | None:
        """How the check did on the gallery.

        Returns:
            What was saved, or None where the whole gallery was not run.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        return _table(self.root / GALLERY, "run `harness gallery`")

    def save_drawn(self, table: dict[str, Any]) -> None:
        """Store what the check said to right trainings that were drawn, in the place of an earlier result.

        Args:
            table: JSON-able.

        Raises:
            BadInputError: it cannot be written.
        """
        write_text(self.root / DRAWN, json.dumps(table, indent=1) + "\n")

    def drawn(self) -> dict[str, Any] | None:
        """What the check said to right trainings that were drawn.

        Returns:
            What was saved, or None where none were drawn.

        Raises:
            DamagedError: the file does not hold what was written.
        """
        return _table(self.root / DRAWN, "run `harness gallery --drawn 200`")


def _table(path: Path, remedy: str) -> dict[str, Any] | None:
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedError(f"cannot be read ({error})", where=str(path), remedy=remedy) from error
    return table
