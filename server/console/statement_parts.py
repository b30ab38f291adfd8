"""What a statement is listed with: what else is like it, what it points at, and the files that came with it."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Response, request, url_for
from flask_babel import gettext as _

from core.errors import NotFound
from core.settings import get_settings
from lrs import attachments, query
from lrs.identity import actor_of, ifi
from server.console.access import bp, console_view, tenant_id
from server.console.sentences import in_language
from server.downloads import send_blob


@dataclass(frozen=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True)
class File:
    """An attachment; ``url`` is empty where its bytes are elsewhere (fileUrl)."""

    name: str
    size: int | None
    url: str


def identifier(agent: dict[str, Any]) -> str:
    """What tells an agent from others, in a line; empty for a group without."""
    name = ifi(agent)
    if name is None:
        return ""
    (value,) = actor_of(name).values()
    return f"{value['homePage']}|{value['name']}" if isinstance(value, dict) else str(value).removeprefix("mailto:")


def _wanted(agent: dict[str, Any]) -> str:
    """What the filter for learners takes for this agent."""
    if "mbox" in agent:
        return identifier(agent)
    account = agent.get("account") or {}
    if account.get("homePage") == get_settings().base_url.rstrip("/") and "@" not in account.get("name", "@"):
        return str(account["name"])
    name = ifi(agent)
    return msgspec.json.encode(actor_of(name)).decode() if name is not None else ""


def links(statement: dict[str, Any]) -> list[Link]:
    """Lists of the statements that have something in common with this one."""
    target, registration = statement["object"], (statement.get("context") or {}).get("registration")
    kind = target.get("objectType", "Activity")
    chosen = [
        (_("this learner"), "learner", _wanted(statement["actor"])),
        (_("this verb"), "verb", statement["verb"]["id"]),
        (_("this activity"), "activity", target["id"] if kind == "Activity" else ""),
        (_("this registration"), "registration", registration),
    ]
    return [Link(text, url_for("console.statements_list", **{name: value})) for text, name, value in chosen if value]


def target_id(statement: dict[str, Any]) -> str:
    """The id of the statement that this one points at (StatementRef); empty where it does not."""
    target = statement["object"]
    return str(target["id"]) if target.get("objectType") == "StatementRef" else ""


def kept(statements: list[dict[str, Any]]) -> set[str]:
    """The hashes of those of their attachments whose bytes we have."""
    return {one.sha2 for _, one in attachments.find(tenant_id(), statements)}


def files(statement: dict[str, Any], kept: set[str]) -> list[File]:
    """What is attached; with an address where the bytes are ``kept``."""
    found = []
    for _path, attachment in attachments.declared(statement):
        sha2 = attachment["sha2"].lower()
        url = url_for("console.statement_file", id=statement["id"], sha2=sha2) if sha2 in kept else ""
        name = in_language(attachment.get("display")) or attachment["contentType"]
        found.append(File(name, attachment.get("length"), url))
    return found


@bp.get("/statement/file")
@console_view("instructor")
def statement_file() -> Response:
    """An attachment of a statement, always as a download: what learners and programs attach is no page of ours."""
    found = query.one(tenant_id(), request.args.get("id", ""))
    statement = msgspec.json.decode(found.body) if found else None
    wanted = request.args.get("sha2", "").lower()
    for attachment, held in attachments.find(tenant_id(), [statement] if statement else []):
        if held.sha2 == wanted:
            ending = mimetypes.guess_extension(attachment["contentType"].partition(";")[0].strip()) or ""
            response = send_blob(held.blob, "application/octet-stream", held.sha2[:16] + ending)
            response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
            return response
    raise NotFound(_("This statement has no such attachment."))
