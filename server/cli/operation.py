"""Commands that run and check an installation: serve, worker, bootstrap, db, config, doctor."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from pathlib import Path

import click
from rich.panel import Panel
from rich.table import Table

from core.errors import Invalid
from server.cli.context import Context, pass_context, shared

_ROOT = Path(__file__).resolve().parents[2]
# Seconds that a port may take to become free.
PORT_PATIENCE = 5.0


@click.command()
@shared
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Console and API.")
@click.option("--content-port", type=click.IntRange(0, 65535), help="Player and courses; default: PORT + 1.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; default: WEB_CONCURRENCY or 2.")
@pass_context
def serve(context: Context, host: str, port: int, content_port: int | None, workers: int | None) -> None:
    """Serve with gunicorn. Addresses that people use are REKAM_BASE_URL and REKAM_CONTENT_URL."""
    content_port = port + 1 if content_port is None else content_port
    if content_port == port:
        raise Invalid("--content-port must differ from --port: courses need an origin of their own")
    environ = context.environ
    environ.setdefault("REKAM_BASE_URL", f"http://localhost:{port}")
    environ.setdefault("REKAM_CONTENT_URL", f"http://127.0.0.1:{content_port}")
    if workers:
        environ["WEB_CONCURRENCY"] = str(workers)
    shown = f"[{host}]" if ":" in host else host
    environ["GUNICORN_BIND"] = f"{shown}:{port},{shown}:{content_port}"
    # The memory of glibc's arenas, one for each thread, is never given back; few are enough where one thread runs at a time.
    environ.setdefault("MALLOC_ARENA_MAX", "2")
    settings = context.settings
    with context.app():
        pass  # here, not in each process of gunicorn, is said what keeps it from serving
    for number in (port, content_port):
        _check_port(host, number)
    context.say(f"Console and API: {settings.base_url}    Courses: {settings.content_url}")
    arguments = [sys.executable, "-m", "server.cli.gunicorn", "--pythonpath", str(_ROOT)]
    arguments += ["-c", str(_ROOT / "server" / "gunicorn_conf.py")]
    # The same process, so that signals reach gunicorn.
    os.execve(sys.executable, arguments, environ)  # noqa: S606


def _check_port(host: str, port: int) -> None:
    """:class:`Invalid` where nothing can listen, after as long as one who is just ending may take."""
    until = time.monotonic() + PORT_PATIENCE
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(address)
                return
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < until:
                time.sleep(0.2)
                continue
            advice = "; is Rekam running already? Choose others: --port and --content-port, or make run PORT=… CONTENT_PORT=…"
            reason = f"{error.strerror}{advice if error.errno == errno.EADDRINUSE else ''}"
            raise Invalid(f"cannot listen on port {port} of {host}: {reason}") from None


@click.command()
@shared
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="RQ worker processes.")
@pass_context
def worker(context: Context, processes: int) -> None:
    """Work on jobs from Redis, and sweep the outbox. Needs REKAM_REDIS_URL."""
    if not context.settings.redis_url:
        raise Invalid("REKAM_REDIS_URL is not set: without Redis the web processes do the jobs themselves")
    from server import queue

    # The RQ processes read their settings from the environment.
    os.environ.update(context.environ)
    with context.app() as app:
        pass
    context.say(f"Working on queue {queue.QUEUE!r} with {processes} process(es)")
    queue.supervise(app, processes)


@click.command()
@shared
@click.option("--base-url", help="REKAM_BASE_URL where the environment has none: the address printed at the end.")
@click.option("--demo/--no-demo", default=True, help="Load the demo course into an empty installation.")
@pass_context
def bootstrap(context: Context, base_url: str | None, demo: bool) -> None:
    """Prepare the first start; safe to run again. Generated secrets are printed this once."""
    from server import bootstrap as first_start

    if base_url:
        context.environ.setdefault("REKAM_BASE_URL", base_url)
    with context.app(any_schema=True):
        made = first_start.run(context.settings, demo=demo, tell=lambda step: context.say(f"{step} …"))
    url = context.settings.base_url
    value = {
        "url": url,
        "tenant": made.tenant,
        "administrator": made.administrator,
        "password": made.password,
        "key": made.credential,
        "secret": made.secret,
        "course": made.course,
    }
    lines = [("Console", url)]
    if made.administrator:
        lines += [("Administrator", made.administrator), ("Password", made.password or "as in REKAM_ADMIN_PASSWORD")]
    if made.credential:
        lines += [
            ("xAPI and REST key", made.credential),
            ("Secret", made.secret or "as in REKAM_BOOTSTRAP_SECRET"),
            ("xAPI endpoint", f"{url}/xapi"),
            ("REST endpoint", f"{url}/api/v2"),
        ]
    if made.course:
        lines.append(("Demo course", made.course))
    grid = Table.grid(padding=(0, 2))
    for name, text in lines:
        grid.add_row(name, text)
    title = (
        "Rekam is ready. Write these down: they are not shown again."
        if made.password or made.secret
        else "Rekam is ready."
    )
    context.show(value, None)
    if not context.json:
        context.console.print(Panel(grid, title=title, expand=False))


@click.group()
def db() -> None:
    """The database schema."""


@db.command("upgrade")
@shared
@pass_context
def db_upgrade(context: Context) -> None:
    """Run the migrations that are missing."""
    from server import database

    with context.app(any_schema=True):
        missing = database.pending()
        database.upgrade()
    context.show({"applied": missing}, f"applied: {', '.join(missing)}" if missing else "the database is up to date")


@db.command("status")
@shared
@pass_context
def db_status(context: Context) -> None:
    """Say which migrations are missing; exit code 1 when there are any."""
    from server import database

    with context.app(any_schema=True):
        missing = database.pending()
    context.show({"pending": missing}, f"missing: {', '.join(missing)}" if missing else "the database is up to date")
    sys.exit(1 if missing else 0)


@click.command()
@shared
@pass_context
def config(context: Context) -> None:
    """Print the settings in force, secrets masked."""
    rows = [{"variable": name, "value": value, "help": text} for name, value, text in context.settings.describe()]
    context.table(rows, {"variable": "Variable", "value": "Value", "help": "Meaning"})


@click.command()
@shared
@pass_context
def doctor(context: Context) -> None:
    """Check the installation; exit code 1 when something is broken."""
    from server import doctor as checks

    with context.app(any_schema=True):
        found = checks.examine(context.settings)
    colours = {"ok": "green", "warning": "yellow", "broken": "red"}
    table = Table("Check", "State", "What was found")
    for check in found:
        table.add_row(check.name, f"[{colours[check.state]}]{check.state}[/]", check.message.replace("[", "\\["))
    context.show([{"name": c.name, "state": c.state, "message": c.message} for c in found], table)
    sys.exit(1 if any(c.state == "broken" for c in found) else 0)


COMMANDS = (serve, worker, bootstrap, db, config, doctor)
