"""Load over HTTP and its latencies: by `wrk` where it is installed, else by threads of Python (slower: the client may become the limit)."""

from __future__ import annotations

import base64
import http.client
import json
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.statements import ID

# Each line of the file is METHOD, tab, path, tab, body; every id is new in every sending.
_LUA = r"""
local lines, at, rnd = {}, 0, math.random
local function id()
  return string.format("%08x-%04x-4%03x-%04x-%06x%06x", rnd(0, 4294967295), rnd(0, 65535), rnd(0, 4095), rnd(32768, 49151),
    rnd(0, 16777215), rnd(0, 16777215))
end
function init(args)
  math.randomseed(tonumber(args[2]))
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(.-)\t(.-)\t(.*)$")
    lines[#lines + 1] = {method, path, body ~= "" and body or nil}
  end
end
function request()
  at = at % #lines + 1
  local one = lines[at]
  return wrk.format(one[1], one[2], nil, one[3] and one[3]:gsub("@@", id) or nil)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %d, "seconds": %f, "failed": %d, "p50": %f, "p95": %f, "p99": %f}\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: str = ""


class Client:
    """Sends to one server as one credential."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self.url = url
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self.headers = {
            "Authorization": f"Basic {token}",
            "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        }
        self.generator = "wrk" if shutil.which("wrk") else "Python threads"

    def send(self, requests: Iterable[Request], connections: int, seconds: float) -> dict[str, Any]:
        """Repeat ``requests`` in turn for ``seconds``; requests, failed, per_second, p50, p95 and p99 in ms."""
        run = self._wrk if self.generator == "wrk" else self._threads
        found = run(list(requests), connections, seconds)
        found["per_second"] = (found["requests"] - found["failed"]) / found["seconds"]
        return found

    def _wrk(self, requests: list[Request], connections: int, seconds: float) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            script, lines = Path(folder, "load.lua"), Path(folder, "requests")
            script.write_text(_LUA)
            lines.write_text("".join(f"{r.method}\t{r.path}\t{r.body}\n" for r in requests))
            headers = [part for name, value in self.headers.items() for part in ("-H", f"{name}: {value}")]
            command = [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds:.0f}s",
                "--timeout",
                "60s",
                "-s",
                str(script),
                *headers,
            ]
            command += [self.url, "--", str(lines), str(random.getrandbits(31))]
            printed = subprocess.run(command, capture_output=True, text=True, check=False)
        match = re.search(r"^RESULT (.*)$", printed.stdout, re.M)
        if match is None:
            raise RuntimeError(f"wrk failed: {printed.stdout}{printed.stderr}")
        found: dict[str, Any] = json.loads(match.group(1).replace("-nan", "0").replace("nan", "0"))
        return found

    def _threads(self, requests: list[Request], connections: int, seconds: float) -> dict[str, Any]:
        latencies: list[float] = []
        failures: list[int] = []
        started = time.perf_counter()

        def work(number: int) -> None:
            connection, at = self.connect(), number
            while time.perf_counter() - started < seconds:
                began = time.perf_counter()
                status, _ = self.one(connection, requests[at % len(requests)])
                latencies.append((time.perf_counter() - began) * 1000)
                if status >= 400:
                    failures.append(status)
                at += connections

        threads = [threading.Thread(target=work, args=(n,)) for n in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        marks = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else latencies * 99
        return {
            "requests": len(latencies),
            "seconds": time.perf_counter() - started,
            "failed": len(failures),
            **{f"p{p}": marks[p - 1] for p in (50, 95, 99)},
        }

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def one(self, connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
        body = re.sub(ID, lambda _: str(uuid.uuid4()), request.body).encode() or None
        connection.request(request.method, request.path, body, self.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
