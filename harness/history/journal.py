"""A file that a worker's history goes to, which a death of the worker leaves whole."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from harness.errors import BadInputError
from harness.history.shorthand import written_out

_CHUNK = 1 << 20


class Journal:
    """Notes written to a file that is mapped into memory: the system has each as soon as it is made.

    A call of the system per note would let go of the interpreter, which other threads then keep: on two ranks and a net
    of 64–32–10 it took 85 µs instead of 9. What the file has to spare is cut off at the end; after a death the notes
    are followed by zeros.

    Args:
        file: open for reading and writing, empty; not closed here.

    Raises:
        BadInputError: the disk is full, or its files cannot be mapped.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        try:
            os.posix_fallocate(file.fileno(), 0, _CHUNK)
            self._memory = mmap.mmap(file.fileno(), _CHUNK)
        except OSError as error:
            raise self._refusal(error) from error

    def write(self, note: bytes) -> None:
        """Write a note or a line.

        Args:
            note: with its end.

        Raises:
            BadInputError: the disk is full.
        """
        try:
            self._memory.write(note)
        except ValueError:
            self._grow(self._memory.tell() + len(note))
            self._memory.write(note)

    def close(self) -> None:
        """Cut off what was not written; write nothing afterwards."""
        length = self._memory.tell()
        self._memory.close()
        self._file.truncate(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _grow(self, length: int) -> None:
        """Have room before it is written to: of a full disk, a page without room would end the process."""
        length = -(-length // _CHUNK) * _CHUNK
        try:
            os.posix_fallocate(self._file.fileno(), 0, length)
            self._memory.resize(length)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> BadInputError:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return BadInputError(
            error.strerror or str(error),
            where=f"cannot write {self._file.name}",
            remedy="free some space" if full else "choose a folder on a disk whose files can be mapped into memory",
        )


def lines_of(path: Path) -> list[str]:
    """Lines of a journal, whether it was closed or its writer died.

    Args:
        path: the file.

    Returns:
        With their ends; a line that was cut off has none, a note that was cut off is left out.

    Raises:
        OSError: it cannot be read.
    """
    return written_out(path.read_bytes())
