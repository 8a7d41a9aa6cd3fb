from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness.errors import BadInputError
from harness.store import Store


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
