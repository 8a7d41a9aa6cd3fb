"""What can be timed, whoever wrote it: it starts from the same weights, is fed the same batches, and can be compared.

NumPy alone, so that peers that need no TensorFlow do without it.
"""

from __future__ import annotations

import resource
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine import predictions
from harness.engine.starts import initial_layers
from harness.spec import Setting, Training
from harness.spec.timings import AFTER, WARM
from harness.turns import Answer, Ask

Arrays = list[NDArray[np.float32]]


class Contender(Protocol):
    """One setting, as this process takes part in it."""

    def reset(self) -> None:
        """Go back to the initial weights and to clock 0."""

    def advance(self, clocks: int) -> None:
        """Make so many clocks, and return when this process has done its part of them."""

    def finish(self) -> None:
        """Wait for what is still on its way."""

    def note(self) -> Callable[[], Arrays]:
        """Take down the whole net's weights at this clock; what they were may be asked when `finish` has returned."""

    def weights(self) -> Arrays:
        """What this process holds: W_1, b_1, W_2, …, without replicates: (inputs, outputs) and (outputs,)."""

    def share(self, whole: Arrays) -> Arrays:
        """What of the whole net's weights this process ought to hold, shaped like `weights`."""

    def exchange(self, clocks: int) -> bool:
        """Make the collectives of so many clocks on tensors of their sizes and nothing else; False where it cannot."""


class Team(Protocol):
    """This process among those that were started with it."""

    rank: int
    size: int

    def barrier(self) -> None:
        """Wait for all of them."""

    def contender(self, setting: Setting, seconds: float) -> Contender:
        """Get ready for a setting; where seconds are given, to sleep so long per clock in the place of computing."""


def take_turn(contender: Contender, team: Team, ask: Ask, training: Training, reference: Arrays | None) -> Answer:
    """Train from the start, timed between a barrier and this process's last clock, then compare.

    Args:
        contender: who trains.
        team: who trains with it.
        ask: how many clocks are timed, and after which of them the loss is asked for.
        training: data and net.
        reference: whole weights of the reference after as many clocks; None where nothing is computed.

    Returns:
        Times, distances and losses.
    """
    contender.reset()
    contender.advance(WARM)
    team.barrier()
    stretches, notes = [], []
    for clocks in np.diff([0, *(ask.checkpoints or (ask.clocks,))]).tolist():
        stretches.append(_Stretch.of(contender, clocks))
        notes += [contender.note()] if ask.checkpoints else []
    contender.advance(AFTER)
    contender.finish()
    exchange = _exchange_seconds(contender, team, ask.clocks)
    held = contender.weights() if reference is not None else []
    # Who slept in the place of computing holds none.
    whole = (reference or [], initial_weights(training))
    expected, started = (contender.share(weights) if held else [] for weights in whole)
    return Answer(
        sum(stretch.seconds for stretch in stretches) / ask.clocks,
        sum(stretch.cpu_seconds for stretch in stretches) / ask.clocks,
        exchange,
        _squares(held, expected),
        _squares(expected, started),
        zlib.crc32(b"".join(np.ascontiguousarray(array).data for array in held)),
        tuple(stretch.seconds for stretch in stretches),
        _losses(training, [note() for note in notes]),
    )


@dataclass(frozen=True)
class _Stretch:
    """What some clocks took, in wall time and in time of the processor."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def of(cls, contender: Contender, clocks: int) -> _Stretch:
        began, computed = time.perf_counter(), _cpu_seconds()
        contender.advance(clocks)
        return cls(time.perf_counter() - began, _cpu_seconds() - computed)


def plain(array: NDArray[np.float32], place: int) -> NDArray[np.float32]:
    """Weights of replicate 0.

    Args:
        array: W (1, inputs, outputs) or a bias, (1, 1, outputs) or (1, outputs, 1).
        place: in the list W_1, b_1, W_2, …

    Returns:
        W (inputs, outputs) or b (outputs,).
    """
    found: NDArray[np.float32] = array[0].reshape(-1) if place % 2 else array[0]
    return found


@cache
def initial_weights(training: Training) -> Arrays:
    """Weights that every contender starts from, those of replicate 0; shared, and not to be written to.

    Args:
        training: the net.

    Returns:
        W_1, b_1, W_2, …
    """
    layers = initial_layers(training.widths, training.activation, range(1))
    return [array[0].reshape(shape).astype(np.float32) for pair in layers for array, shape in _shaped(pair)]


def _shaped(pair: Sequence[NDArray[np.float64]]) -> list[tuple[NDArray[np.float64], tuple[int, ...]]]:
    weight, bias = pair
    return [(weight, weight.shape[1:]), (bias, bias.shape[2:])]


def _exchange_seconds(contender: Contender, team: Team, clocks: int) -> float:
    team.barrier()
    if not contender.exchange(1):
        return float("nan")
    team.barrier()
    began = time.perf_counter()
    contender.exchange(clocks)
    return (time.perf_counter() - began) / clocks


def _losses(training: Training, noted: Sequence[Arrays]) -> tuple[float, ...]:
    if not any(noted):
        return ()
    examples = data.load(training.data)
    return tuple(predictions.loss(training, _by_layer(weights), examples) for weights in noted)


def _by_layer(weights: Arrays) -> dict[str, NDArray[np.float64]]:
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return {f"layer {at}": np.append(matrix, bias).astype(float) for at, (matrix, bias) in enumerate(pairs, start=1)}


def _squares(some: Arrays, others: Arrays) -> tuple[float, ...]:
    """Per layer the squared distance, W and b together."""
    pairs = [float(np.square(a - b, dtype=np.float64).sum()) for a, b in zip(some, others, strict=True)]
    return tuple(pairs[at] + pairs[at + 1] for at in range(0, len(pairs), 2))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
