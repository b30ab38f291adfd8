"""Forwarding of statements: to which record stores, how far each is, what they refused; adding, trying, pausing, changing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from core import audit
from core.db import session, unit_of_work
from core.errors import Invalid
from lrs import consistency, parsing
from server import forwarding
from server.api.records import StatementFilter, filter_values
from server.console.access import bp, console_view, me, tenant_id
from server.console.listing import paginate, sort_of
from server.console.messages import say
from server.forwarding import Forwarder, Refusal

VERSIONS = ("1.0.3", "2.0.0")
_FILTERS = {
    "agent": _l("Learner"),
    "verb": _l("Verb"),
    "activity": _l("Activity"),
    "registration": _l("Registration"),
    "related_agents": _l("The learner in any role"),
    "related_activities": _l("The activity in any role"),
}
# What can be wrong with a field, by its path in the words of the REST API.
_WRONG = {
    "$.url": _l("The address has more than 2000 characters."),
    "$.key": _l("The key must have 1 to 255 characters and no colon."),
    "$.secret": _l("The secret is needed."),
    "$.agent": _l(
        "The learner must be a mail address, or an agent as JSON with mbox, mbox_sha1sum, openid or account."
    ),
    "$.verb": _l("The verb is not an IRI."),
    "$.activity": _l("The activity is not an IRI."),
    "$.registration": _l("The registration is not a UUID."),
    "$.relatedAgents": _l("“The learner in any role” needs a learner."),
    "$.relatedActivities": _l("“The activity in any role” needs an activity."),
}
_COLUMNS = {
    "url": Forwarder.url,
    "state": Forwarder.enabled,
    "through": Forwarder.position,
    "forwarded": Forwarder.forwarded,
    "refused": Forwarder.refused,
}
_REFUSALS = {"time": Refusal.time, "status": Refusal.status, "statement": Refusal.statement_id}


def state_of(forwarder: Forwarder) -> str:
    """A word of :data:`server.console.formats.WORDS`."""
    if not forwarder.enabled:
        return "paused" if forwarder.disabled_reason == "switched off" else "dead"
    return "failing" if forwarder.failures else "active"


def _through(forwarder: Forwarder) -> datetime:
    return consistency.stored_time(forwarder.position)


@bp.get("/forwarders")
@console_view("tenant_administrator")
def forwarders_list() -> Any:
    return _list_page()


def _list_page(error: str = "", status: int = 200) -> Any:
    sort = sort_of(_COLUMNS, "url")
    column = _COLUMNS[sort.column]
    query = select(Forwarder).where(Forwarder.tenant_id == tenant_id())
    shown = render_template(
        "console/forwarders.html",
        page=paginate(query, [column.desc() if sort.descending else column.asc(), Forwarder.id]),
        sort=sort,
        **_shown(error),
    )
    return shown, status


def _shown(error: str) -> dict[str, Any]:
    """What both pages show things with."""
    return {
        "error": error,
        "form": request.form,
        "versions": [(version, version) for version in VERSIONS],
        "filter_names": _FILTERS,
        "state_of": state_of,
        "through": _through,
        "backlog": forwarding.backlog,
        "most": forwarding.BACKLOG,
    }


@bp.post("/forwarders")
@console_view("tenant_administrator")
def forwarder_create() -> Any:
    form = request.form
    try:
        with unit_of_work():
            made = forwarding.create(
                tenant_id(),
                url=form.get("url", "").strip(),
                key=form.get("key", "").strip(),
                secret=form.get("secret", ""),
                name=form.get("name", "").strip(),
                version=_version(),
                filters=_filter(),
                since=_since(),
            )
            id_ = made.id
            audit.record(tenant_id(), me().actor, "forwarder.created", id_, url=made.url)
    except Invalid as error:
        return _list_page(_refusal(error), 422)
    flash(_("The forwarder was added. Try the connection to see whether the other store takes it."), "good")
    return redirect(url_for("console.forwarder", id=id_))


def _refusal(error: Invalid) -> str:
    reason = _WRONG.get(str(error.details.get("path"))) or say(error)
    return str(_("This forwarder cannot be saved: %(reason)s", reason=reason))


def _version() -> str:
    version = request.form.get("version", VERSIONS[0])
    if version not in VERSIONS:
        raise Invalid(_("Choose a version."))
    return version


def _filter() -> dict[str, Any]:
    given = {name: request.form.get(name, "").strip() for name in ("agent", "verb", "activity", "registration")}
    return filter_values(
        StatementFilter(
            agent=_agent(given["agent"]) if given["agent"] else None,
            verb=given["verb"] or None,
            activity=given["activity"] or None,
            registration=given["registration"] or None,
            related_agents="related_agents" in request.form,
            related_activities="related_activities" in request.form,
        )
    )


def _agent(text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return {"mbox": "mailto:" + text.removeprefix("mailto:")}
    try:
        found: dict[str, Any] = parsing.loads(text)
    except Invalid as error:
        raise Invalid(error.message, path="$.agent") from None
    return found


def _since() -> datetime | None:
    text = request.form.get("since", "").strip()
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
    except ValueError:
        raise Invalid(_("A date looks like 2026-01-31.")) from None


@bp.get("/forwarder")
@console_view("tenant_administrator")
def forwarder() -> Any:
    return _page(_named(request.args))


def _named(values: Any) -> Forwarder:
    return forwarding.get(tenant_id(), values.get("id", ""))


def _page(found: Forwarder, error: str = "", status: int = 200) -> Any:
    sort = sort_of(_REFUSALS, "-time")
    column = _REFUSALS[sort.column]
    query = select(Refusal).where(Refusal.tenant_id == tenant_id(), Refusal.forwarder_id == found.id)
    shown = render_template(
        "console/forwarder.html",
        forwarder=found,
        page=paginate(query, [column.desc() if sort.descending else column.asc(), Refusal.statement_id]),
        sort=sort,
        **_shown(error),
    )
    return shown, status


@bp.post("/forwarder")
@console_view("tenant_administrator")
def forwarder_change() -> Any:
    form = request.form
    try:
        with unit_of_work():
            found = _named(form)
            forwarding.change(
                found,
                name=form.get("name", "").strip(),
                url=form.get("url", "").strip(),
                key=form.get("key", "").strip(),
                secret=form.get("secret") or None,
                version=_version(),
                filters=_filter(),
                since=_since(),
            )
            forwarding.wake(found)
            audit.record(tenant_id(), me().actor, "forwarder.changed", found.id, url=found.url)
    except Invalid as error:
        return _page(_named(form), _refusal(error), 422)
    flash(_("The forwarder was saved."), "good")
    return redirect(url_for("console.forwarder", id=form["id"]))


@bp.post("/forwarder/pause")
@console_view("tenant_administrator")
def forwarder_pause() -> Any:
    """Pause it, or let it go on from where it was."""
    on = request.form.get("on") == "yes"
    with unit_of_work():
        found = _named(request.form)
        forwarding.change(found, enabled=on)
        forwarding.wake(found)
        audit.record(
            tenant_id(), me().actor, "forwarder.resumed" if on else "forwarder.paused", found.id, url=found.url
        )
    flash(_("It goes on where it was.") if on else _("It is paused. What comes meanwhile is sent later."), "good")
    return redirect(url_for("console.forwarder", id=request.form["id"]))


@bp.post("/forwarder/delete")
@console_view("tenant_administrator")
def forwarder_delete() -> Any:
    with unit_of_work():
        found = _named(request.form)
        audit.record(tenant_id(), me().actor, "forwarder.deleted", found.id, url=found.url)
        session().delete(found)
    flash(_("The forwarder was deleted. What it has sent stays where it is."), "good")
    return redirect(url_for("console.forwarders_list"))


@bp.post("/forwarder/test")
@console_view("tenant_administrator")
def forwarder_test() -> Any:
    found = _named(request.form)
    tried = forwarding.try_connection(found)
    reason = say(tried.refusal) if tried.refusal else tried.message
    texts = {
        "ok": _("The other store answers, and knows the key."),
        "may_not_read": _(
            "The other store knows the key. It may not read; whether it may write shows with the first statement."
        ),
        "unauthenticated": _("The other store does not know this key with this secret."),
        "no_endpoint": _("There is no xAPI endpoint at this address."),
        "unreachable": _("The other store cannot be reached: %(reason)s", reason=reason),
        "refused": _("This address is not allowed: %(reason)s", reason=reason),
    }
    flash(texts.get(tried.code) or _("The other store %(reason)s", reason=reason), "good" if tried.ok else "bad")
    return redirect(url_for("console.forwarder", id=request.form["id"]))
