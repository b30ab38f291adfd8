"""`kill -9` of web workers while learners commit: what was acknowledged is stored, and nothing counts twice."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser.rest import Rest
from tests.conftest import DATABASES
from tests.live import live_server_on, wait_until
from tests.scorm_runtime.packages import MANIFEST_2004, package

KILLS = int(os.environ.get("TEST_KILLS", "4"))
LEARNERS = 3
# Seconds; only a machine that stands still reaches it.
PATIENCE = 240


@pytest.fixture(params=DATABASES)
def rest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rest]:
    with live_server_on(request.param, tmp_path) as (server, tenant):
        yield Rest(server, tenant)


@dataclass
class Learner:
    """A page with its journal: repeats a request with the same key until it is answered."""

    rest: Rest
    registration: str
    endpoint: str = ""
    session: str | None = None
    seq: int = 0
    commits: int = 0
    repeats: int = 0
    problems: list[str] = field(default_factory=list)

    def open(self) -> None:
        address = urllib.parse.urlsplit(self.rest.launch_link(self.registration))
        connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
        connection.request("GET", address.path)
        answer = connection.getresponse()
        assert answer.status == 303, answer.read()
        self.endpoint = f"{self.rest.server.content}{answer.headers['Location']}runtime"
        connection.close()
        self.session = self.send(navigate="start")["activity"]["session"]

    def send(
        self, changes: dict[str, str] | None = None, *, end: str | None = None, navigate: str | None = None
    ) -> dict[str, Any]:
        self.seq += 1
        body = {
            "session": self.session, "seq": self.seq, "key": uuid.uuid4().hex, "changes": changes or {},
            "initialized": self.session is not None, "end": end,
            "navigate": {"request": navigate, "target": None} if navigate else None,
        }  # fmt: skip
        return self.repeat(json.dumps(body).encode())

    def repeat(self, data: bytes) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                request = urllib.request.Request(self.endpoint, data=data, headers={"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=30) as answer:
                    found: dict[str, Any] = json.loads(answer.read())
                    return found
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise AssertionError(f"{error.code} {error.read()[:300]!r}") from None
            except (OSError, http.client.HTTPException):
                pass
            self.repeats += 1
            time.sleep(0.05)
        raise AssertionError("no answer")

    def learn(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                n = self.commits
                prefix = f"cmi.interactions.{n}."
                self.send({prefix + "id": f"urn:q:{n}", prefix + "type": "other", prefix + "learner_response": str(n),
                           "cmi.location": str(n)})  # fmt: skip
                self.commits += 1
        except Exception as error:
            self.problems.append(repr(error))


def test_commits_survive_and_count_once(rest: Rest) -> None:
    course = rest.import_course(package(MANIFEST_2004, {"intro": ""}))
    learners = [Learner(rest, rest.register(course)) for _ in range(LEARNERS)]
    for learner in learners:
        learner.open()
    stop = threading.Event()
    threads = [threading.Thread(target=learner.learn, args=(stop,)) for learner in learners]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        seen = [learner.commits for learner in learners]
        wait_until("everybody commits", partial(_all_moved, learners, seen), PATIENCE)
        rest.server.kill_worker()
    stop.set()
    for thread in threads:
        thread.join()
    rest.server.wait_ready()
    assert [learner.problems for learner in learners] == [[]] * LEARNERS

    for learner in learners:
        runtime = rest.runtime_of(learner.registration, "intro")
        assert runtime["location"] == str(learner.commits - 1)
        answers = [i["learnerResponse"] for i in runtime["runtimeInteractions"]]
        assert answers == [str(n) for n in range(learner.commits)]
        _end_twice(rest, learner)


def _all_moved(learners: list[Learner], before: list[int]) -> bool:
    return all(one.commits > was or one.problems for one, was in zip(learners, before, strict=True))


def _end_twice(rest: Rest, learner: Learner) -> None:
    """The same last request three times, as a page sends it that never sees the answer."""
    learner.seq += 1
    body = json.dumps({
        "session": learner.session, "seq": learner.seq, "key": uuid.uuid4().hex, "initialized": True,
        "changes": {"cmi.session_time": "PT10S", "cmi.completion_status": "completed"}, "end": "terminate",
        "navigate": {"request": "exitAll", "target": None},
    }).encode()  # fmt: skip
    answers = [learner.repeat(body) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["state"] == "ended"
    found = rest.progress(learner.registration)
    assert (found["registrationCompletion"], found["totalSecondsTracked"]) == ("COMPLETED", 10)
    # Readers see what is stored once Consistent-Through has passed it: at once, unless a writer holds it back.
    wait_until("the end of the session is told", lambda: "terminated" in _verbs(rest, learner), 30)
    verbs = _verbs(rest, learner)
    assert verbs.count("responded") == learner.commits
    assert verbs.count("initialized") == verbs.count("terminated") == 1


def _verbs(rest: Rest, learner: Learner) -> list[str]:
    return [s["verb"]["id"].rsplit("/", 1)[1] for s in rest.statements(learner.registration)]
