"""The statements explorer: a sentence each, the exact JSON below it, filters, page by page without counting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from core.db import session
from core.errors import Invalid
from core.settings import get_settings
from lrs import query
from lrs.formats import is_iri, is_uuid
from registrations.models import Learner
from server.console.access import bp, console_view, tenant_id
from server.console.formats import pretty_json
from server.console.messages import say
from server.console.sentences import sentence, verb_name
from server.console.statement_parts import File, Link, files, kept, links, target_id

SHOWN = 50
# What the form asks for, by the names of its fields.
FIELDS = ("learner", "verb", "activity", "registration", "since", "until")
ADL = "http://adlnet.gov/expapi/verbs/"
COMMON_VERBS = ("initialized", "completed", "passed", "failed", "answered", "responded", "suspended", "terminated")


@dataclass(frozen=True)
class Line:
    """A statement as it is listed."""

    id: str
    sentence: Markup
    timestamp: datetime | None
    json: str
    links: list[Link]
    files: list[File]
    target_id: str
    voided: bool = False


def lines(bodies: list[bytes], *, voided: bool = False) -> list[Line]:
    """Statements as they are listed."""
    found = [msgspec.json.decode(body) for body in bodies]
    held = kept(found)
    return [_line(one, pretty_json(body), held, voided) for one, body in zip(found, bodies, strict=True)]


def _line(found: dict[str, Any], json: str, held: set[str], voided: bool) -> Line:
    try:
        moment = datetime.fromisoformat(found.get("timestamp", ""))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        moment = None
    return Line(
        str(found.get("id", "")),
        sentence(found),
        moment,
        json,
        links(found),
        files(found, held),
        target_id(found),
        voided,
    )


def of_registration(tenant: int, registration: str, limit: int = 10) -> list[Line]:
    """The newest statements that carry a registration."""
    page = query.newest(tenant, filters=query.Filters(registration=registration), limit=limit)
    return lines(page.statements)


@bp.get("/statements")
@console_view("instructor")
def statements_list() -> Any:
    if wanted := request.args.get("id", "").strip():
        return redirect(url_for("console.statement", id=wanted))
    error, page = "", query.Page([], [], False)
    try:
        page = query.newest(tenant_id(), filters=filters(), cursor=request.args.get("after") or None, limit=SHOWN)
    except Invalid as wrong:
        error = say(wrong)
    given = request.args.get
    return render_template(
        "console/statements.html",
        lines=lines(page.statements),
        cursor=page.cursor,
        error=error,
        filtered=any(map(given, FIELDS)),
        fields={name: given(name) or None for name in FIELDS},
        verbs=[(ADL + word, verb_name({"id": ADL + word})) for word in COMMON_VERBS],
    )


@bp.get("/statement")
@console_view("instructor")
def statement() -> Any:
    wanted = request.args.get("id", "").strip()
    found = query.one(tenant_id(), wanted) if is_uuid(wanted) else None
    shown = lines([found.body], voided=found.voided) if found else []
    return render_template("console/statement.html", lines=shown, id=wanted), 200 if found else 404


def filters() -> query.Filters:
    """What the form asks for; :class:`Invalid` in the reader's language."""
    given = {name: request.args.get(name, "").strip() for name in ("learner", "verb", "activity", "registration")}
    if given["registration"] and not is_uuid(given["registration"]):
        raise Invalid(_("A registration in statements is a UUID. The page of the registration shows it."))
    verb = given["verb"]
    if verb and ":" not in verb:
        verb = ADL + verb.lower()
    if verb and not is_iri(verb):
        raise Invalid(_("A verb is a word such as completed, or an IRI."))
    if given["activity"] and not is_iri(given["activity"]):
        raise Invalid(_("An activity is an IRI such as https://example.org/course."))
    return query.Filters(
        agent=_agent(given["learner"]) if given["learner"] else None,
        verb=verb or None,
        activity=given["activity"] or None,
        registration=given["registration"] or None,
        related_activities=True,
        since=_day("since"),
        until=_day("until", end=True),
    )


def _agent(text: str) -> dict[str, Any]:
    """The agent somebody means: JSON, the id of a learner of ours, or an email address."""
    if text.startswith("{"):
        try:
            found = msgspec.json.decode(text)
        except msgspec.DecodeError:
            found = None
        if not isinstance(found, dict) or not {"mbox", "mbox_sha1sum", "openid", "account"} & set(found):
            raise Invalid(_("This is not the JSON of an agent."))
        account = found.get("account")
        if "account" in found and not (isinstance(account, dict) and {"homePage", "name"} <= set(account)):
            raise Invalid(_("This is not the JSON of an agent."))
        return dict(found)
    if "@" in text and session().get(Learner, (tenant_id(), text)) is None:
        return {"mbox": "mailto:" + text.removeprefix("mailto:")}
    return {"account": {"homePage": get_settings().base_url.rstrip("/"), "name": text}}


def _day(name: str, *, end: bool = False) -> datetime | None:
    """A date of the form as its first or last moment (UTC)."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        day = datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(), UTC)
    except ValueError:
        raise Invalid(_("A date looks like 2026-01-31.")) from None
    # `since` excludes its moment and `until` includes it.
    step = timedelta(milliseconds=1)
    return day + timedelta(days=1) - step if end else day - step
