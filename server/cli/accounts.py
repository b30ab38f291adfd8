"""Commands for credentials of programs and accounts of people."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from sqlalchemy import select

from core import audit, clock, credentials, events
from core.credentials import SCOPES, Credential
from core.db import session, unit_of_work
from server.cli.context import Context, pass_context, shared, tenant_id_of

_tenant = click.option("--tenant", metavar="APP_ID", help="Application; needed when there are several.")


@click.group()
def credential() -> None:
    """Keys and secrets of programs."""


@credential.command("create")
@shared
@_tenant
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=["all"],
    show_default=True,
    help="What it may do; may be repeated.",
)
@click.option("--name", default="", help="What it is for.")
@click.option("--key", help="A key of your own instead of a generated one.")
@click.option("--secret", help="A secret of your own; others on this machine may see it in the list of processes.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day it is good, UTC.")
@pass_context
def credential_create(
    context: Context,
    tenant: str | None,
    scopes: tuple[str, ...],
    name: str,
    key: str | None,
    secret: str | None,
    expires: datetime | None,
) -> None:
    """Make a credential and print its secret, which is not shown again."""
    until = expires.replace(tzinfo=UTC) + timedelta(days=1) if expires else None
    with context.app():
        tenant_id = tenant_id_of(tenant)
        with unit_of_work():
            made, shown = credentials.create(tenant_id, list(scopes), name=name, key=key, secret=secret, expires=until)
            _note(tenant_id, "created", made)
            value = {"key": made.key, "secret": shown, "scopes": made.scopes}
    context.show(value, f"Key:     {value['key']}\nSecret:  {value['secret']}")


@credential.command("list")
@shared
@_tenant
@pass_context
def credential_list(context: Context, tenant: str | None) -> None:
    """List credentials, without secrets."""
    with context.app():
        tenant_id = tenant_id_of(tenant)
        query = select(Credential).where(Credential.tenant_id == tenant_id).order_by(Credential.created)
        rows = [_row(found) for found in session().scalars(query)]
    columns = {"key": "Key", "name": "Name", "scopes": "Scopes", "state": "State", "expires": "Expires"}
    context.table(rows, {**columns, "last_used": "Last used"})


def _row(found: Credential) -> dict[str, Any]:
    expired = found.expires is not None and found.expires <= clock.now()
    return {
        "key": found.key,
        "name": found.name,
        "scopes": found.scopes,
        "state": "revoked" if found.revoked else "expired" if expired else "active",
        "expires": found.expires.isoformat(timespec="seconds") if found.expires else None,
        "last_used": found.last_used.isoformat(timespec="seconds") if found.last_used else None,
    }


@credential.command("rotate")
@shared
@_tenant
@click.option(
    "--grace", default=24, show_default=True, type=click.IntRange(0, 24 * 90), help="Hours the old stays good."
)
@click.argument("key")
@pass_context
def credential_rotate(context: Context, tenant: str | None, grace: int, key: str) -> None:
    """Give a credential a new secret. The old one stays good for a while."""
    with context.app():
        tenant_id = tenant_id_of(tenant)
        with unit_of_work():
            secret = credentials.rotate(tenant_id, key, grace=timedelta(hours=grace))
            _note(tenant_id, "rotated", credentials.get(tenant_id, key))
    context.show({"key": key, "secret": secret}, f"Secret:  {secret}")


@credential.command("revoke")
@shared
@_tenant
@click.argument("key")
@pass_context
def credential_revoke(context: Context, tenant: str | None, key: str) -> None:
    """Make a credential useless at once."""
    with context.app():
        tenant_id = tenant_id_of(tenant)
        with unit_of_work():
            credentials.revoke(tenant_id, key)
            _note(tenant_id, "revoked", credentials.get(tenant_id, key))
    context.show({"key": key, "state": "revoked"}, f"{key} is revoked")


def _note(tenant_id: int, what: str, found: Credential) -> None:
    audit.record(tenant_id, "system", f"credential.{what}", found.key)
    events.emit(tenant_id, f"credential.{what}", {"key": found.key, "name": found.name, "scopes": found.scopes})


@click.group()
def user() -> None:
    """People who sign in to the console."""


@user.command("create")
@shared
@_tenant
@click.option(
    "--role",
    default="tenant_administrator",
    show_default=True,
    help="learner, instructor, tenant_administrator or system_administrator.",
)
@click.option("--name", default="", help="Their name.")
@click.option("--locale", type=click.Choice(["en", "id"]), help="Language of their pages.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is generated.")
@click.argument("email")
@pass_context
def user_create(
    context: Context, tenant: str | None, role: str, name: str, locale: str | None, password_stdin: bool, email: str
) -> None:
    """Make an account. A generated password is printed this once and must be changed at the first sign-in."""
    from server import people

    given = sys.stdin.readline().rstrip("\n") if password_stdin else None
    with context.app():
        tenant_id = people.INSTALLATION if role == "system_administrator" else tenant_id_of(tenant)
        with unit_of_work():
            person, password = people.create_person(email, role, tenant_id, name=name, password=given, locale=locale)
            value: dict[str, Any] = {"email": person.email, "role": person.role}
            if given is None:
                value["password"] = password
    shown = f"\nPassword:  {password}" if given is None else ""
    context.show(value, f"Account:   {value['email']} ({role}){shown}")


@user.command("list")
@shared
@_tenant
@pass_context
def user_list(context: Context, tenant: str | None) -> None:
    """List the accounts of the installation and of the tenant."""
    from server import people

    with context.app():
        found = people.of_tenant(people.INSTALLATION) + people.of_tenant(tenant_id_of(tenant))
        rows = [
            {
                "email": person.email,
                "name": person.name,
                "role": person.role,
                "state": "disabled" if person.disabled else "active",
                "last_login": person.last_login.isoformat(timespec="seconds") if person.last_login else None,
            }
            for person in found
        ]
    columns = {"email": "Email", "name": "Name", "role": "Role", "state": "State", "last_login": "Last sign-in"}
    context.table(rows, columns)


@user.command("reset-password")
@shared
@click.argument("email")
@pass_context
def user_reset_password(context: Context, email: str) -> None:
    """Give an account a new one-time password. It must be changed at the next sign-in; sessions end."""
    from server import people

    with context.app(), unit_of_work():
        person = people.of_email(email)
        value = {"email": person.email, "password": people.reset_password(person, by="system")}
    context.show(value, f"Account:   {value['email']}\nPassword:  {value['password']}")


@user.command("disable")
@shared
@click.argument("email")
@pass_context
def user_disable(context: Context, email: str) -> None:
    """Shut an account out at once. `user enable` lets it in again."""
    _set_disabled(context, email, True)


@user.command("enable")
@shared
@click.argument("email")
@pass_context
def user_enable(context: Context, email: str) -> None:
    """Let a disabled account in again."""
    _set_disabled(context, email, False)


def _set_disabled(context: Context, email: str, disabled: bool) -> None:
    from server import people

    with context.app(), unit_of_work():
        person = people.of_email(email)
        people.set_disabled(person, disabled, by="system")
        value = {"email": person.email, "state": "disabled" if disabled else "active"}
    context.show(value, f"{value['email']} is {value['state']}")


COMMANDS = (credential, user)
