"""One run: the reference, all workers played in one process, and the clocks that each needs to the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness import data
from harness.engine import finished, parts, predictions
from harness.engine.finished import Finished
from harness.engine.gaps import ALL
from harness.engine.trajectory import Trajectory
from harness.record import SLOWDOWN, TO_TARGET, GapTable, Measurement
from harness.spec import Training
from suites.staleness_depth_optimizer.sweep import EVERY, TARGET

_LEAST_PROBABILITY = 1e-300

undistributed = parts.undistributed
distributed = parts.stale


def measure(run: Finished) -> Measurement:
    """Clocks to the target of both, their ratio, and the gaps between them.

    Args:
        run: what its parts have left.

    Returns:
        Gaps `clocks to target` (layer `reference` for the reference's own) and `slowdown`, and those of every suite.
    """
    setting, replicates = run.setting, run.replicates
    shared = finished.measure(run)
    reference = _clocks_to_target(setting.training, run.undistributed)
    stale = _clocks_to_target(setting.training, Trajectory.from_arrays(run.ranks[0], parts.PARTITION))
    with np.errstate(invalid="ignore"):
        slowdown = stale / reference
    values = {(TO_TARGET, parts.REFERENCE): reference, (TO_TARGET, ALL): stale, (SLOWDOWN, ALL): slowdown}
    last = [setting.training.clocks]
    tables = [
        GapTable.from_array(array[:, None], replicates=replicates, clocks=last, layer=layer, gap=gap, rank=0)
        for (gap, layer), array in values.items()
    ]
    medians = {"median_clocks_to_target_reference": reference, "median_clocks_to_target_distributed": stale}
    measured = {name: float(np.median(array)) for name, array in medians.items()}
    return Measurement(GapTable.concat([shared.gaps, *tables]), shared.measured | measured)


def _clocks_to_target(training: Training, trajectory: Trajectory) -> NDArray[np.float64]:
    examples = data.load(training.data)
    features, labels = examples.features[::EVERY], examples.labels[::EVERY]
    chances = predictions.along(training, trajectory.layers, features)[:, :, np.arange(len(labels)), labels]
    losses = -np.log(np.maximum(chances, _LEAST_PROBABILITY)).mean(axis=2).T
    return first_reached(losses, trajectory.clocks, TARGET)


def first_reached(losses: NDArray[np.float64], clocks: NDArray[np.int64], target: float) -> NDArray[np.float64]:
    """Clock at which each loss first falls to a target, between checkpoints linear in log clock.

    Args:
        losses: (replicates, checkpoints), NaN where weights are not finite.
        clocks: (checkpoints,) updates made, increasing.
        target: loss.

    Returns:
        (replicates,) clocks; infinite where the target is not reached.
    """
    there = losses <= target
    after = there.argmax(axis=1)
    before = np.maximum(after - 1, 0)
    rows = np.arange(len(losses))
    high, low = losses[rows, before], losses[rows, after]
    falls = (before < after) & np.isfinite(high) & there.any(axis=1)
    share = np.divide(high - target, high - low, out=np.ones(len(losses)), where=falls)
    logs = np.log(clocks)
    found = np.exp(logs[before] + share * (logs[after] - logs[before]))
    return np.where(there.any(axis=1), found, np.inf)
