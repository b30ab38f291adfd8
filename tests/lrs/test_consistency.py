"""The bound of Consistent-Through that the locks of writers tell."""

from __future__ import annotations

import pytest

from lrs.consistency import bound

# 31 bits of milliseconds turn over every 25 days; NOW is shortly after such a turn.
TURN = 800 << 31
NOW = TURN + 5


def key(moment: int) -> int:
    return moment & 0x7FFFFFFF


@pytest.mark.parametrize(
    ("writers", "expected"),
    [
        ([], NOW),
        ([NOW], NOW),
        ([NOW - 3], NOW - 3),
        ([NOW - 3, NOW - 60_000], NOW - 60_000),
        ([NOW - 10], NOW - 10),  # before the turn
        ([NOW + 2], NOW),  # took its lock after the reader had looked at the clock
        ([NOW + 2, NOW - 1], NOW - 1),
    ],
)
def test_bound(writers: list[int], expected: int) -> None:
    assert bound(NOW, [key(w) for w in writers]) == expected
