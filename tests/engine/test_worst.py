from __future__ import annotations

import json

import numpy as np
import pytest

from harness.engine import reference
from harness.engine.gaps import ALL, relative
from harness.engine.replay import replay
from harness.engine.worst import Worst, search
from harness.errors import BadInputError
from harness.history import check
from harness.spec import Delays, StepSize, Training
from harness.verdict import Word

TRAINING = Training(data="teacher", widths=(64, 4, 10), batch=8, clocks=16, step_size=StepSize(0.3), checkpoints=3)


@pytest.fixture(scope="module")
def worst() -> Worst:
    return search(TRAINING, workers=2, staleness=2, examples=40, seed=4)


def test_the_worst_schedule_is_worse_than_random_ones_and_than_the_latest(worst: Worst) -> None:
    assert len(worst.random) == 40
    assert worst.gap > worst.largest_random >= worst.median_random > 0
    assert worst.gap > worst.laws[Delays.LATEST] > worst.laws[Delays.NONE]


def test_a_stored_schedule_is_legal_and_replayed_to_the_same_gap(worst: Worst) -> None:
    events = [json.loads(line) for line in map(json.dumps, worst.history())]
    assert check(events).verdict is Word.SUPPORTED
    replayed = replay(TRAINING, range(4, 5), events).trajectory
    gap = relative(replayed, reference.train(TRAINING, range(4, 5)))[ALL][0, -1]
    assert gap == pytest.approx(worst.gap, rel=1e-10)


def test_a_search_can_be_repeated(worst: Worst) -> None:
    again = search(TRAINING, workers=2, staleness=2, examples=40, seed=4)
    assert again.gap == worst.gap
    np.testing.assert_array_equal(again.views, worst.views)


@pytest.mark.parametrize(("workers", "staleness", "examples"), [(1, 2, 9), (2, 0, 9), (2, 2, 0)])
def test_nothing_to_search(workers: int, staleness: int, examples: int) -> None:
    with pytest.raises(BadInputError, match="leave nothing to search"):
        search(TRAINING, workers, staleness, examples, 0)
