"""`kill -9` of web workers in mid-write: nothing acknowledged is lost, no batch is stored by half."""

from __future__ import annotations

import http.client
import json
import os
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sized
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import DATABASES, TestTenant
from tests.live import LiveServer, live_server_on, wait_until

KILLS = int(os.environ.get("TEST_KILLS", "8"))
BATCH = 5


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[LiveServer, TestTenant]]:
    with live_server_on(request.param, tmp_path) as pair:
        yield pair


def call(
    server: LiveServer, tenant: TestTenant, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes]:
    request = urllib.request.Request(
        server.base + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={**tenant.auth, "Content-Type": "application/json", "X-Experience-API-Version": "2.0.0", **headers},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.read()


def statement(batch: str, number: int) -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": "https://example.org", "name": f"learner-{number}"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": f"https://example.org/batch/{batch}"},
    }


def test_statements_survive(server: tuple[LiveServer, TestTenant]) -> None:
    live, tenant = server
    acknowledged: dict[str, list[str]] = {}
    refused: list[str] = []
    cut_off: list[str] = []  # may or may not be stored, but whole
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            batch = uuid.uuid4().hex
            statements = [statement(batch, n) for n in range(BATCH)]
            try:
                call(live, tenant, "POST", "/xapi/statements", statements)
            except urllib.error.HTTPError as error:
                refused.append(f"{error.code} {error.read()[:200]!r}")
            except (OSError, http.client.HTTPException):
                cut_off.append(batch)
            else:
                acknowledged[batch] = [str(s["id"]) for s in statements]

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for kill in range(1, KILLS + 1):
        wait_until("more is acknowledged", partial(more_than, acknowledged, 3 * kill), 240)
        live.kill_worker()
    live.wait_ready()
    stop.set()
    for thread in threads:
        thread.join()
    live.wait_ready()

    assert len(acknowledged) > KILLS
    assert refused == []
    for batch, ids in acknowledged.items():
        # Readers see what is stored once Consistent-Through has passed it: a killed writer may hold it back for a moment.
        found = wait_until("a batch is told", partial(activity_statements, live, tenant, batch))
        assert sorted(s["id"] for s in found) == sorted(ids)
    for batch in cut_off:
        assert len(activity_statements(live, tenant, batch)) in (0, BATCH)
    verified = live.rekam("verify")
    assert (verified.returncode, verified.stdout) == (0, "installation: sound\n"), verified.stderr


def more_than(things: Sized, count: int) -> bool:
    return len(things) > count


def activity_statements(live: LiveServer, tenant: TestTenant, batch: str) -> list[dict[str, str]]:
    path = f"/xapi/statements?activity=https%3A%2F%2Fexample.org%2Fbatch%2F{batch}"
    found: list[dict[str, str]] = json.loads(call(live, tenant, "GET", path)[1])["statements"]
    return found
