"""What one process saw in one pass: weights step by step, losses, examples; as one file."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.check.contract import Batch

# A path up to this size is kept whole; of a larger one log-spaced steps, and where these are too many, its ends.
_WHOLE_PATH_BYTES = 64 * 2**20
_SPACED_PATH_BYTES = 256 * 2**20
_GRADIENT_STEPS = 3


@dataclass(frozen=True, eq=False)
class Trace:
    """One pass of one process.

    Args:
        names: tensors, as `weights()` ordered them.
        kept: steps whose weights are kept; step 0 is before the first.
        weights: per tensor (kept, …).
        hashes: (steps + 1, tensors) checksums of the bits.
        losses: (steps,) what `step` returned.
        ids: per step the examples used.
        times: (steps, 2) seconds on the wall clock, begin and end.
        gradients: by name (first steps, …), where they are offered.
        history: events of stale reads and writes, where they are offered.
    """

    names: tuple[str, ...]
    kept: NDArray[np.int64]
    weights: tuple[NDArray[Any], ...]
    hashes: NDArray[np.int64]
    losses: NDArray[np.float64]
    ids: tuple[NDArray[np.int64], ...]
    times: NDArray[np.float64]
    gradients: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.losses)

    def save(self, path: Path) -> None:
        """Write the file under a temporary name, then rename it.

        Args:
            path: the file.
        """
        arrays: dict[str, NDArray[Any]] = {f"w{number}": array for number, array in enumerate(self.weights)}
        arrays |= {f"g{number}": array for number, array in enumerate(self.gradients.values())}
        notes = {"names": self.names, "gradients": list(self.gradients), "history": list(self.history)}
        arrays["notes"] = np.frombuffer(json.dumps(notes).encode(), dtype=np.uint8)
        arrays["sizes"] = np.array([len(ids) for ids in self.ids])
        arrays["ids"] = np.concatenate(self.ids) if self.ids else np.zeros(0, np.int64)
        for name in ("kept", "hashes", "losses", "times"):
            arrays[name] = getattr(self, name)
        save_arrays(path, arrays)

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read a file that `save` wrote.

        Args:
            path: the file.

        Returns:
            The trace.
        """
        with np.load(path, allow_pickle=False) as stored:
            notes = json.loads(stored["notes"].tobytes())
            names = tuple(notes["names"])
            return cls(
                names=names,
                kept=stored["kept"],
                weights=tuple(stored[f"w{number}"] for number in range(len(names))),
                hashes=stored["hashes"],
                losses=stored["losses"],
                ids=tuple(np.split(stored["ids"], np.cumsum(stored["sizes"])[:-1])),
                times=stored["times"],
                gradients={name: stored[f"g{number}"] for number, name in enumerate(notes["gradients"])},
                history=notes["history"],
            )


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays so that a file that has its name is whole.

    Args:
        path: the file.
        arrays: by name.
    """
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(path)


class Tracer:
    """Collects a trace while a training runs.

    Args:
        initial: weights before the first step.
        steps: number of steps to come.
    """

    def __init__(self, initial: Mapping[str, NDArray[Any]], steps: int) -> None:
        self.names = tuple(initial)
        self.shapes = {name: array.shape for name, array in initial.items()}
        self._kept = _kept(steps, sum(array.nbytes for array in initial.values()))
        self._weights: list[list[NDArray[Any]]] = [[] for _ in self.names]
        self._hashes: list[list[int]] = []
        self._losses: list[float] = []
        self._ids: list[NDArray[np.int64]] = []
        self._times: list[tuple[float, float]] = []
        self._gradients: dict[str, list[NDArray[Any]]] = {}
        self._keep(initial)

    def _keep(self, weights: Mapping[str, NDArray[Any]]) -> None:
        step = len(self._hashes)
        arrays = [np.asarray(weights[name]) for name in self.names]
        self._hashes.append([zlib.crc32(array.tobytes()) for array in arrays])
        if step in self._kept:
            for kept, array in zip(self._weights, arrays, strict=True):
                kept.append(array.copy())

    def add(
        self,
        batch: Batch,
        loss: float,
        times: tuple[float, float],
        weights: Mapping[str, NDArray[Any]],
        gradients: Mapping[str, NDArray[Any]],
    ) -> None:
        """Note a step.

        Args:
            batch: what it used.
            loss: what it returned.
            times: when it began and ended, in seconds on the wall clock.
            weights: after it.
            gradients: of it; empty for none.
        """
        self._ids.append(np.asarray(batch.ids))
        self._losses.append(loss)
        self._times.append(times)
        self._keep(weights)
        if len(self._losses) <= _GRADIENT_STEPS:
            for name, array in gradients.items():
                self._gradients.setdefault(name, []).append(np.array(array))

    def trace(self, history: Sequence[Mapping[str, Any]] = ()) -> Trace:
        """The finished trace.

        Args:
            history: events of stale reads and writes.

        Returns:
            What was seen.
        """
        kept = self._kept[self._kept < len(self._hashes)]
        return Trace(
            names=self.names,
            kept=kept,
            weights=tuple(np.stack(arrays) for arrays in self._weights),
            hashes=np.array(self._hashes, dtype=np.int64).reshape(-1, len(self.names)),
            losses=np.array(self._losses, dtype=float),
            ids=tuple(self._ids),
            times=np.array(self._times, dtype=float).reshape(-1, 2),
            gradients={name: np.stack(arrays) for name, arrays in self._gradients.items()},
            history=history,
        )


def _kept(steps: int, size: int) -> NDArray[np.int64]:
    """Steps whose weights are kept: the first two and the last two always, so that their updates can be told."""
    if size * (steps + 1) <= _WHOLE_PATH_BYTES:
        return np.arange(steps + 1)
    ends = {0, 1, 2, steps - 1, steps}
    spaced = ends | set(np.geomspace(1, steps, 10).round().astype(int).tolist())
    fits = size * len(spaced) <= _SPACED_PATH_BYTES
    return np.array(sorted(step for step in (spaced if fits else ends) if 0 <= step <= steps), dtype=np.int64)
