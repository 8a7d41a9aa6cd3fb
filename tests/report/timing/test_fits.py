from __future__ import annotations

from dataclasses import replace

import pytest

from harness.record import Record
from harness.report.timing.fits import fits, serial_shares
from harness.report.timing.groups import groups
from harness.report.timing.names import EMULATED, LIMIT, MEASURED
from harness.spec import DataPartition
from harness.stats.scaling import Law, NoFit
from harness.stats.speed import times
from samples import timed, timed_records


def test_laws_are_fitted_to_one_kind_of_points_or_not_at_all() -> None:
    found = fits(groups(timed_records()))
    emulated = {(row.family, row.found.law) for row in found if row.fitted and row.kind == EMULATED}
    assert ("data, BSP", Law.AMDAHL) in emulated
    # The measured T(1) is no emulated point, and three points do not fit it.
    assert ("data, BSP", Law.UNIVERSAL) not in emulated
    assert not any(row.fitted for row in found if row.kind == MEASURED)
    (sentence,) = {
        row.found.reason
        for row in found
        if isinstance(row.found, NoFit) and (row.family, row.kind) == ("data, BSP", MEASURED)
        if row.found.law is Law.AMDAHL
    }
    assert "there are 2 (1, 2)" in sentence
    weak = {row.found.law for row in fits(groups(timed_records(weak=True)))}
    assert weak == {Law.GUSTAFSON, Law.UNIVERSAL}
    assert not any(row.family == LIMIT for row in found)


def test_serial_shares_are_those_of_the_speedups() -> None:
    records = [timed(DataPartition(1), 1.0), timed(DataPartition(2), 0.6)]
    (found,) = serial_shares(groups(records))
    assert isinstance(found.shares, dict)
    speedup = times(records)
    two = next(point for point in speedup.values() if point.setting.distribution.workers == 2)
    assert found.shares[2].value == pytest.approx(2 / two.speedup.median - 1, abs=0.03)
    alone = [replace(r, gaps=without_base(r)) for r in records]
    (found,) = serial_shares(groups(alone))
    assert isinstance(found.shares, dict), "the family's own one rank stands in where the reference was not timed"


def without_base(one: Record) -> object:
    table = one.gaps
    keep = table.layer != "alone"
    return type(table)(**{name: getattr(table, name)[keep] for name in table.__annotations__})
