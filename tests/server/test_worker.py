"""Connections are shared out among the workers of a real server."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from operator import le
from pathlib import Path

from server.worker import Shares
from tests.live import LiveServer, live_server, wait_until

CONNECTIONS = 16


def sockets(pid: int) -> int:
    """How many connections a process has open."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


def parts(server: LiveServer, workers: list[int], idle: list[int]) -> list[int]:
    """How many of as many new connections each worker takes."""
    wait_until("the connections of before are closed", lambda: all(map(le, map(sockets, workers), idle)), 30)
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(CONNECTIONS)]
        for one in opened:
            one.sendall(f"GET /healthz HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
        for one in opened:
            assert one.recv(1000).startswith(b"HTTP/1.1 200")
        return [sockets(pid) - was for pid, was in zip(workers, idle, strict=True)]


def test_every_worker_gets_its_part(tmp_path: Path) -> None:
    with live_server("", tmp_path) as (server, _):
        workers = wait_until("two workers", lambda: found if len(found := server.worker_pids()) == 2 else None)
        idle = [sockets(pid) for pid in workers]

        def fair() -> bool:
            return min(parts(server, workers, idle)) >= CONNECTIONS // 4

        # The second one may still be on its way when the first answers.
        wait_until("both take connections", fair, 30)
        rounds = [parts(server, workers, idle) for _ in range(10)]
        assert all(min(taken) >= CONNECTIONS // 4 for taken in rounds), rounds


def test_who_has_ended_has_no_part() -> None:
    shares = Shares()
    assert shares.least() == 0
    shares.tell(1, 5)
    shares.tell(2, 3)
    assert shares.least() == 3
    shares.forget(2)
    assert shares.least() == 5
