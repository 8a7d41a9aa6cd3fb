from __future__ import annotations

import numpy as np

from harness.store import Store


def test_part_is_complete_when_every_rank_has_left_its_arrays(store: Store) -> None:
    part = store.part("suite", "c0de", "distributed/x", 2)
    part.clear()
    part.save(0, {"a": np.arange(3)})
    assert not part.complete
    part.beat(1)
    assert list(part.last_beats()) == [1]
    part.save(1, {"a": np.arange(4)})
    assert part.complete
    assert part.last_beats() == {}
    assert [len(arrays["a"]) for arrays in part.load()] == [3, 4]
    part.fail(1, "reason")
    assert part.failures() == {1: "reason"}
    part.clear()
    assert not part.complete
    assert part.failures() == {}


def test_parts_of_other_code_are_not_seen(store: Store) -> None:
    old, new = (store.part("suite", code * 20, "x", 1) for code in "ab")
    old.clear()
    old.save(0, {"a": np.arange(3)})
    assert old.complete
    assert not new.complete
