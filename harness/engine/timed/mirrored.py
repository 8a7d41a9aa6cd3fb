"""TensorFlow's `MultiWorkerMirroredStrategy`: a custom step under `strategy.run`, one thread per worker."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tensorflow.python.eager import context
from tensorflow.tsl.protobuf.coordination_config_pb2 import CoordinatedJob

from harness.engine import runtime
from harness.engine.runtime import tf
from harness.engine.timed.contender import Contender
from harness.engine.timed.peer import Feed, Peer, require
from harness.engine.timed.places import addresses, place
from harness.engine.timed.plain import CLOCK, PlainNet, PlainReplica
from harness.spec import Framework, Setting, Training

# A worker that is stopped while others have their turn sends no heartbeat, and is not dead.
_HEARTBEAT_MILLISECONDS = 24 * 3600 * 1000
_LEADER = "/job:worker/replica:0/task:0"


class Team:
    """Workers of one cluster on this machine; whoever launched them, gRPC is what they exchange by.

    Args:
        settings: all that will be timed.
        meeting: path that the files begin with by which they find each other.
    """

    def __init__(self, settings: Iterable[Setting], meeting: Path) -> None:
        del settings
        runtime.limit_threads(1)
        self.rank, self.size = place()
        cluster = {"worker": addresses(meeting, self.rank, self.size)}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": self.rank}})
        _be_patient(self.size)
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self._meet = tf.function(self._sum_of_ones, input_signature=[tf.TensorSpec([], tf.int32)], autograph=False)

    def barrier(self) -> None:
        """Wait for all workers."""
        self._meet(tf.constant(1))

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
        require(setting, Framework.MIRRORED, self.size, seconds)
        return Peer(setting.training, self.size, Replica(self._strategy, setting.training, self.rank))

    def _sum_of_ones(self, one: tf.Tensor) -> tf.Tensor:
        # An argument is on no device yet, and only what is on one can be summed.
        return self._strategy.run(lambda: _total([tf.identity(one)])[0])


class Replica(PlainReplica):
    """A net of mirrored variables, whose gradients are summed over the workers in one batch.

    Args:
        strategy: of the cluster.
        training: the net.
        rank: p.
    """

    def __init__(self, strategy: tf.distribute.Strategy, training: Training, rank: int) -> None:
        with strategy.scope():
            super().__init__(PlainNet(training, Feed.of(training, rank, strategy.num_replicas_in_sync)))
        # The sum over workers of Σ/batch is the mean over the batch.
        self._scale, self._step_size = 1 / training.batch, training.step_size.at(0)
        self._step = tf.function(
            lambda clock: strategy.run(self._gradients, (clock,)), input_signature=[CLOCK], autograph=False
        )
        self._exchange = tf.function(lambda: strategy.run(self._sums), input_signature=[], autograph=False)

    def _gradients(self, clock: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = self._net.loss(clock, self._scale)
        gradients = tape.gradient(loss, self._net.variables)
        tf.distribute.get_replica_context().merge_call(self._descend, (gradients,))

    def _descend(self, strategy: tf.distribute.Strategy, gradients: Sequence[tf.Tensor]) -> None:
        """The pattern of an optimizer under a strategy: reduce all gradients at once, update variable by variable."""
        pairs = list(zip(gradients, self._net.variables, strict=True))
        totals = strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)
        for total, variable in zip(totals, self._net.variables, strict=True):
            strategy.extended.update(variable, lambda w, g: w.assign_sub(self._step_size * g), (total,), group=False)

    def _sums(self) -> list[tf.Tensor]:
        totals = _total([variable.read_value() for variable in self._net.variables])
        return [tf.reshape(total, [-1])[0] for total in totals]


def _total(tensors: list[tf.Tensor]) -> list[tf.Tensor]:
    found: list[tf.Tensor] = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tensors)
    return found


def _be_patient(size: int) -> None:
    """Ask for the coordination service that the strategy would ask for, but with a patience of its own."""
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader=_LEADER,
        heartbeat_timeout_in_ms=_HEARTBEAT_MILLISECONDS,
        coordinated_jobs=[CoordinatedJob(name="worker", num_tasks=size)],
    )
