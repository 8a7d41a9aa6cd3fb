"""Data sets by name: real ones that installed packages carry, and one with known truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.data import digits, mnist5k, teacher
from harness.data.examples import Examples
from harness.errors import BadInputError

SOURCES: dict[str, Callable[[], Examples]] = {
    "digits": digits.load,
    "digits256": partial(digits.load, first=256),
    "mnist5k": mnist5k.load,
    "teacher": teacher.load,
}


def load(name: str) -> Examples:
    """Load a data set.

    Args:
        name: one of `SOURCES`.

    Returns:
        Its examples.

    Raises:
        BadInputError: there is no data set of that name.
    """
    if name not in SOURCES:
        raise BadInputError(f"no data set is called {name!r}", where="data", remedy=f"known: {', '.join(SOURCES)}")
    return SOURCES[name]()
