"""Moving from another record store over HTTP: a live server is the other one."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from core.db import session
from core.settings import Settings
from server.transfer import remote
from server.transfer.importer import Importer
from tests.conftest import TestTenant
from tests.live import LiveServer, wait_until
from tests.lrs.builders import agent, new_uuid, ref, statement, voiding
from tests.server.conftest import Run
from tests.server.test_transfer import documents_of, found, post, post_with_attachment, statements_of

Server = TypeVar("Server", bound=ThreadingHTTPServer)


@pytest.fixture
def source(app: Flask, client: FlaskClient, tenant: TestTenant, settings: Settings) -> Iterator[LiveServer]:
    """The same database behind gunicorn: what ``client`` writes, the live server answers."""
    url = make_url(settings.effective_database_url).render_as_string(hide_password=False)
    server = LiveServer(url, Path(settings.data_dir), workers=1)
    server.start()
    yield server
    server.stop()


def fill(client: FlaskClient, tenant: TestTenant) -> None:
    target = new_uuid()
    post(client, tenant, *[statement(actor=agent(f"learner{n}")) for n in range(7)])
    post(client, tenant, statement(id=target), voiding(target), statement(object=ref(new_uuid())))
    registration = new_uuid()
    post(client, tenant, statement(context={"registration": registration}))
    post_with_attachment(client, tenant, b"bytes\r\n--y--\r\n of " + tenant.app_id.encode())
    put = {"headers": tenant.auth | {"X-Experience-API-Version": "1.0.3"}, "content_type": "image/png"}
    person, activity = json.dumps(agent()), "http://example.com/activities/one"
    for path, query in (
        ("activities/state", {"activityId": activity, "agent": person, "stateId": "a b&c"}),
        ("activities/state", {"activityId": activity, "agent": person, "stateId": "x", "registration": registration}),
        ("activities/profile", {"activityId": activity, "profileId": "p"}),
        ("agents/profile", {"agent": person, "profileId": "p"}),
    ):
        extra = {"If-None-Match": "*"}
        answer = client.put(
            f"/xapi/{path}",
            query_string=query,
            data=b"\xff\0" + path.encode(),
            **(put | {"headers": put["headers"] | extra}),  # type: ignore[operator]
        )
        assert answer.status_code == 204, answer.text


class SlowLine(ThreadingHTTPServer):
    """A line to ``server`` on which each answer takes ``delay`` seconds more. ``asked`` counts what was answered through it."""

    daemon_threads = True

    def __init__(self, server: LiveServer, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), _SlowLineHandler)
        self.server_to, self.delay = server, delay
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.busy: set[str] = set()
        self.lock = threading.Lock()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _SlowLineHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlowLine

    def do_GET(self) -> None:
        line = self.server
        with line.lock:
            line.at_once += 1
            line.most_at_once = max(line.most_at_once, line.at_once)
            # Each part of the other store is busy once: the first question is to be asked again.
            busy = self.path.startswith("/xapi/agents/profile") and self.path not in line.busy
            line.busy.add(self.path)
        time.sleep(line.delay)
        there = http.client.HTTPConnection("127.0.0.1", line.server_to.port)
        there.request("GET", self.path, headers=dict(self.headers) | {"Host": f"localhost:{line.server_to.port}"})
        answer = there.getresponse()
        content, status = answer.read(), 429 if busy else answer.status
        there.close()
        with line.lock:
            line.at_once -= 1
            line.asked[self.path] += status == 200
        self.send_response(status)
        for name in ("Content-Type", "Last-Modified"):
            if answer.headers[name]:
                self.send_header(name, answer.headers[name])
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        with suppress(OSError):  # who asked may be killed
            super().handle()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class FakeStore(ThreadingHTTPServer):
    """Another store that says what it is told to, whatever the rules: ``answers`` are by path, [] where there is none."""

    daemon_threads = True

    def __init__(self, **answers: Any) -> None:
        super().__init__(("127.0.0.1", 0), _FakeStoreHandler)
        self.answers: dict[str, Any] = {"about": {"version": ["2.0.0"]}, **answers}
        self.asked: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _FakeStoreHandler(BaseHTTPRequestHandler):
    server: FakeStore

    def do_GET(self) -> None:
        path, _, query = self.path.removeprefix("/xapi/").partition("?")
        self.server.asked.append(self.path)
        named = parse_qs(query).get("voidedStatementId", [path])[0]
        content = json.dumps(self.server.answers.get(named, [])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def running(server: Server) -> Iterator[Server]:
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def arguments(source: LiveServer | SlowLine | FakeStore, tenant: TestTenant, into: TestTenant) -> tuple[str, ...]:
    return (
        "migrate", "--from", f"{source.base}/xapi", "--key", tenant.key, "--secret", tenant.secret,
        "--tenant", into.app_id, "--json",
    )  # fmt: skip


def test_everything_moves_stops_and_goes_on(
    rekam: Run, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, source: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(client, tenant)
    monkeypatch.setattr(remote, "LIMIT", 3)
    pages = 0
    genuine = Importer.statements

    def dies(self: Importer, lines: Any) -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise OSError("pulled the plug")
        genuine(self, lines)

    with monkeypatch.context() as broken:
        broken.setattr(Importer, "statements", dies)
        assert rekam(*arguments(source, tenant, other_tenant)).exit_code == 1
    assert 0 < len(statements_of(other_tenant)) < len(statements_of(tenant))
    done = rekam(*arguments(source, tenant, other_tenant))
    assert done.exit_code == 0, done.output
    value = json.loads(done.stdout)
    assert (value["documents"]["stored"], value["attachments"]) == (4, 1)
    # With stored, authority and version, the voided one voided, byte for byte.
    assert statements_of(other_tenant) == statements_of(tenant)
    assert found(other_tenant) == found(tenant)
    for there, here in zip(documents_of(tenant).items(), documents_of(other_tenant).items(), strict=True):
        assert (there[0], there[1][:3]) == (here[0], here[1][:3])
        assert 0 <= (there[1][3] - here[1][3]).total_seconds() < 1  # Last-Modified has whole seconds
    # Later only what is new comes.
    post(client, tenant, statement())
    again = json.loads(rekam(*arguments(source, tenant, other_tenant)).stdout)
    assert (again["statements"]["stored"], again["documents"]["stored"]) == (1, 0)
    assert again["statements"]["known"] < 5


def fill_states(client: FlaskClient, tenant: TestTenant, learners: int) -> None:
    """Two activities and one registration each, with a State document in one of them."""
    for n in range(learners):
        person, registration = agent(f"learner{n}"), new_uuid()
        post(
            client,
            tenant,
            *[
                statement(
                    actor=person,
                    object={"id": f"http://example.com/activities/{a}"},
                    context={"registration": registration},
                )
                for a in "ab"
            ],
        )
        answer = client.put(
            "/xapi/activities/state",
            query_string={
                "activityId": "http://example.com/activities/a", "agent": json.dumps(person),
                "stateId": "place", "registration": registration,
            },
            data=f"document of {n}".encode(), content_type="text/plain",
            headers=tenant.auth | {"X-Experience-API-Version": "1.0.3"},
        )  # fmt: skip
        assert answer.status_code == 204, answer.text


def places_done(source: LiveServer) -> int:
    """How many places the checkpoints of migrations say are looked at."""
    done = 0
    for path in source.data_dir.glob("migrations/*.sqlite3"):
        with closing(sqlite3.connect(path)) as checkpoint, suppress(sqlite3.OperationalError):
            done += checkpoint.execute("SELECT count(*) FROM places WHERE done").fetchone()[0]
    return done


def test_documents_are_asked_for_at_a_time_and_once_also_across_a_kill(
    rekam: Run, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, source: LiveServer, settings: Settings,
) -> None:  # fmt: skip
    learners = 200
    fill_states(client, tenant, learners)
    with running(SlowLine(source, 0.03)) as line:
        process = subprocess.Popen(
            [sys.executable, "-c", "from server.cli import main; main()", *arguments(line, tenant, other_tenant)],
            env={k: v for k, v in os.environ.items() if not k.startswith("REKAM_")} | source.environment,
            stdout=subprocess.DEVNULL,
        )
        wait_until("some places are done", lambda: places_done(source), 120)
        process.kill()
        assert process.wait() != 0, "it was over before it was killed"
        assert 4 <= line.most_at_once <= 8
        wait_until("what was under way is answered", lambda: not line.at_once)
        before = Counter(line.asked)
        done = rekam(*arguments(line, tenant, other_tenant))
        assert done.exit_code == 0, done.output
    session().rollback()
    # All but the time of the last change, of which HTTP tells whole seconds.
    here, there = ({k: d[:3] for k, d in documents_of(t).items()} for t in (other_tenant, tenant))
    assert here == there
    lookups = {
        p: n for p, n in line.asked.items() if p.startswith("/xapi/a") and "stateId" not in p and "about" not in p
    }
    # Two agents' profiles and four States a learner, two activities' profiles.
    assert len(lookups) == learners * 5 + 2
    repeated = [p for p, n in lookups.items() if n > 1]
    assert all(before[p] for p in repeated), "a place was asked twice in one run"
    assert len([p for p in lookups if before[p]]) - len(repeated) >= 100, (
        "what was stored before the kill is asked again"
    )


def test_whatever_breaks_the_rules_is_kept_aside(rekam: Run, tmp_path: Path, tenant: TestTenant) -> None:
    good = statement(id=new_uuid(), stored="2020-01-01T00:00:00Z")
    bad: list[Any] = [
        {k: v for k, v in statement().items() if k != "object"},
        statement(context={"contextActivities": {"parent": "x"}}),
        {k: v for k, v in statement().items() if k != "verb"},
        statement(actor="ada"),
        "a string",
        None,
        statement(stored=7),
    ]
    with running(FakeStore(statements={"statements": [*bad[:3], good, *bad[3:]], "more": ""})) as store:
        done = rekam(*arguments(store, tenant, tenant), "--rejects", tmp_path / "bad")
        assert (done.exit_code, json.loads(done.stdout)["rejected"]) == (1, len(bad)), done.output
        assert list(statements_of(tenant)) == [good["id"]]
        assert len((tmp_path / "bad").read_bytes().splitlines()) == len(bad)
        # What comes next is asked for by the last one that is well.
        rekam(*arguments(store, tenant, tenant), "--rejects", tmp_path / "bad")
        assert any("since=2019-12-31T23%3A59%3A59.999Z" in path for path in store.asked)


def test_advice_is_given_where_it_helps(rekam: Run, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TRIES", 1)

    def for_people(store: FakeStore) -> list[str]:
        return [argument for argument in arguments(store, tenant, tenant) if argument != "--json"]

    with running(FakeStore(statements={"statements": ["a string"], "more": ""})) as store:
        bad = rekam(*for_people(store))
    assert "Stopped: 0 statements stored" in bad.output
    assert "Run it again with --rejects FILE" in bad.output
    away = rekam(*for_people(store))
    assert (away.exit_code, "Stopped" in away.output, "Run it again" in away.output) == (1, False, False)
    with running(
        FakeStore(statements={"statements": [statement(id=new_uuid())], "more": "http://elsewhere/"})
    ) as store:
        elsewhere = rekam(*for_people(store))
    assert "Stopped: 1 statement stored" in elsewhere.output
    assert "Run it again" not in elsewhere.output


def test_documents_of_what_appears_only_in_voided_statements_come(rekam: Run, tenant: TestTenant) -> None:
    voided = statement(id=new_uuid(), actor=agent("vera"), object={"id": "http://example.com/activities/gone"})
    listed = {"statements": [voiding(voided["id"], id=new_uuid(), actor=agent("admin"))], "more": ""}
    with running(FakeStore(statements=listed, **{voided["id"]: voided})) as store:
        assert rekam(*arguments(store, tenant, tenant)).exit_code == 0
        assert any(path.startswith("/xapi/activities/profile?activityId=") for path in store.asked)
        assert any(path.startswith("/xapi/agents/profile") and "vera" in path for path in store.asked)
        assert any(path.startswith("/xapi/activities/state") and "gone" in path for path in store.asked)


@pytest.mark.parametrize("about", [{"version": None}, {"version": "1.0.3"}, {"version": [1]}, {}, [], "text"])
def test_an_about_that_names_no_versions_is_said(rekam: Run, tenant: TestTenant, about: Any) -> None:
    with running(FakeStore(about=about)) as store:
        done = rekam(*arguments(store, tenant, tenant))
    assert done.exit_code == 1
    assert "does not say which versions of xAPI it speaks" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("ending", ["", "/", "/statements", "/statements/"])
def test_the_address_may_be_that_of_the_statements(rekam: Run, tenant: TestTenant, ending: str) -> None:
    with running(FakeStore(statements={"statements": [], "more": ""})) as store:
        address = f"{store.base}/xapi{ending}"
        done = rekam("migrate", "--from", address, "--key", "k", "--secret", "s", "--tenant", tenant.app_id)
    assert done.exit_code == 0, done.output


def test_what_is_wrong_is_said(
    rekam: Run, tenant: TestTenant, other_tenant: TestTenant, source: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "TRIES", 1)
    stranger = rekam(
        "migrate",
        "--from",
        f"{source.base}/xapi",
        "--key",
        "x",
        "--secret-stdin",
        "--tenant",
        tenant.app_id,
        input="y\n",
    )
    assert (stranger.exit_code, "answered 401" in stranger.output) == (1, True)
    nowhere = rekam(
        "migrate", "--from", "http://127.0.0.1:9/xapi", "--key", "x", "--secret", "y", "--tenant", tenant.app_id
    )
    assert (nowhere.exit_code, "refused" in nowhere.output) == (1, True)
    no_lrs = rekam("migrate", "--from", source.base, "--key", "x", "--secret", "y", "--tenant", tenant.app_id)
    assert (no_lrs.exit_code, "there is no xAPI endpoint at" in no_lrs.output) == (1, True)
    assert rekam("migrate", "--from", source.base, "--key", "x", "--tenant", tenant.app_id).exit_code == 2
