"""Locks among all threads and processes of a machine, at files that stay empty or hold something else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager


def open_file(path: str) -> int:
    """A handle that the caller closes; the file is made if it is not there. A lock belongs to a handle: threads need one each."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def alone(path: str) -> Iterator[None]:
    """Wait for the others; the end of a process ends its lock too."""
    handle = open_file(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def if_free(path: str) -> Iterator[bool]:
    """Whether nobody else was there; if so nobody comes before the block ends."""
    handle = open_file(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
