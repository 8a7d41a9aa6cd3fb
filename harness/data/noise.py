"""Examples that say nothing, of any width: for timing, where only shapes matter."""

from __future__ import annotations

import re

import numpy as np

from harness.data.examples import Examples

EXAMPLES = 4096
_NAME = re.compile(r"noise(?P<inputs>[1-9]\d*)x(?P<classes>[1-9]\d*)")


def name(inputs: int, classes: int) -> str:
    """Name of the data set for a net.

    Args:
        inputs: features of an example.
        classes: number of classes.

    Returns:
        For example `noise440x1993`.
    """
    return f"noise{inputs}x{classes}"


def load(called: str) -> Examples | None:
    """Draw standard normal features, and labels that do not depend on them.

    Args:
        called: a name as `name` makes it.

    Returns:
        4,096 examples; None where the name is none of these.
    """
    found = _NAME.fullmatch(called)
    if found is None:
        return None
    draws = np.random.default_rng(0)
    features = draws.normal(size=(EXAMPLES, int(found["inputs"])))
    return Examples(features, draws.integers(int(found["classes"]), size=EXAMPLES), "noise: normal inputs, any class")
