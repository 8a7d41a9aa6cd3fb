"""Writing files so that one that has its name is whole: a temporary name, a sync, a rename."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Never

from harness.errors import BadInputError


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary name; on success sync it and rename it to the path, else remove it.

    Args:
        path: the name that the file is to have; missing folders are made.

    Yields:
        The temporary name.

    Raises:
        BadInputError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        refuse_writing(path, error)
    finally:
        with suppress(OSError):
            temporary.unlink()


def sync(path: Path) -> None:
    """Wait until a file or folder is on disk.

    Args:
        path: the file or folder.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_writing(path: Path, error: OSError) -> Never:
    """Say in one line why something cannot be written.

    Args:
        path: what was to be written.
        error: what the system says.

    Raises:
        BadInputError: always.
    """
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    remedy = "free some space" if full else "check its permissions"
    raise BadInputError(
        error.strerror or str(error),
        where=f"cannot write {path}",
        remedy=f"{remedy} or choose another folder with --results",
    ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically.

    Args:
        path: where; missing folders are made.
        text: its content.

    Raises:
        BadInputError: it cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Args:
        path: where; missing folders are made.
        content: its content.

    Raises:
        BadInputError: it cannot be written.
    """
    with writing(path) as temporary:
        temporary.write_bytes(content)
