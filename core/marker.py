"""A file by which one process tells the others of this machine that what they remember may be wrong."""

from __future__ import annotations

import os
import time

from core.settings import get_settings


class Marker:
    """The file ``name`` of the data folder; only the time of its last change matters."""

    def __init__(self, name: str) -> None:
        self._path = get_settings().data_path / name

    def state(self) -> int:
        """Changes with every :meth:`touch` on this machine. Take it before reading what will be remembered."""
        try:
            return os.stat(self._path).st_mtime_ns
        except OSError:
            return 0

    def touch(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        # The kernel's own stamps are some milliseconds apart: two changes could look like one.
        now = time.time_ns()
        os.utime(self._path, ns=(now, now))
