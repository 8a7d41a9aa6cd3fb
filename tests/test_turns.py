"""Turns: what is left in the folder is read back as it was, and nothing is read before it is whole."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.spec import DataPartition, Role, Setting
from harness.spec.timings import SMALL
from harness.turns import NOBODY, Answer, Ask, TurnFolder

numbers = st.floats(0, 1e6)
answers = st.builds(
    Answer,
    seconds=numbers,
    cpu_seconds=numbers,
    exchange_seconds=numbers,
    differences=st.lists(numbers, max_size=3).map(tuple),
    travelled=st.lists(numbers, max_size=3).map(tuple),
    checksum=st.integers(0, 2**32 - 1),
    stretches=st.lists(numbers, max_size=3).map(tuple),
    losses=st.lists(numbers, max_size=3).map(tuple),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> TurnFolder:
    return TurnFolder(tmp_path_factory.mktemp("turns"))


@given(st.lists(answers, min_size=1, max_size=3), st.integers(0, 5))
def test_answers_are_read_back(folder: TurnFolder, given_answers: list[Answer], number: int) -> None:
    for path in folder.path.glob("*.answer.*"):
        path.unlink()
    for rank, answer in enumerate(given_answers):
        assert rank not in folder.answers("mpi-2", number, 3)
        folder.answer("mpi-2", number, rank, answer)
    assert folder.answers("mpi-2", number, 3) == dict(enumerate(given_answers))


def test_a_time_that_is_not_known_stays_unknown(folder: TurnFolder) -> None:
    folder.answer("alone", 0, 0, Answer(1.0, 1.0, math.nan, (), (), 0))
    found = folder.answers("alone", 0, 1)[0]
    assert isinstance(found, Answer)
    assert math.isnan(found.exchange_seconds)


def test_why_a_process_failed_is_read_back(folder: TurnFolder) -> None:
    folder.answer("gloo-2", 3, 1, "ValueError: no")
    assert folder.answers("gloo-2", 3, 2) == {1: "ValueError: no"}


@given(
    st.builds(Ask, st.just("w2"), st.just(9), numbers, st.booleans(), st.sampled_from([(), (9,), (1, 9), (1, 2, 9)]))
)
def test_a_turn_is_read_back(folder: TurnFolder, ask: Ask) -> None:
    folder.ask("mpi-4", 7, ask)
    assert folder.asked("mpi-4", 7) == ask
    assert folder.asked("mpi-4", 8) is None
    folder.ask("mpi-4", 9, None)
    assert folder.asked("mpi-4", 9) == NOBODY


@pytest.mark.parametrize("checkpoints", [(0, 9), (1, 8), (3, 2, 9), (3, 3, 9), (1, 10)])
def test_checkpoints_increase_to_the_last_clock(checkpoints: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="increase to 9"):
        Ask("w2", 9, checkpoints=checkpoints)


def test_settings_and_processes_are_read_back(folder: TurnFolder) -> None:
    settings = [Setting(Role.CLAIM, SMALL.training(64), DataPartition(workers), 1) for workers in (1, 2)]
    folder.cast("mpi-2", settings)
    assert folder.settings("mpi-2") == settings
    folder.be_ready("mpi-2", 1, 4711)
    assert folder.ready("mpi-2", 2) == {1: 4711}
