"""Data sets by name: real ones that installed packages carry, one with known truth, and noise for timing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.data import digits, mnist5k, noise, teacher
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
        name: one of `SOURCES`, or `noiseNxM` for noise of N features in M classes.

    Returns:
        Its examples.

    Raises:
        BadInputError: there is no data set of that name.
    """
    drawn = noise.load(name)
    if drawn is not None:
        return drawn
    if name not in SOURCES:
        raise BadInputError(f"no data set is called {name!r}", where="data", remedy=f"known: {', '.join(SOURCES)}")
    return SOURCES[name]()
