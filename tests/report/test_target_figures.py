"""Figures of the time to a quality: what they draw is said of every line, as the rules of reports want it."""

from __future__ import annotations

import numpy as np

from harness import registry
from harness.report.drawn import BOUND, read
from harness.report.sheet import to_png
from harness.report.target import losses_against_seconds
from harness.report.timing.names import MEASURED, is_limit
from harness.stats.target import Courses, Raced

CHECKPOINTS = np.array([10, 20, 40])


def raced() -> list[Raced]:
    rounds = np.linspace(1.0, 1.1, 9)[:, None]
    courses = Courses(CHECKPOINTS, rounds * CHECKPOINTS, 1 / (rounds * CHECKPOINTS), 30 * rounds[:, 0], rounds[:, 0])
    return [Raced(setting, 0.03, courses, courses) for setting in registry.load("time_to_target").settings]


def test_courses_are_measured_and_who_exchanges_nothing_is_a_bound() -> None:
    found = raced()
    lines = [line for line in read(to_png(losses_against_seconds(found, title="by hand"))) or [] if line.joined]
    bounds = [line for line in lines if line.kind == BOUND]
    assert {line.kind for line in lines} == {BOUND, MEASURED}
    assert {line.series for line in bounds} == {"no exchange"}
    assert len(bounds) == sum(is_limit(one.setting) for one in found)
    assert all(line.between for line in lines)
