"""Names built from parameters and read back: what all of them need."""

from __future__ import annotations

from typing import Never

from harness.errors import UnknownNameError

# A positive number as `repr` writes it.
NUMBER = r"\d[\d.]*(?:e[+-]?\d+)?"


def refuse(kind: str, name: str, example: str) -> Never:
    """Say that a name stands for nothing.

    Args:
        kind: what it should have named.
        name: the name.
        example: one that would do.

    Raises:
        UnknownNameError: always.
    """
    raise UnknownNameError(f"{name!r} is no name of a {kind}", remedy=f"for example {example}")
