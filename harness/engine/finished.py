"""What both parts of a run have left, and the gaps between them; NumPy alone, in the process that launched them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.data.examples import Examples
from harness.engine import gaps, predictions
from harness.engine.alignment import aligned
from harness.engine.assembly import assembled
from harness.engine.parts import HELD, PARTITION, REFERENCE, SENT
from harness.engine.trajectory import Arrays, Trajectory
from harness.history import Checked, Event
from harness.layout import copies
from harness.record import (
    ALIGNED,
    FUNCTION,
    LAG,
    NATURAL,
    NOISE,
    OUTCOME,
    TRAJECTORY,
    TRAVELLED,
    VIOLATIONS,
    GapTable,
    Measurement,
)
from harness.spec import Distribution, ModelPartition, ScheduledPartition, Setting, Training


@dataclass(frozen=True)
class Finished:
    """A run of which both parts are there.

    Args:
        setting: training and partition.
        replicates: their numbers.
        reference: what the undistributed part returned.
        ranks: what each rank of the distributed part returned.
        history: what the ranks emitted, merged; a header alone where they emitted nothing.
    """

    setting: Setting
    replicates: range
    reference: Arrays
    ranks: Sequence[Arrays]
    history: Sequence[Event] = ()

    @property
    def undistributed(self) -> Trajectory:
        """The reference."""
        return Trajectory.from_arrays(self.reference, REFERENCE)

    @property
    def nets(self) -> list[Arrays]:
        """Trajectories `partition` of whole nets: one per rank, or per group and copy of biases of a divided net."""
        partition, widths = _division(self.setting.distribution), self.setting.training.widths
        if partition is None:
            return list(self.ranks)
        shares = [Trajectory.from_arrays(arrays, PARTITION) for arrays in self.ranks]
        return _distinct([
            assembled(partition, widths, shares[first : first + partition.members], copy).to_arrays(PARTITION)
            for first in range(0, partition.workers, partition.members)
            for copy in range(copies(partition, widths))
        ])


def measure(run: Finished) -> Measurement:
    """Relative gaps of every net and of the reference to itself, per layer and checkpoint, and outcomes.

    Args:
        run: what its parts have left.

    Returns:
        Gaps `trajectory` (per net), `aa`, `natural` and `travelled`; differences of outcomes (per net).
    """
    return _measured(run, run.nets, functions=False)


def measure_theorem(run: Finished) -> Measurement:
    """Gaps of weights, of functions, and of weights after the best permutation of hidden units; outcomes.

    Args:
        run: what its parts have left.

    Returns:
        Gaps `trajectory`, `function`, `aligned` (once for all ranks that hold the same bits), `aa`, `natural` and
        `travelled`; differences of outcomes.
    """
    return _measured(run, _distinct(run.nets), functions=True)


def findings(run: Finished, found: Checked, rules: Mapping[int, str]) -> list[GapTable]:
    """What a checked history adds to the gaps of its launch, for which the first replicate stands.

    Args:
        run: the launch.
        found: by the checker.
        rules: names by number.

    Returns:
        Gaps `violations`, one number per rule, and `lag`, reads per lag.
    """
    last = run.undistributed.clocks[-1:]
    counts = {
        VIOLATIONS: {name: found.broken.get(rule, 0) for rule, name in rules.items()},
        LAG: {str(lag): count for lag, count in sorted(found.lags.items())},
    }
    return [
        gaps.table({name: np.array([[float(count)]])}, last, [run.replicates.start], gap=gap)
        for gap, numbers in counts.items()
        for name, count in numbers.items()
    ]


def traffic(run: Finished) -> dict[str, float]:
    """What the ranks exchange at a clock, and hold.

    Args:
        run: whose ranks ran `parts.divided`.

    Returns:
        Collectives and elements handed over at a clock, and bytes of weights and of what the optimizer remembers: of
        the rank with most.
    """
    sent = [[int(n) for key, n in arrays.items() if key.startswith(SENT)] for arrays in run.ranks]
    return {
        "collectives_per_clock": float(max(map(len, sent))),
        "elements_handed_per_clock": float(max(map(sum, sent))),
        "bytes_held": float(max(int(arrays[HELD]) for arrays in run.ranks)),
    }


def _measured(run: Finished, nets: Sequence[Arrays], *, functions: bool) -> Measurement:
    training = run.setting.training
    reference = run.undistributed
    examples = data.load(training.data)
    tables = [gaps.table(gaps.travelled(reference), reference.clocks, run.replicates, gap=TRAVELLED)]
    for name in (NOISE, NATURAL):
        other = Trajectory.from_arrays(run.reference, name)
        tables.append(gaps.table(gaps.relative(other, reference), reference.clocks, run.replicates, gap=name))
        if functions:
            found = _function_gap(training, other, reference, examples)
            tables.append(gaps.table({name: found}, reference.clocks, run.replicates, gap=FUNCTION))
    expected = outcomes = predictions.outcomes(training, reference, examples)
    for rank, arrays in enumerate(nets):
        partition = Trajectory.from_arrays(arrays, PARTITION)
        relative = gaps.relative(partition, reference)
        tables.append(gaps.table(relative, reference.clocks, run.replicates, gap=TRAJECTORY, rank=rank))
        outcomes = predictions.outcomes(training, partition, examples)
        differences = {name: (outcomes[name] - expected[name])[:, None] for name in expected}
        tables.append(gaps.table(differences, reference.clocks[-1:], run.replicates, gap=OUTCOME, rank=rank))
        if functions:
            found = _function_gap(training, partition, reference, examples)
            tables.append(gaps.table({gaps.ALL: found}, reference.clocks, run.replicates, gap=FUNCTION, rank=rank))
            permuted = gaps.relative(aligned(training, partition, reference), reference)
            tables.append(gaps.table(permuted, reference.clocks, run.replicates, gap=ALIGNED, rank=rank))
    measured = {
        f"median_{name.replace(' ', '_')}_{side}": float(np.median(values[name]))
        for name in expected
        for side, values in (("reference", expected), ("distributed", outcomes))
    }
    return Measurement(GapTable.concat(tables), measured)


def _division(distribution: Distribution) -> ModelPartition | None:
    """How the net is divided among ranks, where it is."""
    match distribution:
        case ModelPartition():
            return distribution
        case ScheduledPartition(delays=None):
            return ModelPartition(distribution.workers, distribution.layout)
        case _:
            return None


def _distinct(nets: Sequence[Arrays]) -> list[Arrays]:
    """Those that differ in at least one bit from all before them."""
    kept: list[Arrays] = []
    for arrays in nets:
        if not any(_same_bits(arrays, other) for other in kept):
            kept.append(arrays)
    return kept


def _same_bits(arrays: Arrays, other: Arrays) -> bool:
    mine = [key for key in arrays if key.startswith(PARTITION)]
    return all(np.array_equal(arrays[key], other[key]) for key in mine)


def _function_gap(
    training: Training, trajectory: Trajectory, reference: Trajectory, examples: Examples
) -> NDArray[np.float64]:
    probe = predictions.probe(examples)
    return gaps.relative_to_movement(
        predictions.along(training, trajectory.layers, probe),
        predictions.along(training, reference.layers, probe),
        predictions.along(training, {layer: w[None] for layer, w in reference.initial.items()}, probe),
    )
