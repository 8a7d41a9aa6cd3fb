"""Who sees which example when: (seed, clock, worker) → sample ids, and the streams that randomness comes from.

The global order is fixed by the seed alone. Workers cut each batch into consecutive shares, so that the
union over workers is the reference's batch, in the reference's order, for any number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInputError

ENTROPY = 1512_02728
_WEIGHTS, _ORDER, _SERVICE, _DELAYS, _BLOCKS = range(5)


def weight_stream(replicate: int) -> np.random.Generator:
    """Stream of a replicate's initial weights.

    Args:
        replicate: number of the replicate.

    Returns:
        A generator that depends on the replicate alone.
    """
    return _stream(replicate, _WEIGHTS)


def service_stream(replicate: int) -> np.random.Generator:
    """Stream of the compute times that are added to a launch.

    Args:
        replicate: number of its first replicate.

    Returns:
        A generator that depends on the replicate alone.
    """
    return _stream(replicate, _SERVICE)


def delay_stream(replicate: int) -> np.random.Generator:
    """Stream of a replicate's delays under the virtual executor.

    Args:
        replicate: number of the replicate.

    Returns:
        A generator that depends on the replicate alone.
    """
    return _stream(replicate, _DELAYS)


def block_stream(replicate: int) -> np.random.Generator:
    """Stream of the blocks that a scheduler chooses for a replicate.

    Args:
        replicate: number of the replicate.

    Returns:
        A generator that depends on the replicate alone.
    """
    return _stream(replicate, _BLOCKS)


def _stream(*key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(ENTROPY, spawn_key=key))


@dataclass(frozen=True)
class Schedule:
    """Order of the examples of one replicate: a new permutation per epoch, batches taken one after the other.

    Args:
        replicate: number of the replicate.
        examples: N, size of the data set.
        batch: examples per clock, all workers together.
        order: which of the replicate's data orders; 0 is the one that it trains on.

    Raises:
        BadInputError: the batch is empty, or larger than the data set.
    """

    replicate: int
    examples: int
    batch: int
    order: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= self.examples:
            raise BadInputError(
                f"batch = {self.batch} does not fit {self.examples} examples",
                where="schedule",
                remedy="use a smaller batch",
            )

    def ids(self, first_clock: int, last_clock: int) -> NDArray[np.int32]:
        """Sample ids of the global batches of a range of clocks.

        Args:
            first_clock: first clock, from 0.
            last_clock: clock after the last.

        Returns:
            (clocks, batch) ids; a batch may straddle two epochs.
        """
        start, stop = first_clock * self.batch, last_clock * self.batch
        first_epoch, last_epoch = start // self.examples, (max(stop, start + 1) - 1) // self.examples
        order = np.concatenate([self._epoch(epoch) for epoch in range(first_epoch, last_epoch + 1)])
        offset = first_epoch * self.examples
        return order[start - offset : stop - offset].reshape(last_clock - first_clock, self.batch)

    def _epoch(self, epoch: int) -> NDArray[np.int32]:
        return _stream(self.replicate, _ORDER, self.order, epoch).permutation(self.examples).astype(np.int32)


def share(batch: int, worker: int, workers: int) -> slice:
    """Positions of a batch that belong to one worker: consecutive, sizes differing by one at most.

    Args:
        batch: examples per clock, all workers together.
        worker: p, from 0.
        workers: P.

    Returns:
        Slice of the batch; empty where there are more workers than examples.

    Raises:
        BadInputError: the worker is not one of the workers.
    """
    if not 0 <= worker < workers:
        raise BadInputError(f"worker {worker} is not one of {workers}", where="schedule")
    return slice(worker * batch // workers, (worker + 1) * batch // workers)


def checkpoints(clocks: int, count: int) -> NDArray[np.int64]:
    """Log-spaced clocks at which weights are kept: 1 first, the last clock last.

    Args:
        clocks: number of updates, at least 1.
        count: how many to aim for; fewer where rounding makes some equal.

    Returns:
        (checkpoints,) increasing numbers of updates made.
    """
    return np.asarray(np.unique(np.rint(np.geomspace(1, clocks, count))), dtype=np.int64)
