"""Simulated learners on a server of their own: how long a Commit takes, and whether memory grows.

Each learner opens a course of two SCOs with its launch link and then, as a page of the player does, commits after a pause for thought:
place, suspend data, a new interaction now and then; at the end it terminates and leaves. A round trip is one request of the
runtime endpoint, measured by the learner.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench import processes
from bench.servers import Running, started
from tests.scorm_runtime.packages import MANIFEST_2004, package

COURSE = "bench-course"


@dataclass
class Learner:
    """``times`` are the round trips of its commits in ms."""

    link: str
    pause: float
    times: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    session: str | None = None
    seq: int = 0

    def open(self) -> None:
        address = urlsplit(self.link)
        self.connection = http.client.HTTPConnection(address.netloc, timeout=60)
        self.connection.request("GET", address.path)
        answer = self.connection.getresponse()
        answer.read()
        self.path = f"{answer.headers['Location']}runtime"
        self.session = self.send(navigate="start")["activity"]["session"]

    def send(
        self, changes: dict[str, str] | None = None, *, end: str | None = None, navigate: str | None = None
    ) -> dict[str, Any]:
        self.seq += 1
        body = {
            "session": self.session,
            "seq": self.seq,
            "key": uuid.uuid4().hex,
            "changes": changes or {},
            "initialized": self.session is not None,
            "end": end,
            "navigate": {"request": navigate, "target": None} if navigate else None,
        }
        self.connection.request("POST", self.path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise OSError(f"{answer.status} {text[:200]!r}")
        found: dict[str, Any] = json.loads(text)
        return found

    def run(self, until: float) -> None:
        try:
            self.open()
            number = 0
            while time.monotonic() < until:
                time.sleep(random.uniform(0.5, 1.5) * self.pause)
                began = time.perf_counter()
                self.send(_changes(number))
                self.times.append((time.perf_counter() - began) * 1000)
                number += 1
            self.send({"cmi.session_time": "PT1M", "cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            self.problems.append(repr(error))


def _changes(number: int) -> dict[str, str]:
    changes = {"cmi.location": str(number), "cmi.suspend_data": f"{number}" * 400, "cmi.session_time": f"PT{number}S"}
    if number % 5 == 0:
        prefix = f"cmi.interactions.{number // 5}."
        changes |= {prefix + "id": f"urn:q:{number}", prefix + "type": "choice", prefix + "learner_response": "a"}
    return changes


def _rest(running: Running, method: str, path: str, body: bytes, kind: str = "application/json") -> Any:
    headers = {**running.client.headers, "Content-Type": kind}
    request = urllib.request.Request(f"{running.client.url}/api/v2{path}", body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def _import(running: Running) -> None:
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="c.zip"\r\n\r\n'.encode()
    body = head + package(MANIFEST_2004, {"one": "", "two": ""}) + f"\r\n--{mark}--\r\n".encode()
    path = f"/courses/importJobs/upload?courseId={COURSE}"
    job = _rest(running, "POST", path, body, f"multipart/form-data; boundary={mark}")["result"]
    request = urllib.request.Request(
        f"{running.client.url}/api/v2/courses/importJobs/{job}", headers=running.client.headers
    )
    for _ in range(600):
        with urllib.request.urlopen(request, timeout=60) as answer:
            if json.load(answer)["status"] == "COMPLETE":
                return
        time.sleep(0.1)
    raise SystemExit("the course was not imported")


def _learners(running: Running, count: int, pause: float) -> list[Learner]:
    made = []
    for _ in range(count):
        name = uuid.uuid4().hex
        body = {"courseId": COURSE, "registrationId": name, "learner": {"id": name, "firstName": "Sim"}}
        _rest(running, "POST", "/registrations", json.dumps(body).encode())
        link = _rest(running, "POST", f"/registrations/{name}/launchLink", b'{"expiry": 3600}')["launchLink"]
        made.append(Learner(link, pause))
    return made


def _memory(running: Running) -> float:
    return sum(processes.memory_mib(pid) for pid in processes.tree(running.pid))


def measure(running: Running, count: int, pause: float, seconds: float) -> dict[str, Any]:
    """``count`` learners who pause for ``pause`` seconds on average, for ``seconds``."""
    learners = _learners(running, count, pause)
    before, cpu = _memory(running), running.cpu_seconds()
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=learner.run, args=(until,)) for learner in learners]
    for thread in threads:
        thread.start()
        # Learners do not all come in the same second.
        time.sleep(min(pause / count, 0.05))
    for thread in threads:
        thread.join()
    times = sorted(each for learner in learners for each in learner.times)
    spent = [after - then for after, then in zip(running.cpu_seconds(), cpu, strict=True)]
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return {
        "learners": count,
        "commits": len(times),
        "per_second": len(times) / seconds,
        "p50": cuts[49],
        "p95": cuts[94],
        "p99": cuts[98],
        "server_ms": spent[0] * 1000 / max(len(times), 1),
        "database_ms": spent[1] * 1000 / max(len(times), 1),
        "memory_before": before,
        "memory_after": _memory(running),
        "problems": [problem for learner in learners for problem in learner.problems],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-learners ARGS=…", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--learners", type=int, default=500, help="of the long phase; they pause for 10 s")
    parser.add_argument("--minutes", type=float, default=10, help="length of the long phase")
    parser.add_argument("--concurrent", type=int, default=50, help="of the short phase; they pause for 1 s")
    parser.add_argument("--seconds", type=float, default=60, help="length of the short phase")
    given = parser.parse_args(arguments)
    failed = 0
    with started(given.database, given.workers) as running:
        _import(running)
        for count, pause, seconds in (
            (given.concurrent, 1.0, given.seconds),
            (given.learners, 10.0, given.minutes * 60),
        ):
            if count and seconds:
                found = measure(running, count, pause, seconds)
                _print(found, pause)
                failed += len(found["problems"])
    return 1 if failed else 0


def _print(found: dict[str, Any], pause: float) -> None:
    print(
        f"{found['learners']} learners, a commit each {pause:.0f} s: {found['commits']} commits, "
        f"{found['per_second']:.1f}/s; round trip p50 {found['p50']:.1f} ms, p95 {found['p95']:.1f} ms, "
        f"p99 {found['p99']:.1f} ms; CPU a commit: server {found['server_ms']:.1f} ms, database {found['database_ms']:.1f} ms; "
        f"memory of the server {found['memory_before']:.0f} → {found['memory_after']:.0f} MiB; {len(found['problems'])} errors",
        flush=True,
    )
    for problem in found["problems"][:5]:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
