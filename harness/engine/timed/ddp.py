"""PyTorch's `DistributedDataParallel` over Gloo, one thread per rank; the only importer of PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from harness.engine.timed.contender import Arrays, Contender
from harness.engine.timed.peer import Feed, Peer, require
from harness.engine.timed.places import place
from harness.spec import Activation, Framework, Setting, Training

# A team that waits for its turn is stopped meanwhile, maybe between two collectives of its ranks.
_PATIENCE = timedelta(days=1)


class Team:
    """Ranks of one launch; whoever launched them, Gloo is what they exchange by.

    Args:
        settings: all that will be timed.
        meeting: file by which they find each other.
    """

    def __init__(self, settings: Iterable[Setting], meeting: Path) -> None:
        del settings
        torch.set_num_threads(1)
        self.rank, self.size = place()
        if self.size > 1:
            where = meeting.absolute().as_uri()
            dist.init_process_group("gloo", init_method=where, rank=self.rank, world_size=self.size, timeout=_PATIENCE)

    def barrier(self) -> None:
        """Wait for all ranks."""
        if self.size > 1:
            dist.barrier()

    def contender(self, setting: Setting, seconds: float) -> Contender:
        """Get ready for a setting.

        Args:
            setting: training and distribution.
            seconds: must be 0.

        Returns:
            The contender.

        Raises:
            BadInputError: the setting is another team's, or sleep is asked for.
        """
        require(setting, Framework.DDP, self.size, seconds)
        return Peer(setting.training, self.size, Replica(setting.training, self.rank, self.size))


class Replica:
    """A net that is wrapped where it is not alone.

    Args:
        training: the net.
        rank: p.
        size: P.
    """

    def __init__(self, training: Training, rank: int, size: int) -> None:
        feed = Feed.of(training, rank, size)
        self._features, self._labels = torch.from_numpy(feed.features), torch.from_numpy(feed.labels)
        self._ids = torch.from_numpy(feed.ids)
        self._bare = _dense(training)
        self._net = DistributedDataParallel(self._bare) if size > 1 else self._bare
        self._optimizer = torch.optim.SGD(self._net.parameters(), lr=training.step_size.at(0))
        # The mean over workers of P/batch · Σ is the mean over the batch, equal shares or not.
        self._scale = size / training.batch
        self._buckets: list[torch.Tensor] = []

    def put(self, weights: Arrays) -> None:
        """Start from given weights.

        Args:
            weights: W_1, b_1, W_2, …
        """
        with torch.no_grad():
            for parameter, array in zip(self._bare.parameters(), weights, strict=True):
                parameter.copy_(torch.from_numpy(array.T))

    def get(self) -> Arrays:
        """What the weights are now.

        Returns:
            W_1, b_1, W_2, …
        """
        return [parameter.detach().numpy().T.copy() for parameter in self._bare.parameters()]

    def step(self, clock: int) -> None:
        """Make one clock.

        Args:
            clock: c.
        """
        self._optimizer.zero_grad()
        self._loss(self._net, clock).backward()
        self._optimizer.step()

    def exchange(self) -> None:
        """Sum tensors of the sizes of the buckets that gradients travel in."""
        self._buckets = self._buckets or [torch.zeros(size) for size in self._bucket_sizes()]
        for work in [dist.all_reduce(bucket, async_op=True) for bucket in self._buckets]:
            work.wait()

    def _loss(self, net: nn.Module, clock: int) -> torch.Tensor:
        ids = self._ids[clock]
        logits = net(self._features[ids])
        return self._scale * nn.functional.cross_entropy(logits, self._labels[ids], reduction="sum")

    def _bucket_sizes(self) -> list[int]:
        """Seen on a copy of the net; the first backward pass decides how the second is divided."""
        sizes: list[int] = []

        def note(bucket: dist.GradBucket) -> torch.futures.Future[torch.Tensor]:
            sizes.append(bucket.buffer().numel())
            done = torch.futures.Future()
            done.set_result(bucket.buffer())
            return done

        twin = DistributedDataParallel(copy.deepcopy(self._bare))
        # Annotated hooks are refused where annotations are text.
        twin.register_comm_hook(None, lambda state, bucket: note(bucket))
        for _ in range(2):
            sizes.clear()
            self._loss(twin, 0).backward()
        return sizes


def _dense(training: Training) -> nn.Sequential:
    activation = nn.ReLU if training.activation is Activation.RELU else nn.Tanh
    layers = [layer for pair in pairwise(training.widths) for layer in (nn.Linear(*pair), activation())]
    return nn.Sequential(*layers[:-1])
