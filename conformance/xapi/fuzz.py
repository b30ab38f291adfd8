"""Thousands of broken, hostile and nearly right requests to every route of /xapi: none may be answered with 5xx, or not at all.

    make fuzz-xapi COUNT=100000       on each database, against the real server

Requests are built by chance from right pieces and wrong ones (values, JSON, headers, methods, multipart) and sent as bytes on a socket,
so that nothing tidies them up. SEED repeats a run. Then each of the hostile bodies of the supplement is sent alone: refused in less
than a second.
"""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import sys
import tempfile
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from conformance.xapi.supplement.hostile import HOSTILE  # noqa: E402 - found by the path above

# A hostile body alone has to be refused in less.
SECONDS = 1.0
PATHS = (
    "/statements",
    "/activities/state",
    "/activities/profile",
    "/agents/profile",
    "/activities",
    "/agents",
    "/about",
    "/attachments/" + "0" * 64,
)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
PARAMETERS = (
    "statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_activities", "related_agents", "since",
    "until", "limit", "format", "attachments", "ascending", "more", "activityId", "stateId", "profileId", "method", "unknown",
)  # fmt: skip
TEXTS = (
    "", "x", "\0", "ä☃😀", "\ud800", "%00", "../../etc/passwd", "' OR 1=1 --", "x" * 3000, "\r\nX: 1", "null", "true", "-1", "1e999",
    "{", "[]", "{}", "\u202e", "*", '"', "\\", "9" * 400, "http://", "mailto:a@b", "en-US", "P1Y", "PT-1S", "2024-02-30T00:00:00Z",
    "2024-05-01T10:00:00+07:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z", "0000-00-00", "2024-05-01T10:00:00-00:00",
)  # fmt: skip
NUMBERS = (0, -1, 1, 0.5, 1e308, -1e308, 1e-320, 2**53 + 1, 2**63, -(2**64), 10**400, 3.0000000000000004)
TYPES = (
    "application/json", "application/json; charset=utf-8", "multipart/mixed; boundary=b", "multipart/mixed", "text/plain", "",
    "application/x-www-form-urlencoded", "application/octet-stream", "x", "application/json;" * 50, "\xff/\xfe", 'a/b; c="',
)  # fmt: skip
KNOWN = [str(uuid.UUID(int=n, version=4)) for n in range(40)]


