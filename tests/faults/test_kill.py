"""`kill -9` of web workers in mid-write: nothing acknowledged is lost, no batch is stored by half."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sized
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from server.demo import build_zip
from tests.browser.rest import Rest
from tests.conftest import DATABASES, TestTenant, drop_postgres_database, make_postgres_database
from tests.live import LiveServer, live_server, wait_until

KILLS = 8
BATCH = 5


@pytest.fixture(params=DATABASES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[LiveServer, TestTenant]]:
    url = "" if request.param == "sqlite" else make_postgres_database()
    with live_server(url, tmp_path) as pair:
        yield pair
    if url:
        drop_postgres_database(url)


def call(server: LiveServer, tenant: TestTenant, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    request = urllib.request.Request(
        server.base + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={**tenant.auth, "Content-Type": "application/json", "X-Experience-API-Version": "2.0.0"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
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
        wait_until("more is acknowledged", partial(more_than, acknowledged, 3 * kill), 60)
        live.kill_worker()
    live.wait_ready()
    stop.set()
    for thread in threads:
        thread.join()
    live.wait_ready()

    assert len(acknowledged) > KILLS
    assert refused == []
    for batch, ids in acknowledged.items():
        found = activity_statements(live, tenant, batch)
        assert sorted(s["id"] for s in found) == sorted(ids)
    for batch in cut_off:
        assert len(activity_statements(live, tenant, batch)) in (0, BATCH)


def more_than(things: Sized, count: int) -> bool:
    return len(things) > count


def activity_statements(live: LiveServer, tenant: TestTenant, batch: str) -> list[dict[str, str]]:
    path = f"/xapi/statements?activity=https%3A%2F%2Fexample.org%2Fbatch%2F{batch}"
    found: list[dict[str, str]] = json.loads(call(live, tenant, "GET", path)[1])["statements"]
    return found


class Content:
    """What the player's journal does: one request at a time, sent again with its key until it is answered."""

    def __init__(self, rest: Rest, course: str) -> None:
        self.registration = rest.register(course)
        self.acknowledged = 0
        self.refused: list[str] = []
        with NO_REDIRECT.open(rest.launch_link(self.registration), timeout=30) as opened:
            self.address = f"{rest.server.content}{opened.headers['Location']}runtime"
        self.seq = 0
        started = self._send({"session": None, "navigate": {"request": "choice", "target": "quiz"}})
        self.session = started["activity"]["session"]

    def say(self) -> None:
        """One more interaction, committed."""
        name = f"cmi.interactions.{self.acknowledged}"
        changes = {f"{name}.id": f"question-{self.acknowledged}", f"{name}.type": "true-false"}
        self._send({"session": self.session, "initialized": True, "changes": changes})
        self.acknowledged += 1

    def _send(self, body: dict[str, object]) -> dict[str, Any]:
        self.seq += 1
        data = json.dumps({"seq": self.seq, "key": f"{self.registration}-{self.seq}", **body}).encode()
        request = urllib.request.Request(self.address, data=data, headers={"Content-Type": "application/json"})
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    found: dict[str, Any] = json.loads(answer.read())
                    return found
            except urllib.error.HTTPError as error:
                self.refused.append(f"{error.code} {error.read()[:200]!r}")
                raise
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)


class _NoRedirect(urllib.request.HTTPErrorProcessor):
    def http_response(self, request: Any, response: Any) -> Any:
        return response


NO_REDIRECT = urllib.request.build_opener(_NoRedirect)


def test_commits_survive(server: tuple[LiveServer, TestTenant]) -> None:
    """Learners commit while workers are killed: every commit that was answered is there, once and in its order."""
    live, tenant = server
    rest = Rest(live, tenant)
    course = rest.import_course(build_zip())
    learners = [Content(rest, course) for _ in range(3)]
    stop = threading.Event()

    def work(content: Content) -> None:
        while not stop.is_set():
            content.say()

    threads = [threading.Thread(target=work, args=(content,)) for content in learners]
    for thread in threads:
        thread.start()
    for _ in range(KILLS // 2):
        before = sum(content.acknowledged for content in learners)

        def more(before: int = before) -> bool:
            return sum(content.acknowledged for content in learners) > before + 5

        wait_until("commits", more, 60)
        live.kill_worker()
    stop.set()
    for thread in threads:
        thread.join()
    live.wait_ready()

    for content in learners:
        assert content.refused == []
        assert content.acknowledged > 0
        told = rest.runtime_of(content.registration, "quiz")["runtimeInteractions"]
        assert [each["id"] for each in told] == [f"question-{n}" for n in range(content.acknowledged)]
