"""Commands for the records of an application: statements export, import, purge; erase."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from core import audit, clock, tenants
from core.db import unit_of_work
from core.errors import Invalid, RekamError, Unavailable
from server import removals
from server.cli import filters
from server.cli.context import Context, pass_context, shared, tenant_id_of
from server.removals import Removal
from server.transfer import exporter, importer, migration
from server.transfer.folder import as_json, replacing
from server.transfer.remote import Remote

tenant = click.option("--tenant", metavar="APP_ID", help="Application; needed when there are several.")

_REJECTS = "Write lines that cannot be stored here and go on."


@click.group()
def statements() -> None:
    """Statements and documents of the record store."""


@statements.command("export")
@shared
@tenant
@filters.options
@click.option("--attachments/--no-attachments", default=True, show_default=True)
@click.option("--documents/--no-documents", default=True, show_default=True, help="State and profile documents.")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@pass_context
def export(
    context: Context, /, tenant: str | None, attachments: bool, documents: bool, target: Path, **given: Any
) -> None:
    """Write statements and documents into a folder.

    Both as NDJSON, attachments as files. Begun again on the same folder it goes on where it stopped, and later adds what has come since.
    """
    chosen, described = filters.read(given)
    with context.app(), context.progress() as progress:
        tenant_id = tenant_id_of(tenant)
        with unit_of_work():
            audit.record(tenant_id, "system", "statements.exported", str(target), filters=described)
        manifest = exporter.export(
            tenant_id,
            tenants.get(tenant_id).app_id,
            target,
            filters=chosen,
            described=described,
            without=[name for name, wanted in (("attachments", attachments), ("documents", documents)) if not wanted],
            tell=context.teller(progress),
        )
    text = ", ".join(_some(manifest[f"{noun}s"], noun) for noun in ("statement", "attachment", "document"))
    new = f" ({manifest['new']} of the statements new)" if manifest["new"] < manifest["statements"] else ""
    context.show({"folder": str(target), **manifest}, f"{target}: {text}, through {manifest['through']}{new}")


@statements.command("import")
@shared
@tenant
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help=_REJECTS)
@click.option("--missing-attachments", is_flag=True, help="Store statements whose attachments are not there, too.")
@click.option("--restart", is_flag=True, help="Begin at the first line although an earlier import stopped further on.")
@click.argument("source", type=click.Path(exists=True, allow_dash=True, path_type=Path))
@pass_context
def import_(
    context: Context, tenant: str | None, rejects: Path | None, missing_attachments: bool, restart: bool, source: Path
) -> None:
    """Bring in what an export wrote, or a file of statements.

    A folder of `statements export`, a file with one statement a line, or - for standard input. Keeps id, stored,
    authority and version. Repeating it changes nothing. Exit code 1 when lines were rejected.
    """
    with ExitStack() as stack:
        stack.enter_context(context.app())
        progress = stack.enter_context(context.progress())
        tenant_id = tenant_id_of(tenant)
        bad = stack.enter_context(rejects.open("ab")) if rejects else None
        work = importer.Importer(
            tenant_id, importer.opener_of(source), rejects=bad, missing_attachments=missing_attachments
        )
        advice = "Run it again to go on from here once the line is right; --rejects FILE keeps such lines aside."
        with _reported(context, work, "statements.imported", str(source), advice):
            tell = context.teller(progress)
            if str(source) == "-":
                importer.import_stream(work, sys.stdin.buffer, tell)
            else:
                importer.import_path(work, source, restart=restart, tell=tell, say=context.say)
    _conclude(context, {"source": str(source)}, work.totals)


@contextmanager
def _reported(context: Context, work: importer.Importer, event: str, source: str, advice: str) -> Iterator[None]:
    """An import that is recorded and, where it is stopped, says how far it came; ``advice`` is for a line that cannot be stored."""
    try:
        yield
    except (RekamError, KeyboardInterrupt) as stopped:
        if isinstance(stopped, KeyboardInterrupt | Unavailable):
            advice = "Run it again to go on from here."
        elif "line" not in stopped.details:
            advice = ""
        if advice or work.totals != importer.Totals():
            context.say(f"Stopped: {describe(work.totals)}. {advice}".rstrip())
        raise
    finally:
        with unit_of_work():
            audit.record(work.tenant_id, "system", event, source[:512], **work.totals.summary())


def _conclude(context: Context, source: dict[str, str], totals: importer.Totals) -> NoReturn:
    for problem in totals.problems:
        context.say(f"  - {problem}")
    context.show({**source, **totals.summary()}, describe(totals))
    sys.exit(1 if totals.rejected else 0)


def describe(totals: importer.Totals) -> str:
    """What an import did, in a line."""
    found, papers = totals.statements, totals.documents
    text = f"{_some(found.stored, 'statement')} stored, {found.known} were there already"
    text += f"; {_some(papers.stored, 'document')} stored, {papers.known} were there already"
    text += f"; {_some(totals.attachments, 'attachment')}"
    if found.erased or papers.erased:
        text += f"; {_some(found.erased, 'statement')} and {_some(papers.erased, 'document')} of erased people left out"
    return text + (f"; {_some(totals.rejected, 'line')} rejected" if totals.rejected else "")


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@click.command()
@shared
@tenant
@click.option("--from", "url", required=True, metavar="URL", help="xAPI endpoint, like https://lrs.example/xapi.")
@click.option("--key", required=True, help="Key (user name) there; it must be allowed to read everything.")
@click.option("--secret", help="Its secret; others on this machine may see it in the list of processes.")
@click.option("--secret-stdin", is_flag=True, help="Read the secret from standard input.")
@click.option("--documents/--no-documents", default=True, show_default=True, help="State and profile documents.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help=_REJECTS)
@click.option(
    "--missing-attachments", is_flag=True, help="Store statements whose attachments the other store lacks, too."
)
@click.option(
    "--connections",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many documents are asked for at a time.",
)
@click.option("--restart", is_flag=True, help="Begin anew although an earlier migration came further.")
@pass_context
def migrate(
    context: Context,
    tenant: str | None,
    url: str,
    key: str,
    secret: str | None,
    secret_stdin: bool,
    documents: bool,
    rejects: Path | None,
    missing_attachments: bool,
    connections: int,
    restart: bool,
) -> None:
    """Bring in everything of another record store over xAPI.

    Keeps id, stored, authority and version. Goes on where it stopped; run again later it adds what has come since. Exit code 1 when
    statements were rejected.
    """
    if secret_stdin:
        secret = sys.stdin.readline().rstrip("\n")
    if secret is None:
        raise click.UsageError("the secret is needed: --secret-stdin or --secret")
    with ExitStack() as stack:
        stack.enter_context(context.app())
        progress = stack.enter_context(context.progress())
        tenant_id = tenant_id_of(tenant)
        bad = stack.enter_context(rejects.open("ab")) if rejects else None
        attachments: dict[str, IO[bytes]] = {}
        work = importer.Importer(tenant_id, attachments.get, rejects=bad, missing_attachments=missing_attachments)
        remote = Remote(url, key, secret, connections=connections)
        advice = "Run it again with --rejects FILE to keep such lines aside and go on from here."
        with _reported(context, work, "statements.migrated", url, advice):
            tell = context.teller(progress)
            migration.migrate(work, remote, attachments, documents=documents, restart=restart, tell=tell)
    _conclude(context, {"from": url}, work.totals)


@statements.command("purge")
@shared
@tenant
@filters.options
@click.option("--id", "ids", multiple=True, metavar="UUID", help="This statement; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def purge(
    context: Context, /, tenant: str | None, ids: tuple[str, ...], dry_run: bool, yes: bool, **given: Any
) -> None:
    """Delete the statements that all of the options find. Voided ones, too; there is no way back but a backup."""
    chosen = filters.chosen(given)
    _must_answer(context, dry_run or yes)
    with context.app():
        tenant_id = tenant_id_of(tenant)

        def start(dry: bool) -> Removal:
            return removals.start_purge(tenant_id, "system", chosen, list(ids) or None, dry=dry)

        made, result = _removed(context, start, dry_run or not yes)
        if not (dry_run or yes):
            click.confirm(f"{_purged(result, True)}. Delete for good?", abort=True, err=True)
            made, result = _removed(context, start, False)
    context.show({"dryRun": dry_run, "job": made, **result}, _purged(result, dry_run))


def _removed(context: Context, start: Callable[[bool], Removal], dry: bool) -> tuple[str, dict[str, Any]]:
    """Do the removal that ``start`` begins, or goes on with, here and now; returns its id and its result."""
    asked = clock.now()
    with unit_of_work():
        made = start(dry)
        tenant_id, id_, begun = made.tenant_id, made.id, made.created
    if begun < asked:
        context.say(f"Goes on with what was interrupted, begun {begun:%Y-%m-%d %H:%M} UTC.")
    with context.progress() as progress:
        return id_, removals.finish(tenant_id, id_, context.teller(progress))


def _purged(result: dict[str, Any], dry: bool) -> str:
    """What a purge did, or would do, in a line."""
    text = f"{_some(result['statements'], 'statement')} {'would be' if dry else 'were'} deleted"
    if result["oldest"]:
        text += f" (stored {result['oldest']} to {result['newest']})"
    if result["attachments"]:
        text += f"; {_some(result['attachments'], 'attachment')} forgotten"
    if result["kept"]:
        text += f"; {result['kept']} kept because they void others that stay"
    return text


@click.command()
@shared
@tenant
@click.option(
    "--agent",
    "agents",
    multiple=True,
    required=True,
    metavar="JSON",
    help="What the person is known as: agent as JSON, or mail address. Repeat it for each.",
)
@click.option(
    "--mode",
    type=click.Choice(["delete", "pseudonymise"]),
    default="delete",
    show_default=True,
    help="What happens to what the person did.",
)
@click.option("--receipt", type=click.Path(dir_okay=False, path_type=Path), help="Write the receipt to this file, too.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def erase(
    context: Context,
    tenant: str | None,
    agents: tuple[str, ...],
    mode: Any,
    receipt: Path | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Forget a person in the record store for good.

    Statements, documents, names and events of the person go.
    Statements of others in which the person appears keep a pseudonym. Imports do not bring the person back.
    """
    found = [filters.agent(text, "--agent") for text in agents]
    _must_answer(context, dry_run or yes)
    with context.app(), _writable(receipt) as paper:
        tenant_id = tenant_id_of(tenant)

        def start(dry: bool) -> Removal:
            return removals.start_erasure(tenant_id, "system", found, mode, dry=dry)

        made, result = _removed(context, start, dry_run or not yes)
        if not (dry_run or yes):
            click.confirm(f"{_erased(result, True)}. Erase for good?", abort=True, err=True)
            made, result = _removed(context, start, False)
        value = {"dryRun": dry_run, "erasure": made, **result}
        context.show(value, _erased(result, dry_run))
        if paper:
            paper.write(as_json(value))


@contextmanager
def _writable(path: Path | None) -> Iterator[IO[bytes] | None]:
    """The file for a receipt, opened before what it is about begins."""
    if path is None:
        yield None
        return
    with ExitStack() as stack:
        try:
            handle = stack.enter_context(replacing(path))
        except OSError as error:
            raise Invalid(f"{path} cannot be written: {error.strerror}") from None
        yield handle


def _erased(result: dict[str, Any], dry: bool) -> str:
    """What an erasure did, or would do, in a line."""
    text = f"{'would be: ' if dry else ''}{_some(result['deleted'], 'statement')} deleted, {result['pseudonymised']} pseudonymised; "
    text += ", ".join(_some(result[f"{noun}s"], noun) for noun in ("document", "name", "event"))
    return text + (f"; {_some(result['spellings'], 'other spelling')} found" if result["spellings"] else "")


def _must_answer(context: Context, sure: bool) -> None:
    """Nobody can be asked where nobody is."""
    if not sure and (context.json or not sys.stdin.isatty()):
        raise click.UsageError("say --yes, or --dry-run to see what it would do")


COMMANDS = (statements, migrate, erase)
