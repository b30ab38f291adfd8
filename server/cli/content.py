"""Commands for course packages: import, inspect, thumbnails."""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask import Flask
from rich.progress import Progress
from sqlalchemy import select

from core.blobs import Blob, blobs
from core.db import session, unit_of_work
from core.errors import NotFound
from core.tenants import Tenant
from course_packages import catalogue, import_reading, import_source, importing, inspection, thumbnail_backfill
from course_packages.thumbnails import NotMade
from server import fetching, jobs
from server.cli import package_text
from server.cli.context import Context, pass_context, shared, tenant_id_of

_STRICT = "Reject what breaks the rules of the standard instead of repairing it."
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def _files_or_addresses(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[Path | str, ...]:
    """Files that are there; http(s) addresses as they are."""
    return tuple(
        value if value.partition("://")[0] in ("http", "https") else _file.convert(value, parameter, context)
        for value in values
    )


@click.command("import")
@shared
@click.option("--tenant", metavar="APP_ID", help="Application; needed when there are several.")
@click.option("--course-id", help="Id of the course (one file only); default: the name of the file.")
@click.option("--new-version/--no-new-version", default=True, help="Whether a known course gets a new version.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    help="PDF, video, sound, picture: complete from this share on; default 0.9.",
)
@click.option("--strict", is_flag=True, help=_STRICT)
@click.option("--allow-private", is_flag=True, help="Addresses may be of this machine or a private network.")
@click.argument("files", nargs=-1, required=True, callback=_files_or_addresses, metavar="FILE|URL…")
@pass_context
def import_(
    context: Context,
    tenant: str | None,
    course_id: str | None,
    new_version: bool,
    threshold: float | None,
    strict: bool,
    allow_private: bool,
    files: tuple[Path | str, ...],
) -> None:
    """Import packages, or single media files, as courses. Exit code 1 when one of them was rejected.

    Each is a file or an http(s) address, which is fetched first: from public networks, those of REKAM_WEBHOOK_NETWORKS, or with
    --allow-private from anywhere; redirects are not followed.
    """
    if course_id and len(files) > 1:
        raise click.UsageError("--course-id goes with one file")
    results = []
    with context.app() as app, context.progress() as progress:
        tenant_id = tenant_id_of(tenant)
        for file in files:
            name = file.name if isinstance(file, Path) else fetching.name_of(file)
            options = _Options(course_id or _course_id(name), name, new_version, threshold, strict)
            try:
                blob = _staged(progress, file, name, allow_private)
            except import_source.FetchFailed as failure:
                results.append(_failed(file, options, str(failure)))
                continue
            results.append(_import(app, progress, tenant_id, str(file), blob, options))
    for result in results:
        context.say(f"{result['file']}: {result['status']} {result['message']}")
        for warning in result["warnings"]:
            context.say(f"  - {warning}")
    columns = {"file": "File", "course": "Course", "version": "Version", "status": "Status", "message": "Message"}
    context.table(results, columns)
    sys.exit(1 if any(result["status"] != "COMPLETE" for result in results) else 0)


def _course_id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip("-")[:200] or "course"


@dataclass(frozen=True)
class _Options:
    course_id: str
    filename: str
    new_version: bool
    threshold: float | None
    strict: bool


def _staged(progress: Progress, file: Path | str, name: str, private: bool) -> Blob:
    """The file among the blobs; what an address answers is fetched here, so that no other process needs to reach it."""
    if isinstance(file, Path):
        with file.open("rb") as source:
            return importing.stage(source)
    bar = progress.add_task(f"fetching {name}", total=None)
    with tempfile.TemporaryFile(dir=blobs().staging) as copy:
        fetching.fetch(file, copy, private=private)
        progress.remove_task(bar)
        if not copy.tell():
            raise import_source.FetchFailed("the answer is empty")
        copy.seek(0)
        return importing.stage(copy)


def _failed(file: Path | str, options: _Options, reason: str) -> dict[str, Any]:
    return {
        "file": str(file),
        "course": options.course_id,
        "version": None,
        "job": None,
        "status": "ERROR",
        "message": f"could not be fetched: {reason}",
        "warnings": [],
    }


def _import(
    app: Flask, progress: Progress, tenant_id: int, shown: str, blob: Blob, options: _Options
) -> dict[str, Any]:
    bar = progress.add_task(options.filename, total=100)
    course_id = options.course_id
    with unit_of_work():
        job_id = importing.start_import(
            tenant_id,
            course_id,
            blob,
            options.filename,
            may_create_version=options.new_version,
            threshold=options.threshold,
            strict=options.strict,
        ).id
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(app, progress, bar, tenant_id, job_id, over), daemon=True)
    watcher.start()
    jobs.run_import(tenant_id, job_id)
    over.set()
    watcher.join()
    job = importing.get_job(tenant_id, job_id)
    progress.update(bar, completed=100)
    return {
        "file": shown,
        "course": course_id,
        "version": catalogue.version_by_id(tenant_id, job.version_id).number,
        "job": job_id,
        "status": str(job.status),
        "message": job.message,
        "warnings": list(job.parser_warnings),
    }


def _watch(app: Flask, progress: Progress, bar: Any, tenant_id: int, job_id: str, over: threading.Event) -> None:
    while not over.wait(0.3):
        with app.app_context():
            progress.update(bar, completed=importing.get_job(tenant_id, job_id).progress)
            session().rollback()


@click.command()
@shared
@click.option(
    "--locale", type=click.Choice(["en", "id"]), default="en", show_default=True, help="Language of the report."
)
@click.option("--strict", is_flag=True, help=_STRICT)
@click.argument("file", type=_file)
@pass_context
def inspect(context: Context, locale: str, strict: bool, file: Path) -> None:
    """Show what a package holds, without storing anything. And what an import would say of it."""
    with file.open("rb") as source:
        found = inspection.inspect(source, import_reading.limits(context.settings), filename=file.name, strict=strict)
    context.show(package_text.as_json(file.name, found, locale), package_text.as_text(file.name, found, locale))
    sys.exit(0 if found.importable else 1)


@click.command("thumbnails")
@shared
@click.option("--tenant", metavar="APP_ID", help="Only courses of this application; default: of all.")
@pass_context
def thumbnails_(context: Context, tenant: str | None) -> None:
    """Make thumbnails for course versions that have none. As an import would; safe to run again, also while serving.

    For versions imported before there were thumbnails, and for videos after `pip install -e '.[video]'`.
    """
    results = []
    with context.app(), context.progress() as progress:
        tell = context.teller(progress)
        waiting = [(id_, version) for id_ in _tenants(tenant) for version in thumbnail_backfill.without(id_)]
        for done, (tenant_id, version_id) in enumerate(waiting, 1):
            results.append(_fill(tenant_id, version_id))
            tell("thumbnails", done, len(waiting))
    context.table(results, {"course": "Course", "version": "Version", "status": "Thumbnail", "message": "Message"})


def _tenants(app_id: str | None) -> list[int]:
    if app_id:
        return [tenant_id_of(app_id)]
    found = list(session().scalars(select(Tenant.id).order_by(Tenant.id)))
    session().rollback()
    return found


def _fill(tenant_id: int, version_id: str) -> dict[str, Any]:
    version = catalogue.version_by_id(tenant_id, version_id)
    told = {"course": version.course_id, "version": version.number, "status": "none", "message": ""}
    session().rollback()
    try:
        if thumbnail_backfill.fill(tenant_id, version_id):
            told["status"] = "made"
    except (NotMade, NotFound) as reason:
        told |= {"status": "failed", "message": str(reason)}
    return told


COMMANDS = (import_, inspect, thumbnails_)
