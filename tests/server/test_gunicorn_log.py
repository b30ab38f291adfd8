"""What gunicorn says of its workers reaches the log."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from tests.live import live_server, wait_until


def test_lines_of_workers_are_json(tmp_path: Path) -> None:
    with live_server("", tmp_path) as (live, _):
        with socket.create_connection(("127.0.0.1", live.port), 10) as client:
            client.sendall(b"\r\nno request\x00line\r\n\r\n")
            client.recv(1000)
        text = wait_until("a line of the worker", (tmp_path / "server.log").read_text)
    assert "Logging error" not in text
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert [(e["level"], e["logger"]) for e in found] == [("warning", "gunicorn.error")]
    assert "Invalid request" in found[0]["message"]
