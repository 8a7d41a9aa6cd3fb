"""What a distribution is chosen from."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """An assumption broken on purpose, for negative controls.

    After `none`, three break a data partition, the first of them any partition; the next three break a model partition
    and `unscaled` its schedule; the others break one rule each of stale synchronous parallel.
    """

    NONE = "none"
    NO_EXCHANGE = "no-exchange"
    SUM_FOR_MEAN = "sum-for-mean"
    SAME_SHARD = "same-shard"
    BIAS_PER_WORKER = "bias-per-worker"
    NO_BACKWARD_SUM = "no-backward-sum"
    GRADIENT_PER_WORKER = "gradient-per-worker"
    UNSCALED = "unscaled"
    TOO_STALE = "too-stale"
    FORGETS_OWN = "forgets-own"
    FALLS_BACK = "falls-back"
    FROM_FUTURE = "from-future"
    LOSES_ONE = "loses-one"


class Transport(StrEnum):
    """How updates travel: each by itself as soon as it is made, or one sum per clock with up to s in flight."""

    EAGER = "eager"
    PIPELINED = "pipelined"


class Controller(StrEnum):
    """What carries Horovod's messages; `any` is whatever the launch chooses."""

    ANY = "any"
    MPI = "mpi"
    GLOO = "gloo"


class Stragglers(StrEnum):
    """Compute time that is added to each clock of each worker, drawn from the seed."""

    NONE = "none"
    LOGNORMAL = "lognormal"
    PAUSES = "pauses"
    SLOW_RANK = "slow-rank"


class Delays(StrEnum):
    """How late the updates of another worker are seen, in clocks, under the virtual executor."""

    NONE = "fresh"
    UNIFORM = "uniform"
    GEOMETRIC = "geometric"
    STRAGGLER = "straggler"
    LATEST = "latest"


class Framework(StrEnum):
    """Whose data partition a peer is: Horovod's plain tape, PyTorch's DDP, TensorFlow's MultiWorkerMirroredStrategy."""

    TAPE = "tape"
    DDP = "ddp"
    MIRRORED = "mirrored"

    @property
    def words(self) -> str:
        """Name for people."""
        names = {"tape": "Horovod DistributedGradientTape", "ddp": "PyTorch DDP"}
        return names.get(self.value, "TensorFlow MultiWorkerMirroredStrategy")


class Layout(StrEnum):
    """How the weights of every layer are divided: by units, by inputs, or in blocks of inputs × units.

    Blocks are transposed from layer to layer, so that one sum per layer is all that is exchanged; `alternate` is the
    grid of one row, which divides units and inputs in turn.
    """

    NEURON = "neuron"
    WEIGHT = "weight"
    ALTERNATE = "alternate"
    GRID = "grid"


class Policy(StrEnum):
    """Which blocks are updated at a clock; all but the first choose one per worker, or half of a single layer.

    `strads` is `priority` with a check: blocks whose inputs are too correlated are not updated together.
    """

    ALL = "all"
    ROUND_ROBIN = "round-robin"
    RANDOM = "random"
    PRIORITY = "priority"
    STRADS = "strads"
