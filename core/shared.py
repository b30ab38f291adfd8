"""Numbers that the processes of a machine share, in a file of the data folder."""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import AbstractContextManager

from core import locks
from core.settings import get_settings

_NUMBER = struct.Struct("<q")
# How much of the file is there at first, and by how much it grows (bytes; no room on the disk until something is written).
_STEP = 1 << 16


class Shared:
    """Rows of ``columns`` whole numbers of 64 bits, 0 until written. To read one costs no system call.

    :class:`OSError` where the file cannot be made or written.
    """

    def __init__(self, name: str, columns: int = 1) -> None:
        path = get_settings().data_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        self._row = struct.Struct(f"<{columns}q")
        self._file = locks.open_file(self._path)
        self._seen = self._map(_STEP)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def _map(self, size: int) -> mmap.mmap:
        # Only ever longer: to read a page beyond the end kills the process.
        with self.locked():
            if os.fstat(self._file).st_size < size:
                os.ftruncate(self._file, size)
        return mmap.mmap(self._file, size, prot=mmap.PROT_READ)

    def row(self, index: int = 0) -> tuple[int, ...]:
        end = (index + 1) * self._row.size
        if end > len(self._seen):
            self._seen = self._map(-(-end // _STEP) * _STEP)
        return self._row.unpack_from(self._seen, index * self._row.size)

    def write(self, value: int, index: int = 0, column: int = 0) -> None:
        # Not through the map: on a full disk that would kill the process.
        os.pwrite(self._file, _NUMBER.pack(value), index * self._row.size + column * _NUMBER.size)

    def locked(self) -> AbstractContextManager[None]:
        """Alone among all threads and processes that ask for it. Writers need not."""
        return locks.alone(self._path)
