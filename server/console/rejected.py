"""Rejected requests: who sent what, why it was refused, and storing it after all, as it was or corrected."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, select

from core import audit
from core.credentials import Credential
from core.db import session, unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from lrs import rejections
from lrs.rejections import Rejection
from server import replaying
from server.console.access import bp, console_view, me, tenant_id
from server.console.formats import pretty_json
from server.console.listing import paginate, sort_of
from server.console.messages import say, without_number

# Longer bodies are shown as they came: indented they would not fit into the form that sends them back.
PRETTY = 100_000
_COLUMNS = {"time": Rejection.id, "key": Rejection.key, "status": Rejection.status}


def _search(values: Any) -> Select[Any]:
    """What the filters of the list find; a status or state that is none finds everything."""
    status, state = values.get("status", ""), values.get("state", "")
    return rejections.search(
        tenant_id(),
        key=values.get("key") or None,
        status=int(status) if status in map(str, rejections.STATUSES) else None,
        text=values.get("q", "").strip()[:200],
        replayed={"replayed": True, "open": False}.get(state),
    )


def _reason(rejection: Rejection) -> str:
    return without_number(rejection.message, rejection.statement_index)


@bp.get("/rejected-requests")
@console_view("tenant_administrator")
def rejected_list() -> Any:
    sort = sort_of(_COLUMNS, "-time")
    column = _COLUMNS[sort.column]
    names = {c.key: c.name for c in session().scalars(select(Credential).where(Credential.tenant_id == tenant_id()))}
    senders = session().scalars(select(Rejection.key).where(Rejection.tenant_id == tenant_id()).distinct())
    filters = {name: request.args.get(name, "") for name in ("q", "key", "status", "state")}
    return render_template(
        "console/rejected_list.html",
        page=paginate(_search(request.args), [column.desc() if sort.descending else column.asc(), Rejection.id.desc()]),
        sort=sort,
        names=names,
        senders=[(key, names.get(key) or key) for key in sorted(senders)],
        statuses=[(str(status), str(status)) for status in rejections.STATUSES],
        filters=filters,
        reason=_reason,
        filtered=any(filters.values()),
    )


@bp.post("/rejected-requests/delete")
@console_view("tenant_administrator")
def rejected_delete_found() -> Any:
    """Delete everything that the filters of the list find."""
    with unit_of_work() as current:
        found = list(current.scalars(_search(request.form)))
        for one in found:
            current.delete(one)
        audit.record(tenant_id(), me().actor, "rejected_request.deleted", "", requests=len(found))
    flash(ngettext("%(num)d request was deleted.", "%(num)d requests were deleted.", len(found)), "good")
    return redirect(url_for("console.rejected_list"))


@bp.get("/rejected-request")
@console_view("tenant_administrator")
def rejected() -> Any:
    return _page(_named(request.args))


def _named(values: Any) -> Rejection:
    return rejections.get(tenant_id(), values.get("id", ""))


def _page(found: Rejection, error: str = "", corrected: str | None = None, status: int = 200) -> Any:
    credential = session().get(Credential, (tenant_id(), found.key))
    shown = render_template(
        "console/rejected.html",
        rejection=found,
        reason=_reason(found),
        sender=credential.name if credential else "",
        whole=rejections.is_whole(found),
        body=corrected if corrected is not None else _readable(found.body),
        limit=rejections.BODY_LIMIT,
        error=error,
    )
    return shown, status


def _readable(body: str) -> str:
    try:
        return pretty_json(body.encode()) if len(body) <= PRETTY else body
    except msgspec.DecodeError:
        return body


@bp.post("/rejected-request/replay")
@console_view("tenant_administrator")
def rejected_replay() -> Any:
    """Store what was sent, or with ``body`` its correction."""
    id_, body = request.form.get("id", ""), request.form.get("body")
    try:
        with unit_of_work():
            ids = replaying.replay(tenant_id(), id_, me().actor, body)
    except (Invalid, Conflict, Forbidden) as error:
        reasons = {
            "sender_gone": _("The credential that sent it may not store statements any more."),
            "replayed": _("It was stored already; nothing was stored again."),
        }
        refused = reasons.get(error.code) or _("It was refused again: %(reason)s", reason=say(error))
        return _page(_named(request.form), str(refused), body, 422)
    flash(ngettext("%(num)d statement was stored.", "%(num)d statements were stored.", len(ids)), "good")
    return redirect(url_for("console.rejected", id=id_))


@bp.post("/rejected-request/delete")
@console_view("tenant_administrator")
def rejected_delete() -> Any:
    with unit_of_work():
        found = _named(request.form)
        audit.record(tenant_id(), me().actor, "rejected_request.deleted", found.id, requests=1)
        session().delete(found)
    flash(_("The request was deleted."), "good")
    return redirect(url_for("console.rejected_list"))
