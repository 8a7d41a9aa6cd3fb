"""Optical digits: 1,797 images of 8 × 8 pixels, shipped with scikit-learn (UCI, Alpaydin & Kaynak 1998)."""

from __future__ import annotations

import numpy as np

from harness.data.examples import Examples, read_package_table


def load(first: int | None = None) -> Examples:
    """Load the digits, pixels scaled from 0…16 to [0, 1].

    Args:
        first: how many to take from the beginning; all if not given.

    Returns:
        Up to 1,797 examples of 64 features in 10 classes.
    """
    table = read_package_table("sklearn", "datasets/data/digits.csv.gz")[:first]
    return Examples(
        table[:, :-1] / 16, table[:, -1].astype(np.int64), "digits: scikit-learn's copy of the UCI optical digits"
    )
