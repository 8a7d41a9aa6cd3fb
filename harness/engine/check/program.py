"""A user's file as a training: imported afresh, its contract checked, its errors told apart from ours."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.check.contract import Batch, Training
from harness.check.folder import INPUT, Failure
from harness.engine.check.keras_model import KerasTraining
from harness.errors import HarnessError

_METHODS = ("init", "step", "weights")


class ProgramError(HarnessError):
    """The user's file failed, or does not keep the contract.

    Args:
        failure: where and why.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what, where=failure.stage)
        self.failure = failure


@contextmanager
def blamed(stage: str, file: Path, kind: str = INPUT) -> Iterator[None]:
    """Turn whatever the user's code raises into a `ProgramError`.

    Args:
        stage: what it is doing.
        file: the user's file: frames of its folder are theirs.
        kind: who is to blame.

    Yields:
        Nothing.

    Raises:
        ProgramError: something was raised, `SystemExit` included.
    """
    try:
        yield
    except ProgramError:
        raise
    except BaseException as error:
        raise ProgramError(Failure(stage, _line(error), _frames(error, file), kind)) from error


def _line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({error.code!r})"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    # AutoGraph puts its own account of the code first, and the message last.
    said = lines[-1] if lines[0].startswith("in user code") else lines[0]
    return f"{type(error).__name__}: {said.removeprefix(f'{type(error).__name__}: ')}"


def _frames(error: BaseException, file: Path) -> tuple[str, ...]:
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return tuple(traceback.format_exception_only(error))
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == file.parent]
    return tuple(traceback.format_list(own)[-5:])


@dataclass(frozen=True, eq=False)
class Program:
    """A file under check, imported.

    Args:
        file: its path.
        features: (examples, …).
        labels: (examples, …).
        training: its training.
    """

    file: Path
    features: NDArray[Any]
    labels: NDArray[Any]
    training: Training

    def batch(self, ids: NDArray[np.int64]) -> Batch:
        """Examples by id.

        Args:
            ids: (n,).

        Returns:
            The batch.
        """
        return Batch(self.features[ids], self.labels[ids], ids)

    @property
    def shards(self) -> Callable[..., Iterator[Batch]] | None:
        """The file's own sharding, where it has one."""
        return getattr(self.training, "batches", None)

    def weights(self, known: Mapping[str, tuple[int, ...]] | None = None) -> dict[str, NDArray[Any]]:
        """Weights now, their form checked.

        Args:
            known: shapes of earlier steps.

        Returns:
            Arrays by name.

        Raises:
            ProgramError: they are no arrays of numbers by name, or changed their names or shapes.
        """
        found = self.training.weights()
        if not isinstance(found, Mapping) or not found:
            self._refuse("weights()", f"it returns {type(found).__name__}, not a non-empty dict of arrays by name")
        arrays = {str(name): np.asarray(array) for name, array in found.items()}
        for name, array in list(arrays.items()):
            if array.dtype.name == "bfloat16":
                arrays[name] = array.astype(np.float32)
            elif array.dtype.kind not in "fiub":
                self._refuse("weights()", f"{name!r} holds {array.dtype}, not numbers")
        shapes = {name: array.shape for name, array in arrays.items()}
        if known is not None and shapes != dict(known):
            other = next((name for name in {**known, **shapes} if known.get(name) != shapes.get(name)), "?")
            self._refuse("weights()", f"{other!r} had shape {known.get(other)} before and has {shapes.get(other)} now")
        return arrays

    def _refuse(self, stage: str, what: str) -> None:
        raise ProgramError(Failure(stage, what, (), INPUT))


def load(file: Path, entry: str, scale: float, *, distributed: bool) -> Program:
    """Import a file afresh and make its training.

    Args:
        file: the file.
        entry: function that makes the training; `training` or `model` where empty.
        scale: factor on features that are floating-point numbers.
        distributed: whether this is a rank among others.

    Returns:
        The program.

    Raises:
        ProgramError: the file does not keep the contract.
        ValueError: as `ProgramError`.
        TypeError: as `ProgramError`.
    """
    with blamed("import", file):
        module = _imported(file)
    make = _function(module, file, *((entry,) if entry else ("training", "model")))
    with blamed("dataset()", file):
        features, labels = map(np.asarray, _function(module, file, "dataset")())
        if not len(features) == len(labels) > 0:
            raise ValueError(f"{len(features)} features and {len(labels)} labels")
    features = features * np.asarray(scale, features.dtype) if features.dtype.kind == "f" else features
    with blamed(f"{make.__name__}()", file):
        training = KerasTraining(make, distributed) if make.__name__.startswith("model") else make()
        missing = [name for name in _METHODS if not callable(getattr(training, name, None))]
        if missing:
            raise TypeError(f"it returns {type(training).__name__}, which lacks {', '.join(missing)}")
    return Program(file, features, labels, training)


def _imported(file: Path) -> ModuleType:
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"checked_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Pickles and dataclasses of the module look it up there.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, file: Path, *names: str) -> Callable[..., Any]:
    for name in names:
        found = getattr(module, name, None)
        if callable(found):
            made: Callable[..., Any] = found
            return made
    raise ProgramError(Failure("import", f"{file.name} defines no {' or '.join(f'{n}()' for n in names)}", (), INPUT))
