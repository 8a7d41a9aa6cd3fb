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
from harness.store import GAPS, RECORD, Store
from harness.store.format import canonical, digest
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


def test_suites_with_records_are_listed(complete: Callable[[], Store], store: Store) -> None:
    assert store.suites() == ()
    assert complete().suites() == ("data_partition_bsp",)
