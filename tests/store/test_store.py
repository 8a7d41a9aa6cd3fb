from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import BadInputError, DamagedError
from harness.spec import SeedBlock, StepSize
from harness.store import GAPS, RECORD, Store, write_text
from samples import record, setting

POINT = setting(2)
GAPS_OF_3 = np.array([[1e-15, 0.0], [np.inf, 1.0], [3.0, 2.0]])


def test_record_comes_back_as_it_was(store: Store) -> None:
    made = record(POINT, GAPS_OF_3)
    store.save(made)
    (read,) = store.records("data_partition_bsp")
    assert read.facts == made.facts
    for name in made.gaps.__annotations__:
        np.testing.assert_array_equal(getattr(read.gaps, name), getattr(made.gaps, name))


def test_records_never_change(store: Store) -> None:
    store.save(record(POINT, GAPS_OF_3))
    with pytest.raises(BadInputError, match="records never change"):
        store.save(record(POINT, 2 * GAPS_OF_3))


def test_nothing_else_is_left_beside_a_record(store: Store) -> None:
    folder = store.save(record(POINT, GAPS_OF_3))
    assert sorted(path.name for path in folder.iterdir()) == [GAPS, RECORD]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.sampled_from([RECORD, GAPS]), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, file: str, place: float, change: int
) -> None:
    store = Store(tmp_path_factory.mktemp("results"))
    path = store.save(record(POINT, GAPS_OF_3)) / file
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= change
    path.write_bytes(content)
    try:
        (read,) = store.records("data_partition_bsp")
    except BadInputError as error:
        assert str(path.parent) in str(error)
    else:  # white space of the JSON may change without changing what it says
        assert file == RECORD
        assert read.facts == record(POINT, GAPS_OF_3).facts


@pytest.mark.parametrize("file", [RECORD, GAPS])
def test_truncated_and_missing_files_are_damage(store: Store, file: str) -> None:
    folder = store.save(record(POINT, GAPS_OF_3))
    (folder / file).write_bytes((folder / file).read_bytes()[:-5])
    with pytest.raises(DamagedError, match="sets it aside"):
        store.records("data_partition_bsp")
    with pytest.raises(DamagedError):
        store.facts("data_partition_bsp", POINT, SeedBlock(0, 3))
    aside = store.set_aside("data_partition_bsp", POINT, SeedBlock(0, 3), "damaged")
    assert (aside / file).exists()
    assert store.records("data_partition_bsp") == []
    assert store.facts("data_partition_bsp", POINT, SeedBlock(0, 3)) is None


def test_record_without_its_gaps_is_damage(store: Store) -> None:
    (store.save(record(POINT, GAPS_OF_3)) / GAPS).unlink()
    with pytest.raises(DamagedError):
        store.records("data_partition_bsp")


def test_another_schema_is_named(store: Store) -> None:
    path = store.save(record(POINT, GAPS_OF_3)) / RECORD
    body = json.loads(path.read_text())
    body["facts"]["schema_version"] = 99
    from harness.store.records import canonical, digest

    del body["sha256"]
    path.write_text(json.dumps(body | {"sha256": digest(canonical(body))}))
    with pytest.raises(BadInputError, match="schema version 99 is not 2"):
        store.records("data_partition_bsp")


def test_full_disk_is_one_line_and_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store.check()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInputError, match=r"No space left on device; free some space") as caught:
        store.save(record(POINT, GAPS_OF_3))
    assert "\n" not in str(caught.value)
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_space_is_required_before_it_is_needed(store: Store) -> None:
    store.check()
    store.require_space(1)
    with pytest.raises(BadInputError, match=r"the run needs .* MiB and the disk has"):
        store.require_space(2**60)


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    for use in (Store.check, lambda store: store.records("data_partition_bsp")):
        with pytest.raises(BadInputError, match="is not a folder"):
            use(Store(tmp_path / "results"))


def test_unwritable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(BadInputError, match="Permission denied; check its permissions"):
        Store(tmp_path).check()


def test_one_writer_at_a_time(store: Store) -> None:
    with store.locked(), pytest.raises(BadInputError, match="another `harness run`"), Store(store.root).locked():
        pass
    with store.locked():
        pass


def test_killed_writer_leaves_whole_records_only(store: Store) -> None:
    for pause in (0.01, 0.05, 0.13, 0.31):
        before = len(store.records("data_partition_bsp"))
        writer = multiprocessing.get_context("spawn").Process(target=_write_to_new_settings, args=(store.root, pause))
        writer.start()
        while len(store.records("data_partition_bsp")) == before:
            assert writer.is_alive()
            time.sleep(0.01)
        time.sleep(pause)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        assert all(len(read.gaps.layers) == 3 for read in store.records("data_partition_bsp"))


def _write_to_new_settings(root: Path, pause: float) -> None:
    store = Store(root)
    for number in range(1, 10**6):
        training = replace(POINT.training, clocks=number, step_size=StepSize(pause))
        store.save(record(replace(POINT, training=training), GAPS_OF_3))


def test_text_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one")
    write_text(path, "two")
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


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


def test_suites_with_records_are_listed(complete: Callable[[], Store], store: Store) -> None:
    assert store.suites() == ()
    assert complete().suites() == ("data_partition_bsp",)
