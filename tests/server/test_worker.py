"""Connections are shared out among the workers of a real server."""

from __future__ import annotations

import http.client
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

from server.worker import Shares
from tests.live import LiveServer, live_server, wait_until

CONNECTIONS = 16
ROUNDS = 10


def connections(pid: int, port: int) -> int:
    """How many connections to ``port`` a process has accepted and not closed."""
    inodes = {
        line[9]
        for line in map(str.split, Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:])
        if line[3] == "01" and int(line[1].rpartition(":")[2], 16) == port
    }
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{name}").removeprefix("socket:[").removesuffix("]") in inodes
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


def parts(server: LiveServer, workers: list[int]) -> list[int]:
    """How many of as many new connections each worker takes."""
    wait_until("the connections of before are closed", lambda: not any(connections(p, server.port) for p in workers))
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(CONNECTIONS)]
        for one in opened:
            one.sendall(f"GET /healthz HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
        for one in opened:
            assert one.recv(1000).startswith(b"HTTP/1.1 200")
        return [connections(pid, server.port) for pid in workers]


def test_every_worker_gets_its_part(tmp_path: Path) -> None:
    with live_server("", tmp_path) as (server, _):
        workers = wait_until("two workers", lambda: found if len(found := server.worker_pids()) == 2 else None)
        least: list[int] = []

        def fair() -> bool:
            """In ten rounds: the one with fewer gets a quarter on the average. A worker that is not run has to let one go."""
            least.append(min(parts(server, workers)))
            return len(least) >= ROUNDS and sum(least[-ROUNDS:]) >= ROUNDS * CONNECTIONS // 4

        # The second one may still be on its way when the first answers, and a busy machine leaves one of them waiting.
        wait_until("both take connections", fair, 180)


def test_who_has_ended_has_no_part() -> None:
    shares = Shares()
    assert shares.least() == 0
    shares.tell(1, 5)
    shares.tell(2, 3)
    assert shares.least() == 3
    shares.forget(2)
    assert shares.least() == 5


def test_busy_clients_leave_room_for_others(tmp_path: Path) -> None:
    """A thread stays with a client that goes on asking, but not while others wait for a thread."""
    answers = [0] * 5
    ends = 0.0

    def ask(number: int, port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            while time.monotonic() < ends or not answers[number]:
                connection.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
                answer = connection.getresponse()
                assert (answer.status, bool(answer.read())) == (200, True)
                answers[number] += 1

    one = {"workers": 1, "extra": {"GUNICORN_THREADS": "2"}}
    with live_server("", tmp_path, **one) as (server, _), ThreadPoolExecutor(len(answers)) as clients:
        ends = time.monotonic() + 3
        list(clients.map(ask, range(len(answers)), [server.port] * len(answers)))
    assert min(answers) > max(answers) / 20, answers


def test_a_large_body_that_nobody_reads_ends_the_connection_and_the_answer_says_so(tmp_path: Path) -> None:
    with live_server("", tmp_path, workers=1) as (server, _):
        for size, connection in ((1000, "keep-alive"), (10 << 20, "close")):
            with socket.create_connection(("127.0.0.1", server.port), 30) as client:
                head = (
                    f"POST /xapi/statements HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Length: {size}\r\n\r\n"
                )
                client.sendall(head.encode() + b"x" * min(size, 2000))
                answer = http.client.HTTPResponse(client)
                answer.begin()
                assert (answer.status, bool(answer.read())) == (401, True)
                assert answer.headers["Connection"] == connection
                client.sendall(head.encode())
                went_on = answer_of(client)
                assert went_on == (connection == "keep-alive")


def answer_of(client: socket.socket) -> bool:
    """Whether there is another answer."""
    try:
        return client.recv(1000).startswith(b"HTTP/1.1")
    except ConnectionError:
        return False
