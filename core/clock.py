"""The one place that reads the time, so that tests can move it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_source: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - replaced by `frozen`


def now() -> datetime:
    """The present as an aware UTC datetime with microseconds."""
    return _source()


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Within the block :func:`now` answers ``moment`` (tests only)."""
    global _source
    before, _source = _source, lambda: moment
    try:
        yield
    finally:
        _source = before
