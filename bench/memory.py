"""Whether workers keep their size: `make bench-memory` (ARGS="--database sqlite --statements 1000000 --attachments 1000").

Batches of 500 statements, statements with an attachment of 1 MiB each, and pages of 50 pass through a server. Prints the memory of each
worker as it goes; exit code 1 when one has grown by GROWTH percent or more since the first fifth was through. Before that
the same goes on for a little more than a minute, within which each worker does its periodic work for the first time.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable

from bench import phases, processes, servers, statements
from bench.load import Client, Request

BATCH, CONNECTIONS, SAMPLES, GROWTH = 500, 4, 20, 5.0
WARM_UP_SECONDS = 65.0
SIZE = 1 << 20
BOUNDARY = "memory-of-workers"
# Sends a request; the status of its answer.
Send = Callable[[Client], int]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-memory", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--attachments", type=int, default=1_000, help="MiB")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server")
    options = parser.parse_args()
    # So that server and database end with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    batches = options.statements // BATCH
    with servers.started(options.database, options.workers) as running:
        phases.load(running, 20 * BATCH, print)  # so that the first pages have something to show
        posts, reads = itertools.cycle(phases.posts(7, BATCH, 20)), itertools.cycle(phases.reads(running))
        warm = time.monotonic() + WARM_UP_SECONDS
        while time.monotonic() < warm:
            _pass(running, [_sending(next(requests)) for _ in range(BATCH) for requests in (posts, reads)], BATCH // 4)
        samples = []
        for n in range(1, SAMPLES + 1):
            several = [_sending(next(requests)) for _ in range(batches // SAMPLES) for requests in (posts, reads)]
            samples.append(_pass(running, several, options.attachments // SAMPLES))
            print(f"{n / SAMPLES:>4.0%} {', '.join(f'{size:.0f}' for size in samples[-1])} MiB", flush=True)
    settled, end = samples[SAMPLES // 5 - 1], samples[-1]
    growth = max((after - before) / before * 100 for before, after in zip(settled, end, strict=True))
    print(f"largest {max(map(max, samples)):.0f} MiB, grown by {growth:+.1f} % since the first fifth")
    sys.exit(growth >= GROWTH)


def _pass(running: servers.Running, several: list[Send], attachments: int) -> list[float]:
    """Send them, with so many attachments in between; the MiB of each worker afterwards."""
    work: queue.Queue[Send] = queue.Queue()
    for number in range(max(len(several) // 2, attachments)):
        for send in several[2 * number : 2 * number + 2]:
            work.put(send)
        if number < attachments:
            work.put(_attach)
    failures: list[object] = []
    threads = [threading.Thread(target=_work, args=(running.client, work, failures)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} requests failed: {failures[0]}")
    return [processes.memory_mib(pid) for pid in running.workers()]


def _work(client: Client, work: queue.Queue[Send], failures: list[object]) -> None:
    while not failures:
        try:
            send = work.get_nowait()
        except queue.Empty:
            return
        try:
            if (status := send(client)) != 200:
                failures.append(status)
        except OSError as error:
            failures.append(error)


def _sending(request: Request) -> Send:
    return lambda client: client.one(client.connect(), request)[0]


def _attach(client: Client) -> int:
    """One statement with SIZE bytes that nobody has sent before."""
    content = os.urandom(SIZE)
    sha2 = hashlib.sha256(content).hexdigest()
    statement = next(statements.generate(int(sha2[:8], 16))) | {
        "attachments": [
            {
                "usageType": "http://id.tincanapi.com/attachment/supporting_media",
                "display": {"en": "A recording"},
                "contentType": "application/octet-stream",
                "length": SIZE,
                "sha2": sha2,
            }
        ]
    }
    statement.pop("id", None)
    head = (
        f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{statements.packed(statement)}\r\n--{BOUNDARY}\r\n"
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
        f"X-Experience-API-Hash: {sha2}\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    connection = client.connect()
    headers = client.headers | {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}
    connection.request("POST", phases.STATEMENTS, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


if __name__ == "__main__":
    main()
