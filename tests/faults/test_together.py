"""Everything that changes the record store, at the same time and with workers killed: afterwards all of it agrees."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
import urllib.error
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import DATABASES, TestTenant
from tests.faults.test_kill import call
from tests.live import LiveServer, live_server_on
from tests.lrs.builders import agent, ref, statement, voiding

SECONDS = float(os.environ.get("TEST_TOGETHER", "8"))
LEARNERS = 12
# Few, so that they meet: sent again, pointed at before they come, in circles, deleted and sent once more.
IDS = [str(uuid.UUID(int=number << 64 | 4 << 76 | 1 << 63)) for number in range(1, 250)]
ACTIVITY = "http://example.com/activities/one"


def made(number: int) -> dict[str, Any]:
    """The statement that has this id, always the same."""
    dice = random.Random(number)
    common: dict[str, Any] = {"id": IDS[number], "actor": agent(f"learner{dice.randrange(LEARNERS)}")}
    kind = dice.random()
    if kind < 0.5:
        return statement(**common, context={"registration": str(uuid.UUID(int=dice.getrandbits(128), version=4))})
    if kind < 0.85:
        return statement(**common, object=ref(dice.choice(IDS)))
    return voiding(dice.choice(IDS), **common)


@dataclass
class Crowd:
    """Threads that each do one thing over and over; ``refused`` are answers nobody should get."""

    live: LiveServer
    tenant: TestTenant
    stop: threading.Event = field(default_factory=threading.Event)
    refused: list[str] = field(default_factory=list)
    answered: int = 0
    removals: int = 0
    imported: int = 0

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The answer as JSON; None where it was an error or none came."""
        try:
            _status, answer = call(self.live, self.tenant, method, path, body, **headers)
            self.answered += 1
            return json.loads(answer)
        except urllib.error.HTTPError as error:
            # 409: an erasure has changed what the statement says.
            if error.code != 409:
                self.refused.append(f"{method} {path} {error.code}")
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)  # the worker was killed
        return None

    def write(self, dice: random.Random) -> None:
        some = dice.sample(range(len(IDS)), dice.choice((1, 3, 40)))
        once = {"Idempotency-Key": uuid.uuid4().hex} if dice.random() < 0.3 else {}
        self.call("POST", "/xapi/statements", [made(number) for number in some], **once)

    def bring_in(self, dice: random.Random) -> None:
        folder = self.live.data_dir
        lines = [made(n) | {"stored": "2020-01-01T00:00:00Z"} for n in dice.sample(range(len(IDS)), 60)]
        (folder / "lines").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        # What an erasure has changed is rejected.
        options = ("--rejects", str(folder / "rejects"), "--tenant", self.tenant.app_id, "--restart")
        done = self.live.rekam("statements", "import", str(folder / "lines"), *options)
        if done.returncode not in (0, 1) or "Traceback" in done.stderr:
            self.refused.append(done.stderr[-2000:])
        self.imported += 1

    def purge(self, dice: random.Random) -> None:
        what = dice.choice(
            [
                {"statementIds": dice.sample(IDS, 30)},
                {"activity": ACTIVITY, "relatedActivities": True, "agent": agent(f"learner{dice.randrange(LEARNERS)}")},
            ]
        )
        self._start("/api/v2/statements/purge", what)

    def erase(self, dice: random.Random) -> None:
        who = agent(f"learner{dice.randrange(LEARNERS)}")
        self._start("/api/v2/erasures", {"agents": [who], "mode": dice.choice(("delete", "pseudonymise"))})

    def _start(self, path: str, body: dict[str, Any]) -> None:
        if self.call("POST", path, body | {"dryRun": False}) is not None:
            self.removals += 1
        self.stop.wait(0.3)

    def read(self, dice: random.Random) -> None:
        asked: dict[str, Any] = {"agent": json.dumps(agent(f"learner{dice.randrange(LEARNERS)}")), "limit": 20}
        if dice.random() < 0.5:
            asked |= {"related_agents": "true", "activity": ACTIVITY, "related_activities": "true"}
        found = self.call("GET", f"/xapi/statements?{urlencode(asked)}")
        while found and found["more"] and not self.stop.is_set():
            found = self.call("GET", found["more"])

    def run(self, *doing: Callable[[random.Random], None]) -> list[threading.Thread]:
        def again(number: int, do: Callable[[random.Random], None]) -> None:
            dice = random.Random(number)
            while not self.stop.is_set():
                do(dice)

        threads = [threading.Thread(target=again, args=pair) for pair in enumerate(doing)]
        for thread in threads:
            thread.start()
        return threads


@pytest.fixture(params=DATABASES)
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crowd]:
    with live_server_on(request.param, tmp_path) as (live, tenant):
        yield Crowd(live, tenant)


def test_all_of_it_agrees_afterwards(crowd: Crowd) -> None:
    threads = crowd.run(*[crowd.write] * 4, crowd.purge, crowd.erase, crowd.bring_in, *[crowd.read] * 2)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        time.sleep(SECONDS / 4)
        crowd.live.kill_worker()
    crowd.live.wait_ready()
    crowd.stop.set()
    for thread in threads:
        thread.join()
    assert crowd.refused == [], (crowd.live.data_dir / "server.log").read_text()[-5000:]
    assert crowd.answered > 50
    assert crowd.removals
    assert crowd.imported
    # Those that were interrupted stand between two of their steps, each of which is whole.
    verified = crowd.live.rekam("verify")
    assert (verified.returncode, verified.stdout) == (0, "installation: sound\n"), verified.stderr
