from __future__ import annotations

from harness.report.timing.names import EMULATED, LIMIT, MEASURED, family
from harness.report.timing.rows import table
from harness.spec import DataPartition, Fault
from harness.stats.speed import ratio, times
from samples import ROUNDS, timed, timed_records


def test_rows_hold_what_was_timed() -> None:
    records = timed_records()
    rows = {row.setting.id: row for row in table(records)}
    known = {point.setting.id: point for point in times(records).values()}
    assert rows.keys() == known.keys()
    limits = {row.setting.distribution.workers: row for row in rows.values() if family(row.setting) == LIMIT}
    for row in rows.values():
        workers = row.setting.distribution.workers
        assert row.kind == (EMULATED if workers > 2 else MEASURED)
        assert row.sanity == (None if workers > 2 else 0.7 if family(row.setting) == LIMIT else 1e-6)
        assert row.speedup == known[row.setting.id].speedup
        assert row.base is not None
        assert row.base.rounds == ROUNDS
        if workers == 1:
            assert row.of_limit is None
        else:
            assert row.of_limit == ratio(limits[workers].point.step, row.point.step)
    assert rows[limits[2].setting.id].of_limit.median == 1


def test_numbers_of_unshared_rounds_are_not_compared() -> None:
    early = timed(DataPartition(2, Fault.NO_EXCHANGE), 0.5, rounds=range(4))
    late = timed(DataPartition(2), 0.5, rounds=range(4, 8))
    assert table([early, late])[1].of_limit is None
