"""Statements as a CSV file, for spreadsheets: what the list finds with its filters, all pages, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from flask import redirect, request, url_for
from flask_babel import gettext as _

from core import audit
from core.db import unit_of_work
from core.errors import Invalid
from lrs import query
from lrs.query import Filters
from server.console import spreadsheets
from server.console.access import bp, console_view, me, tenant_id
from server.console.sentences import agent_name, in_language, verb_name
from server.console.spreadsheets import percent
from server.console.statement_parts import identifier
from server.console.statements import FIELDS, filters

CHUNK = 500


@bp.get("/statements/export")
@console_view("instructor")
def statements_export() -> Any:
    try:
        chosen = filters()
    except Invalid:
        # The list says what is wrong.
        given: dict[str, Any] = {name: request.args.get(name) for name in FIELDS}
        return redirect(url_for("console.statements_list", **given))
    with unit_of_work():
        audit.record(tenant_id(), me().actor, "statements.exported", "CSV", filters=_described(chosen))
    return spreadsheets.answer("statements", _titles(), _rows(tenant_id(), chosen))


def _described(chosen: Filters) -> dict[str, Any]:
    """The filters as JSON values; an erasure finds people in them because agents are whole."""
    named = ("agent", "verb", "activity", "registration")
    found = {name: value for name in named if (value := getattr(chosen, name))}
    return found | {name: moment.isoformat() for name in ("since", "until") if (moment := getattr(chosen, name))}


def _rows(tenant: int, chosen: Filters) -> Iterator[list[Any]]:
    cursor: str | None = None
    while True:
        # A page is a query of its own: a slow download holds nothing in the database.
        page = query.newest(tenant, filters=chosen, cursor=cursor, limit=CHUNK)
        for body in page.statements:
            yield _row(msgspec.json.decode(body))
        if page.cursor is None:
            return
        cursor = page.cursor


def _titles() -> list[str]:
    return [
        _("Id"), _("Time"), _("Stored"), _("Learner"), _("Identifier"), _("Verb"), _("Verb (IRI)"), _("Activity"),
        _("Activity (IRI)"), _("Registration"), _("Success"), _("Completion"), _("Score (percent)"), _("Raw score"),
        _("Duration"), _("Answer"),
    ]  # fmt: skip


def _row(statement: dict[str, Any]) -> list[Any]:
    actor, verb, target = statement["actor"], statement["verb"], statement["object"]
    result = statement.get("result") or {}
    score = result.get("score") or {}
    is_activity = target.get("objectType", "Activity") == "Activity"
    name = in_language((target.get("definition") or {}).get("name")) if is_activity else agent_name(target)
    return [
        statement["id"], statement.get("timestamp"), statement.get("stored"), agent_name(actor), identifier(actor),
        verb_name(verb), verb["id"], name, target["id"] if is_activity else target.get("id") or identifier(target),
        (statement.get("context") or {}).get("registration"), result.get("success"), result.get("completion"),
        percent(score.get("scaled")), score.get("raw"), result.get("duration"), result.get("response"),
    ]  # fmt: skip
