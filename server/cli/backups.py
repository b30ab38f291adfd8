"""Commands that copy, bring back and check everything: backup, restore, verify."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core import clock
from server import backup as archives
from server import verification
from server.cli.context import Context, pass_context, shared


@click.command()
@shared
@click.argument("target", required=False, type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def backup(context: Context, target: Path | None) -> None:
    """Write database and files to one archive. The server may run; default: rekam-DATE.tar here."""
    target = target or Path(f"rekam-{clock.now():%Y%m%d-%H%M%S}.tar")
    with context.app(any_schema=True), context.progress() as progress:
        manifest = archives.backup(context.settings, target.resolve(), tell=context.teller(progress))
    size = target.stat().st_size
    value = {"archive": str(target), "bytes": size, **manifest}
    context.show(value, f"{target}: {size >> 20} MiB, {manifest['blobs']} files, {sum(manifest['rows'].values())} rows")


@click.command()
@shared
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def restore(context: Context, archive: Path) -> None:
    """Bring an archive into an empty installation. No server may run on it meanwhile."""
    with context.app(any_schema=True), context.progress() as progress:
        restored = archives.restore(context.settings, archive, tell=context.teller(progress))
    for warning in restored.warnings:
        context.say(f"Warning: {warning}")
    found, lost = restored.rows, restored.different
    text = [f"restored {sum(found.values())} rows"]
    text += [f"{table}: {found.get(table, 0)} rows, {count} in the backup" for table, count in lost.items()]
    value = {"restored": str(archive), "rows": found, "different": lost, "warnings": restored.warnings}
    context.show(value, "\n".join(text))
    sys.exit(1 if lost else 0)


@click.command()
@shared
@click.argument("archive", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def verify(context: Context, archive: Path | None) -> None:
    """Check an archive, or without one the installation. Exit code 1 when something is damaged."""
    with context.app(any_schema=archive is not None), context.progress() as progress:
        if archive:
            problems = archives.verify_archive(archive, tell=context.teller(progress))
        else:
            problems = verification.verify(tell=context.teller(progress))
    what = str(archive) if archive else "installation"
    context.show({"checked": what, "problems": problems}, "\n".join(problems) or f"{what}: sound")
    sys.exit(1 if problems else 0)


COMMANDS = (backup, restore, verify)
