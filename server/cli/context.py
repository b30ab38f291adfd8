"""What every command shares: settings and application on demand, output for people or machines, exit codes.

Exit codes: 0 done, 1 it could not be done (the message says why), 2 wrong usage, 130 interrupted by Ctrl-C.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from flask import Flask
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from core.db import db, session
from core.errors import Invalid
from core.settings import Settings

# Columns of a table where there is no terminal.
WIDE = 200
# Most characters of a first column that is not broken.
WHOLE = 40
# Seconds between two lines of progress where there is no terminal.
LOG_EVERY = 15.0


class Context:
    """One run of the command. ``environ`` is the environment with what options set."""

    def __init__(self) -> None:
        self.json = False
        self.environ: dict[str, str] = dict(os.environ)
        self.console = Console(highlight=False)
        self.errors = Console(stderr=True, highlight=False)
        self._app: Flask | None = None

    def use(self, *, data_dir: str | None = None, as_json: bool = False) -> None:
        """Take what a command's own options say, wherever on the line they stand."""
        if data_dir:
            self.environ["REKAM_DATA_DIR"] = data_dir
        self.json = self.json or as_json

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.environ)

    @contextmanager
    def app(self, *, any_schema: bool = False) -> Iterator[Flask]:
        """The application within its context; logs of a command begin at warnings unless asked for.

        :class:`Invalid` where the database lacks migrations, unless the command works without them.
        """
        if self._app is None:
            from server.app import create_app

            self._app = create_app(environ={"REKAM_LOG_LEVEL": "WARNING", **self.environ})
        with self._app.app_context():
            if not any_schema:
                _require_migrations()
            yield self._app

    def show(self, value: Mapping[str, Any] | Sequence[Any], text: str | Table | None = None) -> None:
        """``value`` as JSON for machines; for people ``text``."""
        if self.json:
            click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())
        elif text is not None:
            if isinstance(text, str):
                self.console.print(text, markup=False, soft_wrap=True)
            else:
                if not self.console.is_terminal:
                    # A file or another program has no width; each record is a line there.
                    self.console.width = WIDE
                self.console.print(text)

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        """A list of records; ``columns`` maps keys to headings, of which the first names the record."""
        table = Table()
        for number, (key, heading) in enumerate(columns.items()):
            # Folded, never cut: what is listed is typed into the next command. What names a record is one line, unless it is a path.
            longest = max((len(_cell(row.get(key))) for row in rows), default=0)
            table.add_column(heading, overflow="fold", no_wrap=number == 0 and longest <= WHOLE)
        for row in rows:
            table.add_row(*(_cell(row.get(key)) for key in columns))
        self.show(list(rows), table)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on stderr; nothing for machines."""
        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(text_format_no_percentage="{task.completed:,.0f}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.errors,
            disable=self.json or not self.errors.is_terminal,
            transient=True,
        ) as progress:
            yield progress

    def teller(self, progress: Progress) -> Callable[[str, int, int], None]:
        """Shows (what, done, total) as one bar for each ``what``; total 0: it is not known. Where no bar is, lines for a log."""
        bars: dict[str, TaskID] = {}
        told = time.monotonic()

        def tell(what: str, done: int, total: int) -> None:
            nonlocal told
            if what not in bars:
                bars[what] = progress.add_task(what)
            progress.update(bars[what], completed=done, total=total or None)
            if not self.errors.is_terminal and time.monotonic() - told >= LOG_EVERY:
                told = time.monotonic()
                self.say(f"{what}: {f'{done / total:.0%}' if total else f'{done:,}'}")

        return tell

    def say(self, text: str) -> None:
        """A step, on stderr, for people."""
        if not self.json:
            self.errors.print(text, markup=False, soft_wrap=True)


def _require_migrations() -> None:
    from server import database

    if database.pending():
        # Most often it is another one than was meant: the data folder is that of the folder where one stands, or misspelt.
        name = db.engine.url.database
        raise Invalid(
            f"the database {name} is not up to date; run `rekam bootstrap` (first start) or `rekam db upgrade`"
        )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


pass_context = click.make_pass_decorator(Context)


def shared(command: Any) -> Any:
    """``--data-dir`` and ``--json``, which may stand before or after the command's name."""
    for option in (
        click.option("--data-dir", metavar="DIR", expose_value=False, callback=_take_data_dir, help="Data folder."),
        click.option("--json", is_flag=True, expose_value=False, callback=_take_json, help="Output for machines."),
    ):
        command = option(command)
    return command


def _take_data_dir(context: click.Context, _: click.Parameter, value: str | None) -> None:
    context.ensure_object(Context).use(data_dir=value)


def _take_json(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.ensure_object(Context).use(as_json=value)


def tenant_id_of(app_id: str | None) -> int:
    """The tenant of an application id, or the only one there is."""
    from sqlalchemy import select

    from core.tenants import Tenant

    query = select(Tenant).order_by(Tenant.id)
    found = list(session().scalars(query.where(Tenant.app_id == app_id) if app_id else query.limit(2)))
    session().rollback()
    if not found:
        raise Invalid(f"no application {app_id!r}" if app_id else "there is no tenant yet; run `rekam bootstrap`")
    if len(found) > 1:
        raise Invalid("there are several tenants; name one with --tenant APP_ID")
    return found[0].id
