"""What is measured. Each phase returns plain figures by name; latencies in ms, CPU in ms per 1,000 statements."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from bench import processes, statements
from bench.load import Request
from bench.servers import Running

STATEMENTS = "/xapi/statements"
STATE = "/xapi/activities/state"
WRITES = ((1, 8), (1, 32), (50, 1), (50, 8), (500, 1), (500, 8))
LIMIT = 50
LOADING_BATCH, LOADING_CONNECTIONS = 500, 4

Figures = dict[str, Any]
Tell = Callable[[str], None]


def posts(seed: int, size: int, count: int) -> list[Request]:
    """``count`` requests with ``size`` statements each; their ids are set when they are sent."""
    source = statements.generate(seed)
    found = []
    for _ in range(count):
        several = list(itertools.islice(source, size))
        found.append(Request("POST", STATEMENTS, statements.packed(several if size > 1 else several[0])))
    return found


def send(running: Running, requests: list[Request], connections: int, seconds: float, each: int = 1) -> Figures:
    """Send; adds CPU of server and database in ms per 1,000 of what a request holds ``each`` of."""
    before = running.cpu_seconds()
    found = running.client.send(requests, connections, seconds)
    done = max((found["requests"] - found["failed"]) * each, 1)
    for name, after, was in zip(("server", "database"), running.cpu_seconds(), before, strict=True):
        found[f"cpu_{name}"] = (after - was) * 1e6 / done
    return found


def write(running: Running, seconds: float, tell: Tell) -> Figures:
    """Single posts and batches, at several numbers of connections."""
    running.client.send(posts(1, 1, 500), 8, min(3, seconds))  # warm up
    found = {}
    for size, connections in WRITES:
        one = send(running, posts(size, size, max(2000 // size, 8)), connections, seconds, size)
        one["statements_per_second"] = one["per_second"] * size
        times = "connection" if connections == 1 else "connections"
        found[f"{f'batch of {size}' if size > 1 else 'single'}, {connections} {times}"] = one
        tell(
            f"{size} x {connections}: {one['statements_per_second']:.0f}/s, p50 {one['p50']:.1f} ms, {one['failed']} failed"
        )
    return found


def load(running: Running, total: int, tell: Tell) -> None:
    """Bring the store to ``total`` statements more."""
    source = iter(posts(7, LOADING_BATCH, 40))
    bodies = itertools.cycle(list(source))
    left, lock = -(-total // LOADING_BATCH), threading.Lock()
    sent = 0

    def work() -> None:
        nonlocal left, sent
        connection = running.client.connect()
        while True:
            with lock:
                if left <= 0:
                    return
                left, body = left - 1, next(bodies)
            status, answer = running.client.one(connection, body)
            if status != 200:
                raise RuntimeError(f"loading failed: {status} {answer[:200]!r}")
            with lock:
                sent += LOADING_BATCH
                if sent % 50_000 < LOADING_BATCH:
                    tell(f"loaded {sent}")

    threads = [threading.Thread(target=work) for _ in range(LOADING_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if sent < total:
        raise RuntimeError("loading failed")


def kinds(running: Running) -> dict[str, list[str]]:
    """Query strings of each kind of query."""
    rng = random.Random(3)
    people = rng.sample(range(statements.AGENTS), 200)
    pairs = [(p, rng.randrange(statements.ACTIVITIES)) for p in people]

    def agent(number: int) -> str:
        return statements.packed(statements.agent(number))

    moments = [f"{m[:23]}Z" for m in _stored(running)]
    nobody = statements.packed({"mbox": "mailto:nobody@campus.example"})
    found: dict[str, list[dict[str, Any]]] = {
        "newest": [{}],
        "oldest": [{"ascending": "true"}],
        "agent": [{"agent": agent(p)} for p in people],
        "verb": [{"verb": statements.verb(v)} for v in statements.VERBS],
        "activity": [{"activity": statements.lesson(a)} for a in range(statements.ACTIVITIES)],
        "registration": [{"registration": statements.registration(p, a)} for p, a in pairs],
        "related activity (parent)": [
            {"activity": statements.module(a), "related_activities": "true"} for a in range(statements.MODULES)
        ],
        "related agent (instructor)": [
            {"agent": statements.packed(statements.teacher(a)), "related_agents": "true"}
            for a in range(statements.COURSES)
        ],
        "agent and activity": [{"agent": agent(p), "activity": statements.lesson(a)} for p, a in pairs],
        "agent, verb and since": [
            {"agent": agent(p), "verb": statements.verb("answered"), "since": moments[p % len(moments)]} for p in people
        ],
        "since and until": [{"since": a, "until": b} for a, b in itertools.pairwise(moments)],
        "since, ascending": [{"since": a, "ascending": "true"} for a in moments],
        "agent, format ids": [{"agent": agent(p), "format": "ids"} for p in people],
        "agent, format canonical": [{"agent": agent(p), "format": "canonical"} for p in people],
        "unknown agent": [{"agent": nobody}],
    }
    return {name: [urlencode({"limit": LIMIT} | q) for q in queries] for name, queries in found.items()}


def reads(running: Running) -> list[Request]:
    """A few queries of each kind."""
    return [Request("GET", f"{STATEMENTS}?{q}") for queries in kinds(running).values() for q in queries[:5]]


def _pages(running: Running, count: int) -> Iterator[dict[str, Any]]:
    """Some pages, newest first."""
    connection, path = running.client.connect(), f"{STATEMENTS}?limit=500"
    for _ in range(count):
        _, answer = running.client.one(connection, Request("GET", path))
        page = json.loads(answer)
        yield page
        path = page["more"]
        if not path:
            return


def _stored(running: Running) -> list[str]:
    """Moments within the store, oldest first."""
    return sorted({page["statements"][-1]["stored"] for page in _pages(running, 20)})


def query(running: Running, seconds: float, tell: Tell) -> Figures:
    """Each kind of query at one connection, a page of 50."""
    found = {}
    tried = {name: [Request("GET", f"{STATEMENTS}?{q}") for q in queries] for name, queries in kinds(running).items()}
    ids = [s["id"] for page in _pages(running, 4) for s in page["statements"]]
    tried["one by id"] = [Request("GET", f"{STATEMENTS}?statementId={i}") for i in ids]
    tried["more"] = [Request("GET", page["more"]) for page in _pages(running, 10) if page["more"]]
    for name, requests in tried.items():
        found[name] = send(running, requests, 1, seconds)
        tell(
            f"{name}: p50 {found[name]['p50']:.1f} ms, p99 {found[name]['p99']:.1f} ms, {found[name]['failed']} failed"
        )
    return found


def state(running: Running, seconds: float, tell: Tell) -> Figures:
    """State documents of half a KB, 8 connections."""
    body = statements.packed({"location": "page-7", "suspend_data": "x" * 450})
    places = [
        urlencode(
            {
                "activityId": statements.lesson(n),
                "agent": statements.packed(statements.agent(n)),
                "registration": statements.registration(n, n),
                "stateId": "resume",
            }
        )
        for n in range(1000)
    ]
    found: Figures = {}
    for method, content in (("PUT", body), ("GET", "")):
        # A slow machine may not have got through all of them: read what is there.
        written = found["state PUT"]["requests"] - 8 if found else len(places)
        requests = [Request(method, f"{STATE}?{place}", content) for place in places[: max(written, 1)]]
        found[f"state {method}"] = send(running, requests, 8, seconds)
        tell(f"state {method}: {found[f'state {method}']['per_second']:.0f}/s")
    return found


def memory(running: Running, seconds: float, tell: Tell) -> Figures:
    """MiB of each worker while writes and reads go on; drift is from the end of the first fifth to the end."""
    work = [*posts(11, 50, 40), *reads(running), *posts(12, 1, 100)]
    samples: list[list[float]] = []
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        running.client.send(work, 8, max(2, seconds / 10))
        samples.append([processes.memory_mib(pid) for pid in running.workers()])
        tell(f"memory of workers: {', '.join(f'{m:.0f}' for m in samples[-1])} MiB")
    settled = samples[len(samples) // 5]
    return {
        "largest": max(max(s) for s in samples),
        "drift_percent": max((b - a) / a * 100 for a, b in zip(settled, samples[-1], strict=True)),
        "samples": samples,
    }
