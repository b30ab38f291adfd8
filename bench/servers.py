"""A database and a server for one measurement, with default durability, thrown away afterwards."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psycopg2

from bench import processes
from bench.load import Client
from tests.run import ROOT, free_port, start_postgres

KEY, SECRET = "bench", "bench-secret"


@dataclass(frozen=True)
class Running:
    """A server under measurement. ``database_pid`` is the postmaster's, None with SQLite."""

    client: Client
    pid: int
    database: str
    database_url: str
    database_pid: int | None
    folder: Path

    def cpu_seconds(self) -> tuple[float, float]:
        """Of the server and of the database."""
        return processes.cpu_seconds(self.pid), processes.cpu_seconds(self.database_pid) if self.database_pid else 0.0

    def workers(self) -> list[int]:
        return [pid for pid in processes.tree(self.pid) if pid != self.pid]


@contextmanager
def started(database: str, workers: int) -> Iterator[Running]:
    """``database`` is postgresql or sqlite."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="rekam-bench-", ignore_cleanup_errors=True))
        )
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("REKAM_")} | {
            "REKAM_DATA_DIR": str(folder),
            "REKAM_BASE_URL": f"http://localhost:{port}",
            "REKAM_BOOTSTRAP_KEY": KEY,
            "REKAM_BOOTSTRAP_SECRET": SECRET,
        }
        url = start_postgres(stack) if database == "postgresql" else ""
        if url:
            environment["REKAM_DATABASE_URL"] = url
        command = [str(Path(sys.executable).with_name("rekam"))]
        subprocess.run(
            [*command, "bootstrap", "--no-demo"], env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
        log = stack.enter_context(open(folder / "log", "w"))
        serve = [*command, "serve", "--port", str(port), "--content-port", str(free_port()), "--workers", str(workers)]
        process = subprocess.Popen(serve, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        _wait(port)
        client = Client(f"http://localhost:{port}", KEY, SECRET)
        yield Running(client, process.pid, database, url, _postmaster(url) if url else None, folder)


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            with urlopen(f"http://localhost:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not become ready")


def _postmaster(url: str) -> int:
    connection = psycopg2.connect(url)
    try:
        return processes.parent(connection.info.backend_pid)
    finally:
        connection.close()


def surroundings(running: Running) -> dict[str, str]:
    """What the figures depend on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = {
        "Machine": f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB",
        "Software": f"Python {platform.python_version()}, Linux {platform.release().split('-')[0]}",
        "Load generator": f"{running.client.generator}, on the same machine",
        "Database": "SQLite, WAL, synchronous FULL",
    }
    if running.database_url:
        connection = psycopg2.connect(running.database_url)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
            )
            version, fsync, commit = cursor.fetchone() or ("?", "?", "?")
        connection.close()
        found["Database"] = f"PostgreSQL {version.split()[0]} as installed (fsync {fsync}, synchronous_commit {commit})"
    return found
