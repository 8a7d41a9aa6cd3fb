from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.record import Facts
from harness.spec import (
    Activation,
    Controller,
    DataPartition,
    Delays,
    Distribution,
    Fault,
    Framework,
    Layout,
    ModelPartition,
    Optimizer,
    PeerPartition,
    Policy,
    Precision,
    Regularisation,
    Role,
    ScheduledPartition,
    SeedBlock,
    Setting,
    StalePartition,
    StepSize,
    Stragglers,
    Tolerance,
    Training,
    Transport,
    VirtualPartition,
)
from harness.spec.requirements import OF_DATA, OF_MODEL, OF_TABLE
from samples import record

trainings = st.builds(
    Training,
    data=st.sampled_from(["digits", "mnist5k", "teacher"]),
    widths=st.lists(st.integers(1, 5000), min_size=2, max_size=6).map(tuple),
    batch=st.integers(64, 4096),
    clocks=st.integers(1, 10**6),
    step_size=st.builds(
        StepSize,
        initial=st.floats(1e-9, 1e3, allow_nan=False),
        power=st.sampled_from([0.0, 0.5, 0.75, 1e-05, 1.0]),
        drops=st.lists(st.integers(1, 10**6), max_size=3, unique=True).map(lambda clocks: tuple(sorted(clocks))),
    ),
    activation=st.sampled_from(Activation),
    precision=st.sampled_from(Precision),
    checkpoints=st.integers(1, 40),
    optimizer=st.sampled_from(Optimizer),
    regularisation=st.builds(
        Regularisation,
        l1=st.sampled_from([0.0, 1e-05]),
        l2=st.sampled_from([0.0, 0.03, 1.0]),
        dropout=st.sampled_from([0.0, 0.5]),
    ),
    summed=st.integers(1, 9),
    clip=st.sampled_from([0.0, 0.5]),
)
workers, staleness = st.integers(1, 64), st.integers(0, 99).map(float)
common = st.sampled_from((Fault.NONE, *OF_DATA))


def _model_partition(layout: Layout, groups: int, rows: int, columns: int, fault: Fault) -> ModelPartition:
    rows = rows if layout is Layout.GRID else 1
    fault = Fault.NO_EXCHANGE if layout in (Layout.NEURON, Layout.WEIGHT) else fault
    return ModelPartition(groups * rows * columns, layout, groups, rows, fault)


partitions = st.one_of(
    st.builds(DataPartition, workers=workers, fault=common),
    st.builds(
        StalePartition,
        workers=workers,
        staleness=staleness | st.just(inf),
        transport=st.sampled_from(Transport),
        controller=st.sampled_from(Controller),
        stragglers=st.sampled_from(Stragglers),
        fault=st.sampled_from((Fault.NONE, *OF_DATA, *OF_TABLE)),
    ),
    st.builds(VirtualPartition, workers=workers, staleness=staleness, delays=st.sampled_from(Delays), fault=common),
    st.builds(
        ScheduledPartition,
        workers=workers,
        layout=st.sampled_from((Layout.NEURON, Layout.WEIGHT)),
        policy=st.sampled_from(Policy),
        staleness=st.integers(0, 99),
        delays=st.sampled_from(Delays) | st.none(),
        fault=st.sampled_from((Fault.NONE, Fault.NO_EXCHANGE)),
    ),
    st.builds(_model_partition, st.sampled_from(Layout), *[st.integers(1, 4)] * 3, st.sampled_from(OF_MODEL)),
    st.builds(
        PeerPartition, workers=workers, framework=st.just(Framework.TAPE), controller=st.sampled_from(Controller)
    ),
    st.builds(PeerPartition, workers=workers, framework=st.sampled_from(Framework)),
)


def fits(training: Training, partition: Distribution) -> bool:
    try:
        partition.require(training)
    except BadInputError:
        return False
    return True


@given(trainings, partitions)
def test_names_are_built_from_parameters_and_read_back(training: Training, partition: Distribution) -> None:
    role = Role.CLAIM if partition.fault is Fault.NONE else Role.CONTROL
    assume(fits(training, partition))
    setting = Setting(role, training, partition, 5)
    assert Setting.parse(setting.id, 5) == setting


@given(partitions)
def test_a_fault_stands_last_in_name_and_label(partition: Distribution) -> None:
    assume(partition.fault is not Fault.NONE and not isinstance(partition, PeerPartition))
    sound = replace(partition, fault=Fault.NONE)
    assert partition.id == f"{sound.id}-{partition.fault}"
    assert partition.label == f"{sound.label}, {partition.fault}"


