"""Keras without the packages that it imports wherever they are installed, for uses that no training here has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

# For its wrappers around estimators, its data frames and its pictures: two fifths of the start of every process.
_LEFT_OUT = frozenset({"sklearn", "pandas", "matplotlib"})


class LeanKeras(MetaPathFinder):
    """While Keras is being imported, these packages are not there; afterwards everybody finds them."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Find nothing.

        Args:
            fullname: of the module that is wanted.
            path: of its package.
            target: not used.

        Raises:
            ModuleNotFoundError: Keras wants what is left out.
        """
        if fullname in _LEFT_OUT and getattr(
            getattr(sys.modules.get("keras"), "__spec__", None), "_initializing", False
        ):
            raise ModuleNotFoundError(f"{fullname} is left out while Keras is imported", name=fullname)


def import_keras_lean() -> None:
    """Leave the packages out of the import of Keras, whoever imports it; once is as good as twice."""
    if not any(isinstance(finder, LeanKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, LeanKeras())


def import_keras_whole() -> None:
    """Leave nothing out after all, before Keras is imported: for programs of others, which may use any of it."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, LeanKeras)]
