from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import BadInputError
from harness.history import Journal, lines_of

LINE = '{"kind":"read"}\n'
NOTE = LINE.encode()
MANY = 3 * (1 << 20) // len(LINE)  # more than twice what a journal has room for at first

DYING = f"""
import os, signal, sys
from harness.history import Journal
with open(sys.argv[1], "w+b") as file, Journal(file) as journal:
    for _ in range(int(sys.argv[2])):
        journal.write({NOTE!r})
    journal.write({NOTE[:5]!r})
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("count", [0, 1, MANY])
def test_a_closed_journal_is_its_lines(tmp_path: Path, count: int) -> None:
    path = tmp_path / "journal"
    with path.open("w+b") as file, Journal(file) as journal:
        _write(journal, count)
    assert path.read_text() == LINE * count
    assert lines_of(path) == [LINE] * count


def test_a_line_may_be_longer_than_the_room_for_many(tmp_path: Path) -> None:
    path, long = tmp_path / "journal", "{" + "é" * (3 << 20) + "\n"
    with path.open("w+b") as file, Journal(file) as journal:
        journal.write(NOTE)
        journal.write(long.encode())
    assert lines_of(path) == [LINE, long]


@pytest.mark.parametrize("count", [1, MANY])
def test_a_death_loses_no_line(tmp_path: Path, count: int) -> None:
    path = tmp_path / "journal"
    died = subprocess.run([sys.executable, "-c", DYING, str(path), str(count)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    assert lines_of(path) == [*[LINE] * count, LINE[:5]]


def test_a_disk_that_is_full_is_named_before_a_line_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    with path.open("w+b") as file, Journal(file) as journal:
        monkeypatch.setattr(os, "posix_fallocate", _full)
        with pytest.raises(BadInputError, match=r"cannot write .*journal: No space left on device; free some space"):
            _write(journal, MANY)
    assert 0 < len(lines_of(path)) < MANY
    with path.open("w+b") as file, pytest.raises(BadInputError, match="free some space"):
        Journal(file)


def test_a_disk_whose_files_cannot_be_mapped_is_named() -> None:
    with Path("/dev/null").open("w+b") as file, pytest.raises(BadInputError, match=r"cannot write /dev/null: .*mapped"):
        Journal(file)


def _write(journal: Journal, count: int) -> None:
    for _ in range(count):
        journal.write(NOTE)


def _full(descriptor: int, offset: int, length: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