@given(partitions)
def test_a_stored_distribution_is_read_back_as_what_it_was(partition: Distribution) -> None:
    training = Training("digits", (64, 64), 64, 10, StepSize(0.1), precision=Precision.FLOAT32)
    assume(fits(training, partition))
    point = Setting(Role.CLAIM, training, partition, 1)
    facts = record(point, np.ones((1, 3))).facts
    stored = json.dumps(json.loads(facts.model_dump_json()), allow_nan=False)
    assert Facts.model_validate_json(stored) == facts


@pytest.mark.parametrize(
    "name", ["", "digits", "digits-64x10-tanh-b8-c9-eta0.1", "digits-64x10-tanh-b8-c9-eta0.1-w2-magic"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="is no name of a"):
        Setting.parse(name, 1)


def test_parameters_are_counted_with_biases() -> None:
    assert Training("digits", (64, 32, 10), 32, 10, StepSize(0.1)).parameters == 64 * 32 + 32 + 32 * 10 + 10


@pytest.mark.parametrize("workers", [0, -1])
def test_no_worker_is_refused(workers: int) -> None:
    with pytest.raises(BadInputError, match="workers cannot train"):
        DataPartition(workers)


def test_more_workers_than_examples_are_refused() -> None:
    training = Training("digits", (64, 10), 4, 10, StepSize(0.1))
    with pytest.raises(BadInputError, match="5 workers cannot share 4 examples"):
        Setting(Role.CLAIM, training, DataPartition(5), 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("w4-d3-neuron", "4 workers are not D = 3 groups"),
        ("w6-grid2x2", "6 workers of a group do not form 2 × 2"),
        ("w4-grid3x1", "4 workers of a group do not form 3 rows"),
        ("w2-d4-weight", "2 workers are not D = 4 groups"),
        ("w11-neuron", "11 workers cannot share a layer of 10 units"),
        ("w12-grid1x12", "12 workers cannot share a layer of 10 units"),
        ("w8-d8-neuron", "8 workers cannot share 4 examples"),
        ("w2-neuron-too-stale", "too-stale does not break a neuron partition"),
        ("w2-alternate-random-s0", "layout alternate cannot be run"),
        ("w2-neuron-all-s0-unscaled", "nothing to scale"),
        ("w11-neuron-random-s0", "11 workers cannot share a layer of 10 units"),
        ("w2-neuron-random-s0-same-shard", "same-shard does not break a scheduled partition"),
        ("w2-neuron-bias-per-worker", "bias-per-worker does not break a neuron partition"),
        ("w2-weight-no-backward-sum", "no-backward-sum does not break a weight partition"),
        ("w2-bias-per-worker", "bias-per-worker does not break a data partition"),
        ("w2-s1-eager-bias-per-worker", "bias-per-worker does not break a partition under a table"),
    ],
)
def test_what_does_not_divide_is_refused(name: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        Setting.parse(f"digits-64x32x10-tanh-b4-c9-eta0.1-{name}", 1)


@pytest.mark.parametrize(
    "name", ["w2-tape", "w2-tape-mpi", "w2-tape-gloo", "w2-ddp", "w2-mirrored", "w1-ddp", "w64-mirrored"]
)
def test_peers_are_read_back(name: str) -> None:
    assert Setting.parse(f"digits-64x10-relu-b64-c9-eta0.1-float32-{name}", 1).distribution.id == name


def test_a_controller_is_refused_where_there_is_none() -> None:
    with pytest.raises(BadInputError, match="ddp has no controller gloo"):
        PeerPartition(2, Framework.DDP, Controller.GLOO)


@pytest.mark.parametrize(
    "change",
    [
        {"precision": Precision.FLOAT64},
        {"optimizer": Optimizer.ADAM},
        {"regularisation": Regularisation(l2=0.1)},
        {"regularisation": Regularisation(dropout=0.1)},
        {"step_size": StepSize(0.1, power=0.5)},
        {"step_size": StepSize(0.1, drops=(5,))},
        {"summed": 2},
        {"clip": 0.5},
    ],
)
def test_peers_make_plain_steps_only(change: dict[str, Any]) -> None:
    plain = Training("digits", (64, 10), 64, 9, StepSize(0.1), precision=Precision.FLOAT32)
    PeerPartition(2, Framework.DDP).require(plain)
    with pytest.raises(BadInputError, match="plain steps in float32"):
        PeerPartition(2, Framework.DDP).require(replace(plain, **change))


@pytest.mark.parametrize("name", ["w2-s1-eager", "w2-s1-virtual-uniform"])
def test_a_table_does_not_clip(name: str) -> None:
    with pytest.raises(BadInputError, match="cannot be clipped"):
        Setting.parse(f"digits-64x32x10-tanh-b4-c9-eta0.1-clip0.5-{name}", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (64,)},
        {"widths": (64, 0)},
        {"batch": 0},
        {"clocks": 0},
        {"checkpoints": 0},
        {"summed": 0},
        {"clip": -1.0},
    ],
)
def test_training_out_of_range_is_refused(change: dict[str, object]) -> None:
    good: dict[str, object] = {
        "data": "digits",
        "widths": (64, 10),
        "batch": 8,
        "clocks": 4,
        "step_size": StepSize(0.1),
    }
    with pytest.raises(BadInputError):
        Training(**(good | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"initial": 0.0},
        {"initial": float("nan")},
        {"power": -0.1},
        {"power": 1.5},
        {"tau": 0.0},
        {"drops": (5, 4)},
        {"drops": (0,)},
    ],
)
def test_step_sizes_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadInputError, match="step size"):
        StepSize(**({"initial": 0.1} | change))  # type: ignore[arg-type]


