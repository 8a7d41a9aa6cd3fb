"""Teams that time what is ours, and plain Horovod in the same launch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.engine import ranks, runtime
from harness.engine.model_partition import groups
from harness.engine.ranks import Ranks
from harness.engine.step_times import alone, emulated, real
from harness.engine.timed import tape
from harness.engine.timed.contender import Contender
from harness.engine.timed.peer import Peer, require
from harness.engine.timed.stale import Stale
from harness.engine.timed.synchronous import Emulated, Synchronous
from harness.engine.timing import Loop
from harness.errors import BadInputError
from harness.planning import Partition
from harness.spec import (
    DataPartition,
    Fault,
    Framework,
    ModelPartition,
    PeerPartition,
    Setting,
    StalePartition,
    Training,
)


class Team:
    """Ranks of one launch under Horovod.

    Args:
        settings: all that will be timed, so that every group of ranks that any of them needs is known to Horovod.
        meeting: not used: ranks find each other by their launcher.
    """

    def __init__(self, settings: Iterable[Setting], meeting: Path) -> None:
        del meeting
        wanted = list(settings)
        ranks_here = wanted[0].distribution.ranks
        # A process that has the machine to itself is not bound to a core: with room it would compute on two.
        runtime.limit_threads(1, beside=int(ranks_here > 1))
        divided = [s for s in wanted if isinstance(s.distribution, ModelPartition)]
        sets = {group for s in divided for group in groups(s.distributed_by(ModelPartition), s.training.widths)}
        self._here = ranks.start(ranks_here, sets)
        self.rank, self.size = self._here.rank, self._here.size

    @property
    def ranks(self) -> Ranks:
        """This process among the others, for collectives that belong to no setting."""
        return self._here

    def barrier(self) -> None:
        """Wait for all ranks."""
        self._here.barrier()

    def contender(self, setting: Setting, seconds: float) -> Contender:
        """Get ready for a setting.

        Args:
            setting: training and distribution.
            seconds: to sleep per clock in the place of computing; 0 to compute.

        Returns:
            The contender.

        Raises:
            BadInputError: nobody times settings like that.
        """
        match setting.distribution:
            case StalePartition():
                return Stale(setting.training, setting.distribution, self._here, seconds)
            case PeerPartition(framework=Framework.TAPE):
                require(setting, Framework.TAPE, self.size, seconds)
                return Peer(setting.training, self.size, tape.Replica(setting.training, self._here))
            case DataPartition() | ModelPartition() if seconds:
                return Emulated(setting.training, setting.distribution, self._here, seconds)
            case DataPartition() | ModelPartition():
                made = real(setting.training, setting.distribution, self._here)
                exchange = self._exchange(setting.training, setting.distribution)
                return Synchronous(setting, self._here.rank, made, exchange)
        raise BadInputError("settings of this kind are not timed", where=setting.id)

    def _exchange(self, training: Training, partition: Partition) -> Loop | None:
        """The collectives of a step by themselves."""
        silent = self.size == 1 or partition.fault is Fault.NO_EXCHANGE
        return None if silent else emulated(training, partition, self._here, 0.0)


class Alone:
    """One process without Horovod: the reference, or what one worker of a distribution computes.

    Args:
        settings: not used.
        meeting: not used.
    """

    rank, size = 0, 1

    def __init__(self, settings: Iterable[Setting], meeting: Path) -> None:
        del settings, meeting
        runtime.limit_threads(1)

    def barrier(self) -> None:
        """Nobody to wait for."""

    def contender(self, setting: Setting, seconds: float) -> Contender:
        """Get ready.

        Args:
            setting: undistributed to train as the reference; else what its worker 0 computes is done, and no more.
            seconds: not used.

        Returns:
            The contender.

        Raises:
            BadInputError: nobody times settings like that.
        """
        del seconds
        if not isinstance(setting.distribution, DataPartition | ModelPartition):
            raise BadInputError("what one worker computes is known of synchronous partitions only", where=setting.id)
        return Synchronous(setting, 0, alone(setting.training, setting.distribution), None)
