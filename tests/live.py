"""The real server for tests: gunicorn on free ports with its own data folder."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.db import db
from core.settings import Settings
from server.app import create_app
from server.database import upgrade
from tests.conftest import TestTenant, drop_postgres_database, make_postgres_database, make_tenant
from tests.run import free_port

ROOT = Path(__file__).resolve().parent.parent


# How long to wait for what will come (s): a busy machine is no fault.
PATIENCE = 60.0


def wait_until(what: str, check: Any, seconds: float = PATIENCE) -> Any:
    """The first true answer of ``check()``; AssertionError names ``what`` after ``seconds``."""
    until = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s (last: {found!r})"
        time.sleep(0.1)


@dataclass
class LiveServer:
    """``start`` returns when /readyz says so; ``stop`` waits for the end; ``tenant`` has a credential of scope ``all``."""

    database_url: str
    data_dir: Path
    redis_url: str = ""
    workers: int = 2
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    content_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def content(self) -> str:
        return f"http://127.0.0.1:{self.content_port}"

    @property
    def environment(self) -> dict[str, str]:
        given = {
            "REKAM_DATABASE_URL": self.database_url,
            "REKAM_DATA_DIR": str(self.data_dir),
            "REKAM_BASE_URL": self.base,
            "REKAM_CONTENT_URL": self.content,
            "REKAM_SECRET_KEY": "k" * 43,
            "REKAM_LOG_LEVEL": "WARNING",
            "REKAM_REDIS_URL": self.redis_url,
            "REKAM_WEBHOOK_NETWORKS": "127.0.0.0/8",
            **self.extra,
        }
        return {k: v for k, v in os.environ.items() if not k.startswith("REKAM_")} | {
            k: v for k, v in given.items() if v
        }

    def prepare(self) -> TestTenant:
        """Bring the database up to date and make a tenant in it."""
        app = create_app(Settings.from_env(self.environment))
        with app.app_context():
            upgrade()
            tenant = make_tenant()
            db.engine.dispose()
        return tenant

    def start(self) -> None:
        environment = self.environment | {
            "GUNICORN_BIND": f"127.0.0.1:{self.port},127.0.0.1:{self.content_port}",
            "WEB_CONCURRENCY": str(self.workers),
        }
        self.log = (self.data_dir / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "server/gunicorn_conf.py"],
            cwd=ROOT, env=environment, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        self.wait_ready()

    def wait_ready(self) -> None:
        until = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.base}/readyz", timeout=10) as answer:
                    if answer.status == 200:
                        return
            except (OSError, http.client.HTTPException):
                pass
            assert self.process, "not started"
            assert self.process.poll() is None, (self.data_dir / "server.log").read_text()[-3000:]
            time.sleep(0.1)
        raise AssertionError("not ready:\n" + (self.data_dir / "server.log").read_text()[-3000:])

    def worker_pids(self) -> list[int]:
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill_worker(self) -> None:
        """``kill -9`` one worker; gunicorn starts another."""
        pids = self.worker_pids()
        if pids:
            os.kill(pids[0], signal.SIGKILL)

    def rekam(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command on this installation."""
        command = [str(Path(sys.executable).with_name("rekam")), *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def stop(self) -> int:
        """SIGTERM and wait; returns the exit code."""
        assert self.process
        self.process.terminate()
        try:
            code = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        return code


@contextmanager
def live_server(database_url: str, data_dir: Path, **options: object) -> Iterator[tuple[LiveServer, TestTenant]]:
    """A running server on a database of its own, and a tenant in it."""
    server = LiveServer(database_url, data_dir, **options)  # type: ignore[arg-type]
    tenant = server.prepare()
    try:
        server.start()
        yield server, tenant
    finally:
        server.stop()


@contextmanager
def live_server_on(database: str, data_dir: Path, **options: object) -> Iterator[tuple[LiveServer, TestTenant]]:
    """As :func:`live_server`, on a fresh database of the kind ``database`` (see ``tests.conftest.DATABASES``)."""
    url = "" if database == "sqlite" else make_postgres_database()
    try:
        with live_server(url, data_dir, **options) as pair:
            yield pair
    finally:
        if url:
            drop_postgres_database(url)
