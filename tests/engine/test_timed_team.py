"""A process that is timed computes on one core, whether it has the machine to itself or not."""

from pathlib import Path

import pytest

from harness.engine import ranks, runtime
from harness.engine.ranks import Ranks
from harness.engine.timed.own import Team
from harness.planning import example
from harness.spec import DataPartition, Role, Setting


@pytest.mark.parametrize(("workers", "beside"), [(1, 0), (2, 1), (16, 1)])
def test_only_ranks_that_exchange_have_room_for_it_beside_a_step(
    workers: int, beside: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(runtime, "limit_threads", lambda threads, beside=0: given.append((threads, beside)))
    monkeypatch.setattr(ranks, "start", lambda expected, groups: Ranks(0, expected))
    setting = Setting(Role.CLAIM, example((16, 16), 16), DataPartition(workers), 1)
    assert Team([setting], Path()).size == workers
    assert given == [(1, beside)]
