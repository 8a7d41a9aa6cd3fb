from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.spec import Activation, DataPartition, Fault, Precision, Role, SeedBlock, Setting, Tolerance, Training

trainings = st.builds(
    Training,
    data=st.sampled_from(["digits", "mnist5k", "teacher"]),
    widths=st.lists(st.integers(1, 5000), min_size=2, max_size=6).map(tuple),
    batch=st.integers(64, 4096),
    clocks=st.integers(1, 10**6),
    step_size=st.floats(1e-9, 1e3, allow_nan=False),
    activation=st.sampled_from(Activation),
    precision=st.sampled_from(Precision),
    checkpoints=st.integers(1, 40),
    decay=st.sampled_from([0.0, 0.5, 0.75, 1e-05, 1.0]),
)
partitions = st.builds(DataPartition, workers=st.integers(1, 64), fault=st.sampled_from(Fault))


@given(trainings, partitions)
def test_names_are_built_from_parameters_and_read_back(training: Training, partition: DataPartition) -> None:
    role = Role.CLAIM if partition.fault is Fault.NONE else Role.CONTROL
    setting = Setting(role, training, partition, 5)
    assert Setting.parse(setting.id, 5) == setting


@pytest.mark.parametrize(
    "name", ["", "digits", "digits-64x10-tanh-b8-c9-eta0.1", "digits-64x10-tanh-b8-c9-eta0.1-w2-magic"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="is no name of a"):
        Setting.parse(name, 1)


def test_parameters_are_counted_with_biases() -> None:
    assert Training("digits", (64, 32, 10), 32, 10, 0.1).parameters == 64 * 32 + 32 + 32 * 10 + 10


@pytest.mark.parametrize("workers", [0, -1])
def test_no_worker_is_refused(workers: int) -> None:
    with pytest.raises(BadInputError, match="workers cannot train"):
        DataPartition(workers)


def test_more_workers_than_examples_are_refused() -> None:
    training = Training("digits", (64, 10), 4, 10, 0.1)
    with pytest.raises(BadInputError, match="5 workers cannot share 4 examples"):
        Setting(Role.CLAIM, training, DataPartition(5), 1)


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (64,)},
        {"widths": (64, 0)},
        {"batch": 0},
        {"clocks": 0},
        {"checkpoints": 0},
        {"step_size": 0.0},
        {"step_size": float("nan")},
        {"decay": -0.1},
        {"decay": 1.5},
    ],
)
def test_training_out_of_range_is_refused(change: dict[str, object]) -> None:
    good: dict[str, object] = {"data": "digits", "widths": (64, 10), "batch": 8, "clocks": 4, "step_size": 0.1}
    with pytest.raises(BadInputError):
        Training(**(good | change))  # type: ignore[arg-type]


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
