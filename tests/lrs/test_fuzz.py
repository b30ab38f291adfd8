"""A short run of conformance/xapi/fuzz.py: no request to /xapi is answered with 5xx, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.xapi.fuzz import run
from tests.conftest import DATABASES, drop_postgres_database, make_postgres_database
from tests.live import live_server


@pytest.mark.parametrize("database", DATABASES)
def test_no_request_breaks_the_server(database: str, tmp_path: Path) -> None:
    url = "" if database == "sqlite" else make_postgres_database()
    with live_server(url, tmp_path) as (live, tenant):
        result = run(live.port, tenant.key, tenant.secret, 800, seed=1, connections=4)
    if url:
        drop_postgres_database(url)
    assert [(status, request[:2000], answer) for status, request, answer in result.failures] == []
    # Not all of them were refused at the door.
    assert result.statuses[200] > 30
    assert result.statuses[204] > 5
    assert result.statuses[400] > 100
