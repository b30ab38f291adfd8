"""A course's events reach a receiver: signed, once each, though the receiver failed twice and Redis was restarted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext
from sqlalchemy import create_engine, text
from standardwebhooks import Webhook

from core.settings import Settings
from server.demo import build_zip
from tests.browser.player import RIGHT, Player
from tests.browser.rest import Rest
from tests.live import ROOT, LiveServer, live_server, wait_until
from tests.run import find_redis, free_port


@dataclass
class Receiver:
    """Takes webhooks on ``port``; answers 500 to the first ``failures`` requests. ``taken`` are the bodies it accepted."""

    port: int = field(default_factory=free_port)
    failures: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = (dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
                receiver.requests.append(message)
                refuse = len(receiver.requests) <= receiver.failures
                if not refuse:
                    receiver.taken.append(message)
                self.send_response(500 if refuse else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield self
        server.shutdown()
        server.server_close()

    def types(self) -> Counter[str]:
        return Counter(json.loads(body)["type"] for _, body in self.taken)


class OwnRedis:
    """A Redis of the test's own, which it may restart. Nothing is kept over a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = find_redis()
        assert program, "no redis-server on this machine"
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def worker(server: LiveServer) -> Iterator[None]:
    with (server.data_dir / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "rekam", "worker"], cwd=ROOT, env=server.environment, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(40)


def make_due(database_url: str) -> int:
    """Let the waiting time of retries be over: the schedule's second pause is five minutes. Returns how many waited."""
    engine = create_engine(Settings(database_url=database_url).effective_database_url)
    with engine.begin() as connection:
        waiting = "kind = 'webhook' AND status = 'due' AND tries > 0"
        found = connection.execute(text(f"UPDATE outbox SET due = created WHERE {waiting}")).rowcount
    engine.dispose()
    return found


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    made = OwnRedis(tmp_path)
    made.start()
    yield made
    made.stop()


def test_signed_once_each_through_failures_and_a_restart_of_redis(
    live_database: str, redis: OwnRedis, tmp_path: Path, context: BrowserContext
) -> None:
    receiver = Receiver(failures=2)
    with (
        receiver.running(),
        live_server(live_database, tmp_path, redis_url=redis.url) as (server, tenant),
        worker(server),
    ):
        rest = Rest(server, tenant)
        course = rest.import_course(build_zip())
        events = ["registration.launched", "registration.completed", "registration.passed"]
        hook = rest.call("POST", "/webhooks", {"url": receiver.url, "events": events})
        registration = rest.register(course)
        player = Player(context, rest.launch_link(registration))
        # The first message is refused twice.
        # The worker has only just been started.
        wait_until("first request", lambda: len(receiver.requests) >= 1, 120)
        wait_until("second request", lambda: len(receiver.requests) >= 2 or (make_due(live_database) and False))
        assert receiver.taken == []

        redis.stop()
        for activity in ("lifting", "workstation"):
            player.wait_for_activity(activity)
            player.read_lesson()
            player.sco.locator("#onward").click()
        player.wait_for_activity("quiz")
        player.answer_all(list(RIGHT))
        player.sco.locator("#finish").click()
        player.wait_for("ended")
        redis.start()

        def everything() -> bool:
            make_due(live_database)
            return set(receiver.types()) == set(events)

        wait_until("all events", everything, 120)
        # A second delivery would come within a turn of the sweepers.
        player.page.wait_for_timeout(2_500)

    assert receiver.types() == Counter(events)
    assert len(receiver.requests) == len(events) + 2
    # The message id stays the same at every try.
    ids = [headers["webhook-id"] for headers, _ in receiver.requests]
    assert len(set(ids)) == len(events)
    signature = Webhook(hook["secret"])
    for headers, body in receiver.requests:
        message = signature.verify(body, {name.lower(): value for name, value in headers.items()})
        assert message["data"]["registration"] == registration
