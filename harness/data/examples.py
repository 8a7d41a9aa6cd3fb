"""Features and labels, whatever they come from."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError


@dataclass(frozen=True)
class Examples:
    """A classification data set.

    Args:
        features: (examples, inputs), scaled to [0, 1] or to unit variance.
        labels: (examples,) classes 0, 1, ….
        source: where it comes from, in one line.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    source: str

    def __len__(self) -> int:
        return len(self.labels)


def read_package_table(package: str, path: str) -> NDArray[np.float64]:
    """Read a gzipped table of comma-separated numbers that an installed package carries, without importing it.

    Args:
        package: name of the package.
        path: file relative to the package's folder.

    Returns:
        (rows, columns).

    Raises:
        BadInputError: the package is not installed or does not carry the file.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise BadInputError(f"package {package} is not installed", where="data", remedy="run `make test` or install it")
    file = Path(spec.origin).parent / path
    if not file.exists():
        raise BadInputError(f"{file} is missing", where="data", remedy=f"install {package} anew")
    with gzip.open(file, "rt") as lines:
        return np.loadtxt(lines, delimiter=",")