def test_step_sizes_follow_their_schedule() -> None:
    schedule = StepSize(0.5, power=0.75, tau=50.0, drops=(10, 20))
    assert schedule.at(0) == 0.5
    assert schedule.at(10) == pytest.approx(0.05 / 1.2**0.75)
    assert schedule.at(20) == pytest.approx(0.005 / 1.4**0.75)


@pytest.mark.parametrize("change", [{"l1": -1.0}, {"l2": float("nan")}, {"dropout": 1.0}])
def test_regularisation_out_of_range_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadInputError, match="regularisation"):
        Regularisation(**change)


@pytest.mark.parametrize("staleness", [-1, 1.5, float("nan")])
def test_staleness_out_of_range_is_refused(staleness: float) -> None:
    for kind in (StalePartition, VirtualPartition):
        with pytest.raises(BadInputError, match="is not a whole number from 0, or inf"):
            kind(2, staleness)
    with pytest.raises(BadInputError, match="cannot be simulated"):
        VirtualPartition(2, inf)


def test_faults_of_a_table_are_refused_where_there_is_none() -> None:
    for make in (lambda: DataPartition(2, Fault.TOO_STALE), lambda: VirtualPartition(2, 3, fault=Fault.LOSES_ONE)):
        with pytest.raises(BadInputError, match="does not break a"):
            make()


def test_replicates_that_share_a_schedule_come_in_small_blocks() -> None:
    training = Training("digits", (64, 10), 8, 10, StepSize(0.1))
    stale = Setting(Role.CLAIM, training, StalePartition(2, 3), 20)
    assert [block.id for block in stale.blocks] == ["seeds-0-7", "seeds-8-15", "seeds-16-19"]
    assert len(Setting(Role.CLAIM, training, DataPartition(2), 20).blocks) == 1


@pytest.mark.parametrize(
    "change", [{"epsilon": 0.0}, {"delta": 0.0}, {"delta": 1.0}, {"alpha": -1.0}, {"noise": 0.0}, {"natural": -1.0}]
)
def test_tolerance_out_of_range_is_refused(change: dict[str, float]) -> None:
    good = {"epsilon": 1.0, "delta": 0.1, "alpha": 0.05, "noise": 1e-3, "natural": 2.0}
    with pytest.raises(BadInputError, match=next(iter(change))):
        Tolerance(**(good | change), throughout=False, margins=(), derivation="")
    assert (
        "1e+03 times the float noise and 0.5 times"
        in Tolerance(**good, throughout=False, margins=(), derivation="").scales
    )


@given(st.integers(0, 10**6), st.integers(1, 10**4))
def test_seed_block_is_read_back(first: int, count: int) -> None:
    assert SeedBlock.parse(f"{first}:{count}") == SeedBlock(first, count)


@pytest.mark.parametrize("text", ["", "5", "a:b", "0:0", "-1:3"])
def test_other_seed_blocks_are_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="FIRST:COUNT"):
        SeedBlock.parse(text)
