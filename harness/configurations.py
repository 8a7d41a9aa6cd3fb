"""Configurations of right trainings, drawn by hypothesis, each as a file that `harness check` takes."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any

from harness.errors import BadInputError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

COMMON = "drawn.py"
_DRAWS = 3
# The least batch of which every rank gets an example, be the shares 1:4:4.
_LEAST_DEALT = 12
_FILE = '''"""A right training, number {number} of those drawn with seed {seed}.

`harness check {name} --workers {workers} --steps {steps} --batch {batch}`
"""

import numpy as np
from drawn import data, {maker}

SPEC = {spec}


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """Features and labels."""
    return data(SPEC)


{entry}
'''
_LOOP = '''def training() -> object:
    """A training loop of one's own."""
    return loop(SPEC)'''
_COMPILED = '''def model(distributed: bool) -> object:
    """A Keras model."""
    return compiled(SPEC, distributed)'''


@dataclass(frozen=True)
class Configuration:
    """A training that is right on any number of ranks, and how it is run.

    Args:
        workers: P.
        steps: of the longest scenario.
        batch: examples per step, all ranks together.
        keras: whether it is a compiled Keras model, not a loop.
        spec: what `drawn.py` of the gallery makes of it.
    """

    workers: int
    steps: int
    batch: int
    keras: bool
    spec: dict[str, Any]

    def to_file(self, number: int, seed: int) -> str:
        """A file that `harness check` takes, beside `drawn.py`.

        Args:
            number: of the configuration.
            seed: that it was drawn from.

        Returns:
            Python.
        """
        return _FILE.format(
            **(asdict(self) | {"spec": pformat(self.spec, width=100, sort_dicts=False)}),
            number=number,
            seed=seed,
            name=file_name(number),
            maker="compiled" if self.keras else "loop",
            entry=_COMPILED if self.keras else _LOOP,
        )


def file_name(number: int) -> str:
    """Name of a configuration's file.

    Args:
        number: of the configuration.

    Returns:
        The name.
    """
    return f"drawn_{number:03}.py"


def configurations() -> SearchStrategy[Configuration]:
    """Trainings that are right on two ranks (three in five) or three.

    What cannot be right is not drawn: shares of unequal size are weighted by their size; a batch that is normalised as
    a whole is not cut into micro-batches, whose statistics would be others; Keras' own loop and Horovod's tape exchange
    once per call, and their shares are equal.

    Returns:
        A strategy; it shrinks to gradient descent on a linear map.
    """
    from hypothesis import strategies as st

    return st.composite(_drawn)()


def _drawn(draw: DrawFn) -> Configuration:
    from hypothesis import strategies as st

    def one(*values: Any) -> Any:
        return draw(st.sampled_from(values))

    workers = one(2, 2, 2, 3, 3)
    way = one("loop", "loop", "dealt", "keras")
    batch = draw(st.integers(_LEAST_DEALT if way == "dealt" else workers, 64))
    transport = one("tensors", "grouped", "flat", *(() if way == "keras" else ("tape",)))
    weightings = {"loop": ("average", "sum", "weighted", "scaled"), "dealt": ("weighted", "scaled")}
    normalised = one(False, False, True)
    cut = way != "keras" and transport != "tape" and not normalised
    spec = {
        "inputs": draw(st.integers(2, 16)),
        "outputs": draw(st.integers(2, 6)),
        "widths": [draw(st.integers(1, 24)) for _ in range(one(1, 0, 2, 3))],
        "activation": one("tanh", "relu", "sigmoid", "gelu", "elu", "softplus", "leaky_relu"),
        "bias": one(True, True, False),
        "normalised": normalised,
        "dtype": one("float32", "float64"),
        "loss": one("softmax", "logistic", "squares", "huber"),
        "l2": one(0.0, 1e-3, 1e-2),
        "optimizer": draw(_optimizers()),
        "clip": one(0.0, 0.1, 1.0),
        "micro": one(0, 3, 4, 7) if cut else 0,
        "start": one("broadcast", "seed"),
        "transport": transport,
        "weighting": one(*weightings.get(way, ("average", "sum"))),
        "dealt": {"batch": batch, "parts": [one(1, 2, 3, 4) for _ in range(workers)]} if way == "dealt" else None,
    }
    return Configuration(workers, draw(st.integers(4, 16)), batch, way == "keras", spec)


def _optimizers() -> SearchStrategy[dict[str, Any]]:
    from hypothesis import strategies as st

    def options(name: str, rates: Sequence[float], **more: Sequence[Any]) -> SearchStrategy[dict[str, Any]]:
        each = {"learning_rate": rates, **more}
        drawn = {key: st.sampled_from(values) for key, values in each.items()}
        return st.fixed_dictionaries({"name": st.just(name), **drawn})

    plain, adaptive = (0.01, 0.03, 0.1, 0.3), (0.001, 0.003, 0.01, 0.03)
    tiny = (1e-8, 1e-7, 1e-3)
    return st.one_of(
        options("SGD", plain),
        options("SGD", plain, momentum=(0.5, 0.9), nesterov=(False,)),
        options("SGD", plain, momentum=(0.5, 0.9), nesterov=(True,)),
        options("Adagrad", plain, initial_accumulator_value=(0.0, 0.1), epsilon=tiny),
        options("RMSprop", adaptive, rho=(0.9, 0.99), momentum=(0.0, 0.9), centered=(False, True), epsilon=tiny),
        options("Adam", adaptive, beta_1=(0.0, 0.9), beta_2=(0.99, 0.999), amsgrad=(False, True), epsilon=tiny),
    )


def drawn(count: int, seed: int) -> list[Configuration]:
    """Draw, the same for equal seeds.

    Args:
        count: how many.
        seed: of hypothesis.

    Returns:
        The configurations.

    Raises:
        BadInputError: fewer than one is asked for.
    """
    if count < 1:
        raise BadInputError(f"{count} is no number of trainings", where="--drawn", remedy="give at least 1")
    found: list[Configuration] = []
    numbers = itertools.count()
    while len(found) < count:
        made = _drawn_by_itself(f"{seed}/{next(numbers)}")
        if made not in found:
            found.append(made)
    return found


def _drawn_by_itself(seed: str) -> Configuration:
    """Of one seed hypothesis draws the simplest first, and later ones by changing those before."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    found: list[Configuration] = []

    @seeded(seed)
    @settings(
        max_examples=_DRAWS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(configurations())
    def collect(configuration: Configuration) -> None:
        found.append(configuration)

    collect()
    return found[-1]


def write(chosen: Sequence[Configuration], seed: int, *, gallery: Path, folder: Path) -> list[Path]:
    """Write a file for every configuration, and beside them what they import: they can be checked where they are.

    Args:
        chosen: the configurations.
        seed: that they were drawn from.
        gallery: folder that holds `drawn.py`.
        folder: what is there of an earlier draw is removed.

    Returns:
        The files.

    Raises:
        BadInputError: the gallery lacks it, or a file cannot be written.
    """
    if not (gallery / COMMON).is_file():
        raise BadInputError(f"holds no {COMMON}", where=str(gallery), remedy="name the gallery's folder")
    files = [folder / file_name(number) for number in range(len(chosen))]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("drawn_*.py"):
            old.unlink()
        shutil.copy(gallery / COMMON, folder / COMMON)
        for number, (file, configuration) in enumerate(zip(files, chosen, strict=True)):
            file.write_text(configuration.to_file(number, seed), encoding="utf-8")
    except OSError as error:
        raise BadInputError(error.strerror or str(error), where=str(folder), remedy="check its permissions") from error
    return files
