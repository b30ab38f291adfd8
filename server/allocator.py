"""How the C library keeps memory for a server that takes large bodies in many threads.

By itself glibc gives each thread an arena of its own, and once a large block has been freed it keeps such blocks in them: a worker then
grows with the chances of which thread saw which body. Here large blocks always come from the system and go back to it.
"""

from __future__ import annotations

import ctypes

# Of malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_SETTINGS = ((_ARENA_MAX, 2), (_MMAP_THRESHOLD, 1 << 17), (_TRIM_THRESHOLD, 8 << 20))


def settle() -> None:
    """For this process and those it forks; does nothing where the C library knows no such settings."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in _SETTINGS:
            mallopt(setting, value)
