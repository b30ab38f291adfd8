"""Does a reader on X-Experience-API-Consistent-Through miss a statement? Many writers with random stalls, one reader over HTTP.

    make poll-xapi                    1,000,000 statements on PostgreSQL, 200,000 on SQLite, 16 writers
    make poll-xapi STATEMENTS=20000 DATABASES=postgresql

Writers are processes of their own that stop for a random time between the moment a statement gets its place and the moment it is
committed: that is when a reader may overtake them. The reader asks for everything since the last Consistent-Through it was told, oldest
first, and keeps what the new one covers. At the end its ids are compared with those that the writers were told were stored.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import random
import sys
import tempfile
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

BATCH = 50
# Seconds; SQLite has one writer at a time, whose stalls all others share.
STALLS = {"postgresql": (0.05, 0.4), "sqlite": (0.01, 0.02)}
COUNTS = {"postgresql": 1_000_000, "sqlite": 200_000}
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "http://localhost", "name": "poller"}}


@dataclass
class Result:
    written: int = 0
    missed: int = 0
    twice: int = 0
    foreign: int = 0
    rounds: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.missed or self.twice or self.foreign or self.problems) and self.written > 0


def write(environment: dict[str, str], tenant_id: int, count: int, stall: tuple[float, float], told: Any) -> None:
    """One writer: the ids of each committed batch go to ``told``, at the end None."""
    from core.db import unit_of_work
    from core.settings import Settings
    from lrs.store import store
    from server.app import create_app

    often, longest = stall
    with create_app(Settings.from_env(environment)).app_context():
        try:
            while count > 0:
                size = min(count, random.choice((1, 5, BATCH, BATCH)))
                count -= size
                with unit_of_work():
                    ids = store(tenant_id, [statement() for _ in range(size)], AUTHORITY)
                    if random.random() < often:
                        time.sleep(random.uniform(0, longest))
                told.put(ids)
        except Exception as problem:
            told.put(repr(problem))
        told.put(None)


def statement() -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": f"mailto:learner{random.randrange(1000)}@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": f"http://example.com/activities/{random.randrange(200)}"},
    }


class Reader:
    """Polls; ``seen`` has every id once for each time it was given."""

    def __init__(self, base: str, auth: dict[str, str]) -> None:
        self.base, self.auth = base, auth
        self.since = ""
        self.seen: list[str] = []
        self.stepped_back = 0

    def _get(self, path: str) -> tuple[dict[str, Any], str]:
        request = urllib.request.Request(self.base + path, headers={**self.auth, "X-Experience-API-Version": "2.0.0"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer), answer.headers["X-Experience-API-Consistent-Through"]

    def poll(self) -> None:
        wanted = {"ascending": "true", "limit": "1000"} | ({"since": self.since} if self.since else {})
        page, through = self._get(f"/xapi/statements?{urlencode(wanted)}")
        while True:
            self.seen += [s["id"] for s in page["statements"] if s["stored"] <= through]
            # Later pages run on into what has come since; that belongs to the next round.
            if not page["more"] or page["statements"][-1]["stored"] > through:
                break
            page, _ = self._get(page["more"])
        self.stepped_back += through < self.since
        self.since = max(self.since, through)


def run(live: Any, tenant: Any, count: int, writers: int, stall: tuple[float, float], report: bool = False) -> Result:
    """``live`` is a running server (tests.live), ``tenant`` one of its tenants."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    share = [count // writers + (n < count % writers) for n in range(writers)]
    environment = live.environment
    processes = [
        context.Process(target=write, args=(environment, tenant.id, n, stall, told), daemon=True) for n in share
    ]
    result, began = Result(), time.monotonic()
    reader, written, running, shown = Reader(live.base, tenant.auth), set(), writers, began
    for process in processes:
        process.start()
    last = ""
    while running or reader.since <= last:
        reader.poll()
        result.rounds += 1
        while True:
            try:
                said = told.get_nowait() if running else None
            except queue.Empty:
                break
            if not running:
                break
            if said is None:
                running -= 1
                # Everything is committed now: one more round from a bound after this moment ends it.
                last = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1)) if not running else ""
            elif isinstance(said, str):
                result.problems.append(said)
            else:
                written.update(said)
        if report and time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"  {len(written):,} written, {len(reader.seen):,} seen, {result.rounds} rounds", flush=True)
    for process in processes:
        process.join(30)
    seen = set(reader.seen)
    result.written, result.seconds = len(written), time.monotonic() - began
    result.missed, result.foreign = len(written - seen), len(seen - written)
    result.twice = len(reader.seen) - len(seen)
    if reader.stepped_back:
        result.problems.append(f"Consistent-Through stepped back {reader.stepped_back} times")
    return result


def main() -> int:
    from tests.conftest import drop_postgres_database, make_postgres_database
    from tests.live import live_server

    writers = int(os.environ.get("WRITERS") or 16)
    failed = False
    for database in (os.environ.get("DATABASES") or "sqlite,postgresql").split(","):
        count = int(os.environ.get("STATEMENTS") or COUNTS[database])
        print(f"· {count:,} statements by {writers} writers on {database} …", flush=True)
        url = "" if database == "sqlite" else make_postgres_database()
        with (
            tempfile.TemporaryDirectory(prefix="rekam-poller-") as folder,
            live_server(url, Path(folder)) as (live, tenant),
        ):
            result = run(live, tenant, count, writers, STALLS[database], report=True)
        if url:
            drop_postgres_database(url)
        failed |= not result.good
        print(
            f"  {result.written:,} written in {result.seconds:.0f} s and {result.rounds} rounds: {result.missed} missed,"
            f" {result.twice} twice, {result.foreign} never acknowledged; {len(result.problems)} problems",
            flush=True,
        )
        for problem in result.problems[:5]:
            print(f"  ✗ {problem}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
