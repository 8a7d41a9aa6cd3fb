"""Which blocks of a divided net are updated at a clock: all, in turn, at random, by priority, or without conflicts.

Block (l, p) is worker p's share of layer l; it has the number l·P + p. All workers take the same decision from the
same news, so that nobody has to be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.schedule import block_stream
from harness.spec import Policy, ScheduledPartition

# Blocks whose inputs correlate more than this in the mean are not updated together. Eighths of the digits' images
# correlate by 0.11 in the mean, neighbouring ones by 0.14 to 0.18.
TOO_CORRELATED = 0.15
# Every block keeps a share of this of the mean priority, so that none is forgotten.
_FLOOR = 0.1


@dataclass(frozen=True)
class News:
    """What a decision is taken from.

    Args:
        changes: (blocks,) size of each block's last change.
        couplings: (blocks, blocks) mean correlation between the inputs of two blocks; 0 between layers.
    """

    changes: NDArray[np.float64]
    couplings: NDArray[np.float64]


class Scheduler:
    """Decisions of one replicate, clock by clock.

    Args:
        partition: workers and policy.
        layers: L.
        replicate: whose stream is drawn from.

    References:
        lee2014
    """

    def __init__(self, partition: ScheduledPartition, layers: int, replicate: int) -> None:
        self._policy, self._workers, self._layers = partition.policy, partition.workers, layers
        self._draws = block_stream(replicate)
        worker = np.tile(np.arange(self._workers), layers)
        self._turns = (worker + np.repeat(np.arange(layers), self._workers)) % layers * self._workers + worker

    @property
    def blocks(self) -> int:
        """L·P."""
        return self._layers * self._workers

    @property
    def most(self) -> int:
        """How many are updated at a clock: one per worker, or half of those of a single layer, at least one."""
        return max(1, self.blocks // max(2, self._layers))

    def choose(self, clock: int, news: News | None = None) -> NDArray[np.bool_]:
        """Blocks that are updated at a clock; ask once per clock, in order.

        All: every block. Of the others, one per worker, or half of them where there is one layer. Round robin: the
        blocks take turns, at each clock those of neighbouring workers and of layers next to each other. Random: any.
        Priority: drawn with chances that grow with their last change. Strads: the same, one after the other, without
        those that are too correlated with one that is already taken.

        Args:
            clock: c.
            news: for the policies that need it; without any, all blocks are alike.

        Returns:
            (blocks,) whether it is updated.
        """
        chosen = np.zeros(self.blocks, bool)
        match self._policy:
            case Policy.ALL:
                chosen[:] = True
            case Policy.ROUND_ROBIN:
                chosen[self._turns[(clock * self.most + np.arange(self.most)) % self.blocks]] = True
            case Policy.RANDOM:
                chosen[self._draws.permutation(self.blocks)[: self.most]] = True
            case Policy.PRIORITY:
                chosen[self._by_priority(news)[: self.most]] = True
            case Policy.STRADS:
                chosen[_apart(self._by_priority(news), news, self.most)] = True
        return chosen

    def _by_priority(self, news: News | None) -> list[int]:
        """A random order in which each next block is drawn in proportion to its priority (exponential race)."""
        arrivals = self._draws.exponential(size=self.blocks)
        if news is not None and news.changes.any():
            arrivals /= news.changes + _FLOOR * news.changes.mean()
        return [int(block) for block in np.argsort(arrivals)]


def couplings(inputs: Sequence[NDArray[np.float64]], layers: int) -> NDArray[np.float64]:
    """Mean |correlation| between the inputs of every two blocks of a layer.

    Args:
        inputs: for each block (units, examples), block l·P + p of layer l.
        layers: L.

    Returns:
        (blocks, blocks); 0 between layers.
    """
    per_layer = len(inputs) // layers
    found = np.zeros((len(inputs), len(inputs)))
    standard = [_standardised(block) for block in inputs]
    for first in range(0, len(inputs), per_layer):
        for a in range(first, first + per_layer):
            for b in range(first, a):
                found[a, b] = found[b, a] = np.abs(standard[a] @ standard[b].T).mean()
    return found


def _apart(order: Sequence[int], news: News | None, most: int) -> list[int]:
    taken: list[int] = []
    for block in order:
        if len(taken) < most and (news is None or not (news.couplings[block, taken] > TOO_CORRELATED).any()):
            taken.append(block)
    return taken


def _standardised(units: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of mean 0 and norm 1; units that never change are left at 0."""
    centred = units - units.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0))