class Maker:
    """Requests by chance; the same seed makes the same ones."""

    def __init__(self, seed: int, auth: str) -> None:
        self.random = random.Random(seed)
        self.auth = auth

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def one(self, choices: Any) -> Any:
        return self.random.choice(choices)

    # --- values -------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Mostly such as can be stored."""
        return (
            str(self.one(TEXTS))
            if self.chance(0.15)
            else str(self.one(("x", "", "ä☃😀", "null", "' OR 1=1 --", "%00", "en-US")))
        )

    def junk(self, depth: int = 0) -> Any:
        kind = self.random.randrange(8 if depth < 4 else 5)
        if kind == 5:
            return [self.junk(depth + 1) for _ in range(self.random.randrange(4))]
        if kind >= 6:
            return {self.text(): self.junk(depth + 1) for _ in range(self.random.randrange(4))}
        return self.one((None, True, False, self.one(NUMBERS), self.text(), self.text()))

    def agent(self) -> dict[str, Any]:
        identity: dict[str, Any] = self.one(
            (
                {"mbox": f"mailto:a{self.random.randrange(9)}@example.com"},
                {"mbox_sha1sum": "a" * 40},
                {"openid": "http://example.com/id"},
                {"account": {"homePage": "http://example.com", "name": self.text() or "n"}},
            )
        )
        if self.chance(0.2):
            return {"objectType": "Group", "name": "g", "member": [self.agent()]} | (
                identity if self.chance(0.5) else {}
            )
        return identity | ({"name": self.text()} if self.chance(0.3) else {})

    def activity(self) -> dict[str, Any]:
        found: dict[str, Any] = {"id": f"http://example.com/{self.random.randrange(9)}"}
        if self.chance(0.4):
            found["definition"] = {
                "name": {"en": self.text()},
                "type": "http://example.com/t",
                "extensions": {"http://example.com/x": self.junk()},
                "interactionType": self.one(("choice", "likert", "matching", "numeric", "other")),
                "choices": [{"id": self.text(), "description": {"en": "c"}}],
            }
        return found

    def target(self, depth: int) -> dict[str, Any]:
        kind = self.random.randrange(10)
        if kind < 5:
            return self.activity()
        if kind < 6:
            return {"objectType": "Agent"} | self.agent()
        if kind < 8 or depth:
            return {"objectType": "StatementRef", "id": self.one(KNOWN)}
        return {"objectType": "SubStatement"} | self.statement(depth + 1)

    def statement(self, depth: int = 0) -> dict[str, Any]:
        value: dict[str, Any] = {
            "actor": self.agent(),
            "verb": {"id": "http://example.com/v"},
            "object": self.target(depth),
        }
        if self.chance(0.15) and value["object"].get("objectType") == "StatementRef":
            value["verb"] = {"id": "http://adlnet.gov/expapi/verbs/voided"}
        if self.chance(0.4):
            value["result"] = {
                "score": {"scaled": self.one((0, 1, -1, 0.5)), "raw": self.one(NUMBERS)},
                "duration": self.one(("PT1S", "P1W", "PT1.234S", "P1DT2H", self.one(TEXTS))),
                "extensions": {"http://example.com/x": self.junk()},
            }
        if self.chance(0.4):
            value["context"] = {
                "registration": self.one(KNOWN),
                "instructor": self.agent(),
                "contextActivities": {"parent": [self.activity()], "other": [self.activity()]},
                "contextAgents": [{"objectType": "contextAgent", "agent": self.agent()}],
                "extensions": {"http://example.com/x": self.junk()},
            }
            for name in list(value["context"]):
                if self.chance(0.7 if name == "contextAgents" else 0.4):
                    del value["context"][name]
        if self.chance(0.5) and not depth:
            value["id"] = (
                self.one(KNOWN) if self.chance(0.5) else str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            )
        if self.chance(0.3):
            value["timestamp"] = "2024-05-01T10:00:00+07:00" if self.chance(0.7) else self.one(TEXTS[-6:])
        if self.chance(0.1):
            value["attachments"] = [
                {
                    "usageType": "http://example.com/u",
                    "display": {"en": "d"},
                    "contentType": "text/plain",
                    "length": 1,
                    "sha2": "0" * 64,
                }
                | ({"fileUrl": "http://example.com/f"} if self.chance(0.5) else {})
            ]
        return self.broken(value)

    def broken(self, value: dict[str, Any]) -> dict[str, Any]:
        """Sometimes one place at random holds something else."""
        if not self.chance(0.25):
            return value
        place: Any = value
        while True:
            key = self.one(list(place) if isinstance(place, dict) else range(len(place)))
            if isinstance(place[key], (dict, list)) and place[key] and self.chance(0.6):
                place = place[key]
                continue
            if isinstance(place, dict) and self.chance(0.3):
                del place[key]
            else:
                place[key] = self.junk()
            return value

    # --- requests -----------------------------------------------------------------------------------------------------

    def json(self) -> bytes:
        kind = self.random.randrange(10)
        value = (
            [self.statement() for _ in range(self.random.randrange(4))]
            if kind < 4
            else self.statement()
            if kind < 8
            else self.junk()
        )
        data = json.dumps(value, ensure_ascii=self.chance(0.5)).encode("utf-8", "surrogatepass")
        return self.cut(data) if self.chance(0.1) else data

    def cut(self, data: bytes) -> bytes:
        """Damaged bytes."""
        at = self.random.randrange(len(data) + 1)
        noise = bytes(self.random.randrange(256) for _ in range(self.random.randrange(4)))
        return self.one((data[:at], data[:at] + noise + data[at:], data + data, b"[" * 5000, noise))

    def multipart(self) -> bytes:
        parts = [b"Content-Type: application/json\r\n\r\n" + self.json()]
        for _ in range(self.random.randrange(3)):
            mark = self.one((b"0" * 64, b"zz", b"", b"\xff"))
            parts.append(
                b"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: "
                + mark
                + b"\r\n\r\n"
                + self.cut(b"content")
            )
        data = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
        return self.cut(data) if self.chance(0.3) else data

    def value_of(self, name: str) -> str:
        if self.chance(0.3):
            return str(self.one(TEXTS))
        if name == "agent":
            return json.dumps(self.broken(self.agent()))
        if name in ("activity", "verb", "activityId"):
            return str(self.activity()["id"])
        if name in ("statementId", "voidedStatementId", "registration"):
            return str(self.one(KNOWN))
        return str(self.one(("true", "false", "0", "5", "ids", "canonical", "s", "2024-05-01T10:00:00Z", "GET", "PUT")))

    def query(self, path: str) -> str:
        wanted = {
            "/activities/state": ["activityId", "agent", "stateId"],
            "/activities/profile": ["activityId", "profileId"],
            "/agents/profile": ["agent", "profileId"],
            "/activities": ["activityId"],
            "/agents": ["agent"],
        }.get(path, [])
        names = [n for n in wanted if self.chance(0.9)] + [
            self.one(PARAMETERS) for _ in range(self.random.choice((0, 0, 1, 2)))
        ]
        pairs = [f"{n}={quote(self.value_of(n).encode('utf-8', 'surrogatepass'), safe='')}" for n in names]
        if self.chance(0.03):
            pairs.append(self.one(("%", "%ff%fe", "=", "&&", "a=%ED%A0%80", "agent=%7B%22")))
        return "&".join(pairs)

    def request(self) -> bytes:
        path = self.one(PATHS[:6]) if self.chance(0.9) else self.one(PATHS)
        method = self.one(METHODS[:4]) if self.chance(0.95) else self.one(METHODS)
        if path == "/statements" and self.chance(0.6):
            method = "POST"
        query = "" if (path, method) == ("/statements", "POST") and self.chance(0.9) else self.query(path)
        body = b"" if method in ("GET", "HEAD", "OPTIONS") else self.multipart() if self.chance(0.15) else self.json()
        kind = "multipart/mixed; boundary=b" if body.startswith(b"--b") else "application/json"
        headers = [
            ("Host", "HOST"),
            (
                "Authorization",
                self.auth if self.chance(0.98) else self.one(("", "Basic x", "Bearer x.y", "Basic " + "A" * 900)),
            ),
            (
                "X-Experience-API-Version",
                self.one(("2.0.0", "1.0.3")) if self.chance(0.97) else self.one(("", "1.1", "\xff", "2" * 99)),
            ),
            ("Content-Type", kind if self.chance(0.9) else self.one(TYPES)),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        for name in ("If-Match", "If-None-Match", "Accept-Language", "Idempotency-Key", "Range"):
            if self.chance(0.15):
                headers.append(
                    (name, self.one(("*", '"x"', 'W/"x"', "", "en;q=x, *", "bytes=5-1", "\xe9", "," * 50, "k" * 300)))
                )
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{method} /xapi{path}{'?' + query if query else ''} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


@dataclass
class Result:
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[tuple[int, bytes, bytes]] = field(default_factory=list)

    def add(self, status: int, request: bytes, answer: bytes) -> None:
        self.statuses[status] += 1
        if not 100 <= status < 500:
            self.failures.append((status, request, answer))


def send(port: int, request: bytes) -> tuple[int, bytes]:
    """Status (0: no answer) and the beginning of the answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
            connection.sendall(request.replace(b"Host: HOST", f"Host: localhost:{port}".encode(), 1))
            answer = b""
            while piece := connection.recv(65536):
                answer = (answer + piece)[:2000]
        return int(answer.split(b" ", 2)[1]), answer
    except (OSError, IndexError, ValueError) as problem:
        return 0, repr(problem).encode()


def authorization(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def run(port: int, key: str, secret: str, count: int, seed: int, connections: int = 8) -> Result:
    auth = authorization(key, secret)
    result = Result()

    def work(number: int) -> list[tuple[int, bytes, bytes]]:
        maker = Maker(seed * 1000 + number, auth)
        done = []
        for _ in range(count // connections + (number < count % connections)):
            request = maker.request()
            done.append((*send(port, request), request))
        return done

    with ThreadPoolExecutor(connections) as pool:
        for done in pool.map(work, range(connections)):
            for status, answer, request in done:
                result.add(status, request, answer)
    return result


def refuse(port: int, key: str, secret: str) -> bool:
    """Send each hostile body alone; whether all were refused in time."""
    auth = authorization(key, secret)
    good, slowest = True, (0.0, "")
    for name, body in HOSTILE.items():
        head = (
            f"POST /xapi/statements HTTP/1.1\r\nHost: HOST\r\nAuthorization: {auth}\r\nConnection: close\r\n"
            f"X-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        status, answer = send(port, head.encode() + body)
        seconds = time.monotonic() - began
        slowest = max(slowest, (seconds, name))
        if not 400 <= status < 500 or seconds >= SECONDS:
            good = False
            print(f"  ✗ {name}: {status} after {seconds:.2f} s\n{answer[:600]!r}")
    print(
        f"  {len(HOSTILE)} hostile bodies, each alone: the slowest took {slowest[0]:.2f} s ({slowest[1]})", flush=True
    )
    return good


def main() -> int:
    from tests.conftest import drop_postgres_database, make_postgres_database
    from tests.live import live_server

    count, seed = int(os.environ.get("COUNT") or 100_000), int(os.environ.get("SEED") or time.time())
    failed = False
    for database in (os.environ.get("DATABASES") or "sqlite,postgresql").split(","):
        print(f"· {count:,} requests on {database}, SEED={seed} …", flush=True)
        url = "" if database == "sqlite" else make_postgres_database()
        began, left, statuses = time.monotonic(), count, Counter[int]()
        with (
            tempfile.TemporaryDirectory(prefix="rekam-fuzz-") as folder,
            live_server(url, Path(folder)) as (live, tenant),
        ):
            while left > 0:
                result = run(live.port, tenant.key, tenant.secret, min(left, 5000), seed + left)
                left -= 5000
                statuses += result.statuses
                failed |= bool(result.failures)
                for status, request, answer in result.failures[:3]:
                    print(f"  ✗ {status}\n{request[:3000]!r}\n{answer[:600]!r}")
                print(
                    f"  {statuses.total():,} in {time.monotonic() - began:.0f} s: {dict(sorted(statuses.items()))}",
                    flush=True,
                )
            failed |= not refuse(live.port, tenant.key, tenant.secret)
        if url:
            drop_postgres_database(url)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
