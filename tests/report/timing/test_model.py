"""A model beside what was timed, on a machine that is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from machines import constants_body
from made_rounds import rounds

from harness.planning import Constants, example
from harness.record import BASE_BATCH, EMULATED, Record
from harness.report.timing.model import model
from harness.spec import DataPartition, Framework, PeerPartition, Role, Setting
from harness.spec.timings import AFTER, WARM
from samples import MACHINE

STORED = Constants.of(constants_body(MACHINE))
NET = replace(example((512, 1024, 512), 64), clocks=WARM + 50 + AFTER)


def of(workers: int, *, base: int = 64) -> Record:
    distribution = DataPartition(workers)
    setting = Setting(Role.CLAIM, replace(NET, batch=base * workers), distribution, 9)
    made = rounds(setting, [0.01 * workers] * 9)
    return replace(made, facts=made.facts.model_copy(update={"measured": {EMULATED: 0.0, BASE_BATCH: float(base)}}))


def test_what_grows_with_its_workers_is_modelled_beyond_this_machine() -> None:
    found = model([of(1), of(2)], STORED)
    assert found is not None
    assert [row.workers for row in found.rows] == [1, 2]
    assert "Median error of the model" in found.said
    assert "exchanges under mpi" in found.said
    assert found.base is not None
    assert found.base.setting.distribution == DataPartition(1)
    points = found.beyond()
    alone = [point.speedup for point in points if (point.workers, point.law) == (1, "steady")]
    assert alone == pytest.approx([1.0] * len(alone))
    assert max(point.workers for point in points) == 65_536


@pytest.mark.parametrize(
    ("hours", "said", "again"),
    [((0.5, 1.9), "+0.5 to +1.9", False), ((-3.0, 0.1), "-3.0 to +0.1", True), ((0.0, 2.5), "+0.0 to +2.5", True)],
)
def test_it_is_said_how_far_apart_constants_and_points_were_measured(
    hours: tuple[float, float], said: str, again: bool
) -> None:
    then = datetime.fromisoformat(STORED.measured_at)

    def begun(record: Record, after: float) -> Record:
        started = (then + timedelta(hours=after)).isoformat(timespec="seconds")
        return replace(record, facts=record.facts.model_copy(update={"started": started}))

    found = model([begun(of(1), hours[1]), begun(of(2), hours[0])], STORED)
    assert found is not None
    assert f"points were begun {said} hours from then." in found.said
    assert ("harness plan --measure" in found.said) is again


def test_a_fixed_batch_has_nothing_beyond() -> None:
    setting = Setting(Role.CLAIM, NET, DataPartition(2), 9)
    made = rounds(setting, [0.01] * 9)
    facts = made.facts.model_copy(update={"measured": {EMULATED: 0.0, BASE_BATCH: 64.0}})
    found = model([replace(made, facts=facts)], STORED)
    assert found is not None
    assert found.beyond() == []


def test_of_other_peoples_code_nothing_is_modelled() -> None:
    setting = Setting(Role.CLAIM, NET, PeerPartition(2, Framework.DDP), 9)
    assert model([rounds(setting, [0.01] * 9)], STORED) is None


def test_without_exchanges_that_were_measured_there_is_no_model() -> None:
    assert model([of(1)], replace(STORED, exchanges={})) is None
