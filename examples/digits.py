"""The data of the examples: 1,797 handwritten digits of 8 × 8 pixels."""

import numpy as np
from sklearn.datasets import load_digits


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """Pixels between 0 and 1, and classes."""
    digits = load_digits()
    return (digits.data / 16).astype(np.float32), digits.target.astype(np.int64)
