"""Measuring in rounds: a disturbance of some seconds spoils no median."""

from __future__ import annotations

from functools import partial

import pytest

from harness.engine.timing import medians, over


class Machine:
    """Takes ten times as long while it is disturbed, from one measure to another."""

    def __init__(self, disturbed: range) -> None:
        self.measures = 0
        self._disturbed = disturbed

    def measure(self, seconds: float) -> float:
        self.measures += 1
        return seconds * (10 if self.measures - 1 in self._disturbed else 1)


@pytest.mark.parametrize("begin", range(9))
def test_a_disturbance_as_long_as_a_round_spoils_no_median(begin: int) -> None:
    machine = Machine(range(begin, begin + 3))
    measures = [partial(machine.measure, seconds) for seconds in (1.0, 2.0, 3.0)]
    assert medians(measures, 3) == [1.0, 2.0, 3.0]
    assert machine.measures == 9


@pytest.mark.parametrize("begin", range(18))
def test_sizes_of_all_things_are_measured_in_the_same_rounds(begin: int) -> None:
    machine = Machine(range(begin, begin + 6))
    measures = {"once": machine.measure, "twice": lambda size: machine.measure(2 * size)}
    assert over((1, 2, 5), measures, 3) == {"once": [1, 2, 5], "twice": [2, 4, 10]}
