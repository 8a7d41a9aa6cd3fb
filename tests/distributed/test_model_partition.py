"""Model partition on real ranks: every layout and optimizer against the reference, its traffic, and bad input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.engine import reference
from harness.engine.assembly import assembled
from harness.engine.gaps import relative
from harness.engine.trajectory import Trajectory
from harness.layout import copies, messages
from harness.measure import launch
from harness.measure.launch import Hosts, Launcher
from harness.spec import (
    Activation,
    Layout,
    ModelPartition,
    Optimizer,
    Precision,
    Regularisation,
    StepSize,
    Training,
)

pytestmark = pytest.mark.distributed
PLAIN = Training("digits", (64, 13, 7, 10), 9, 20, StepSize(0.1), checkpoints=3)
EVERYTHING = replace(
    PLAIN,
    optimizer=Optimizer.ADAM,
    activation=Activation.RELU,
    regularisation=Regularisation(l1=1e-4, l2=0.01, dropout=0.2),
    summed=2,
    clip=0.5,
)
MOMENTUM = replace(PLAIN, optimizer=Optimizer.MOMENTUM, clip=0.5)
CASES = [
    *((PLAIN, ModelPartition(4, layout)) for layout in list(Layout)[:3]),
    (PLAIN, ModelPartition(4, Layout.GRID, rows=2)),
    (MOMENTUM, ModelPartition(4, Layout.WEIGHT)),
    (EVERYTHING, ModelPartition(4, Layout.NEURON)),
    (EVERYTHING, ModelPartition(4, Layout.GRID, rows=2)),
    (EVERYTHING, ModelPartition(4, Layout.ALTERNATE, groups=2)),
    (EVERYTHING, ModelPartition(4, Layout.WEIGHT, groups=2)),
]

PROGRAM = """
import sys
import numpy as np
from harness.engine import model_partition, ranks, runtime
from test_model_partition import CASES
runtime.limit_threads(1)
here = ranks.start(4, {g for training, partition in CASES for g in model_partition.groups(partition, training.widths)})
for number in map(int, sys.argv[2].split(",")):
    training, partition = CASES[number]
    made = model_partition.train(training, range(3), partition, here)
    arrays = made.trajectory.to_arrays("partition") | {"held": made.held_bytes}
    arrays |= {f"sent/{name}": count for name, count in made.sent.items()}
    np.savez(f"{sys.argv[1]}/{number}.{here.rank}.npz", **arrays)
here.gather(np.zeros(1, np.int64))
"""

DISAGREE = """
from harness.engine import model_partition
from harness.errors import BadInputError
from harness.spec import Layout, ModelPartition
from test_model_partition import PLAIN
import os
from dataclasses import replace
widths = (64, 13, 7 + int(os.environ["OMPI_COMM_WORLD_RANK"]), 10)
try:
    model_partition.join(replace(PLAIN, widths=widths), ModelPartition(2, Layout.NEURON))
except BadInputError as error:
    print("rank says", error, flush=True)
"""


def launched(
    folder: Path, program: str, ranks: int, launcher: Launcher = Launcher.MPI, cases: Sequence[int] = (0,)
) -> str:
    """Output of a program on some ranks."""
    (folder / "program.py").write_text(f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{program}")
    words = launch.launch_line(
        launcher, ranks, Hosts(), [sys.executable, str(folder / "program.py"), str(folder), ",".join(map(str, cases))]
    )
    launch.execute(words, log=folder / "log", mark=str(folder), time_limit=400)
    return (folder / "log").read_text()


@pytest.mark.parametrize(
    ("launcher", "cases"), [(Launcher.MPI, range(len(CASES))), (Launcher.GLOO, (2, 3, len(CASES) - 1))]
)
def test_every_layout_computes_what_one_process_computes(
    tmp_path: Path, launcher: Launcher, cases: Sequence[int]
) -> None:
    launched(tmp_path, PROGRAM, 4, launcher, cases)
    for number in cases:
        training, partition = CASES[number]
        loaded = [dict(np.load(tmp_path / f"{number}.{rank}.npz")) for rank in range(4)]
        shares = [Trajectory.from_arrays(arrays, "partition") for arrays in loaded]
        expected = reference.train(training, range(3))
        for first in range(0, 4, partition.members):
            for copy in range(copies(partition, training.widths)):
                group = shares[first : first + partition.members]
                found = assembled(partition, training.widths, group, copy)
                assert relative(found, expected)["all"].max() < 1e-12, partition.id
        for rank, arrays in enumerate(loaded):
            sent = {key.removeprefix("sent/"): int(n) for key, n in arrays.items() if key.startswith("sent/")}
            assert sent == {m.name: m.handed for m in messages(partition, training, rank, replicates=3)}, partition.id
        kept = 3 if training.optimizer is Optimizer.ADAM else 2 if training.optimizer is Optimizer.MOMENTUM else 1
        whole = 8 * 3 * kept * training.parameters
        assert max(int(arrays["held"]) for arrays in loaded) < 1.35 * whole / partition.members


def test_ranks_that_disagree_on_widths_say_so_before_training(tmp_path: Path) -> None:
    said = [line for line in launched(tmp_path, DISAGREE, 2).splitlines() if line.startswith("rank says")]
    assert len(said) == 2
    assert all("layer 2: tensor 3 is (13, " in line and "use the same widths" in line for line in said)


def test_single_precision_stays_single(tmp_path: Path) -> None:
    program = PROGRAM.replace("import CASES", "import SINGLE as CASES").replace("start(4", "start(2")
    launched(tmp_path, program, 2)
    ((training, _),) = SINGLE
    shares = [int(dict(np.load(tmp_path / f"0.{rank}.npz"))["held"]) for rank in range(2)]
    assert sum(shares) == 4 * 3 * training.parameters


SINGLE = [(replace(PLAIN, precision=Precision.FLOAT32), ModelPartition(2, Layout.NEURON))]
