"""The command group and how its errors end."""

from __future__ import annotations

import sys

import click
import msgspec
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from core.errors import RekamError
from server.cli import INTERRUPTED, accounts, backups, content, operation, statements
from server.cli.context import Context, shared


class Group(click.Group):
    """Words errors for people or machines and gives them exit code 1 (wrong usage has 2 from click).

    Ctrl-C ends with 130, as everywhere; click alone would say 1.
    """

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except RekamError as error:
            _fail(context, error.code, error.message)
        except OperationalError as error:
            _fail(context, "database", f"the database cannot be used: {str(error.orig).strip()}")
        except SQLAlchemyError as error:
            _fail(context, "database", f"{type(error).__name__}: {error}")
        except KeyboardInterrupt:
            click.echo(err=True)  # behind the ^C that the terminal shows
            context.exit(INTERRUPTED)
        except OSError as error:
            _fail(context, "system", f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))
        return None


def _fail(context: click.Context, code: str, message: str) -> None:
    mine = context.ensure_object(Context)
    if mine.json:
        click.echo(msgspec.json.encode({"error": {"code": code, "message": message}}).decode())
    else:
        mine.errors.print(f"Error: {message}", markup=False, soft_wrap=True)
    sys.exit(1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@shared
@click.version_option(package_name="rekam")
def main() -> None:
    """Rekam: xAPI learning record store and SCORM runtime server."""


for module in (operation, content, statements, accounts, backups):
    for command in module.COMMANDS:
        main.add_command(command)
