"""A short run of conformance/xapi/poller.py: writers in other processes that stall before they commit, and a reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.xapi.poller import STALLS, run
from tests.conftest import DATABASES, drop_postgres_database, make_postgres_database
from tests.live import live_server


@pytest.mark.parametrize("database", DATABASES)
def test_a_reader_on_consistent_through_misses_nothing(database: str, tmp_path: Path) -> None:
    url = "" if database == "sqlite" else make_postgres_database()
    with live_server(url, tmp_path) as (live, tenant):
        result = run(live, tenant, 2000, 4, STALLS[database])
    if url:
        drop_postgres_database(url)
    assert result.problems == []
    assert (result.written, result.missed, result.twice, result.foreign) == (2000, 0, 0, 0)
    assert result.rounds > 2
