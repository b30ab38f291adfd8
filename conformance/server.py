"""A server as in production, on a fresh database, for the conformance runners.

Environment: ``TEST_POSTGRES_URL`` (a database in which others may be created).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.run import free_port

ROOT = Path(__file__).resolve().parents[1]
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
KEY, SECRET = "conformance", "conformance-secret"


@contextmanager
def running_server(database: str) -> Iterator[str]:
    """gunicorn on a fresh ``sqlite`` or ``postgresql`` database with the credential KEY, SECRET; yields the base URL."""
    folder = Path(tempfile.mkdtemp(prefix="rekam-conformance-"))
    with fresh_database(database, folder) as url:
        port, content_port = free_port(), free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("REKAM_")} | {
            "REKAM_DATA_DIR": str(folder),
            "REKAM_DATABASE_URL": url,
            "REKAM_BASE_URL": f"http://localhost:{port}",
            "REKAM_CONTENT_URL": f"http://127.0.0.1:{content_port}",
            "REKAM_LOG_LEVEL": "ERROR",
            "GUNICORN_BIND": f"127.0.0.1:{port},127.0.0.1:{content_port}",
        }
        subprocess.run([sys.executable, "-m", "conformance.server"], env=environment, cwd=ROOT, check=True)
        command = [sys.executable, "-m", "gunicorn", "-c", "server/gunicorn_conf.py"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            wait_until_up(f"http://localhost:{port}/readyz")
            yield f"http://localhost:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(40)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'rekam.sqlite3'}"
        return
    import psycopg2

    name = f"rekam_conformance_{uuid.uuid4().hex[:12]}"
    connection = psycopg2.connect(POSTGRES)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRES.rsplit('/', 1)[0]}/{name}"
    finally:
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.close()


def prepare() -> None:
    """Migrate the database of the environment and make the credential."""
    from core import credentials, tenants
    from core.db import unit_of_work
    from server.app import create_app
    from server.database import upgrade

    app = create_app()
    with app.app_context():
        upgrade()
        with unit_of_work():
            tenant = tenants.create("Conformance")
            credentials.create(tenant.id, ["all"], key=KEY, secret=SECRET)


def wait_until_up(url: str) -> None:
    # Several answers, so that every worker has started: a suite may take its first measure of time from the first request.
    answered = 0
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=10):
                answered += 1
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        if answered > 10:
            return
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    prepare()
