"""Plain Horovod: `DistributedGradientTape` in one compiled function per clock."""

from __future__ import annotations

import horovod.tensorflow as hvd

from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.timed.peer import Feed
from harness.engine.timed.plain import CLOCK, PlainNet, PlainReplica
from harness.spec import Training


class Replica(PlainReplica):
    """A net whose gradients the tape averages over the ranks, one allreduce per tensor.

    Args:
        training: the net.
        here: this process among the workers.

    References:
        sergeev2018
    """

    def __init__(self, training: Training, here: Ranks) -> None:
        super().__init__(PlainNet(training, Feed.of(training, here.rank, here.size)))
        # The mean over workers of P/batch · Σ is the mean over the batch, equal shares or not.
        self._scale, self._step_size = here.size / training.batch, training.step_size.at(0)
        self._step = tf.function(self._descend, input_signature=[CLOCK], autograph=False)
        self._exchange = tf.function(self._average, input_signature=[], autograph=False)

    def _descend(self, clock: tf.Tensor) -> None:
        with hvd.DistributedGradientTape(tf.GradientTape(), op=hvd.Average) as tape:
            loss = self._net.loss(clock, self._scale)
        for variable, gradient in zip(self._net.variables, tape.gradient(loss, self._net.variables), strict=True):
            variable.assign_sub(self._step_size * gradient)

    def _average(self) -> list[tf.Tensor]:
        """TensorFlow drops a collective that nobody reads: a number of each result is read."""
        sent = enumerate(variable.read_value() for variable in self._net.variables)
        means = [hvd.allreduce(tensor, op=hvd.Average, name=f"exchange.{at}") for at, tensor in sent]
        return [tf.reshape(mean, [-1])[0] for mean in means]
