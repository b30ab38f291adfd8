"""The audit log: who did what to what, newest first, page by page without counting."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import session
from server.console.access import bp, console_view, me, tenant_id
from server.console.listing import PAGE_SIZE, like
from server.people import INSTALLATION


@bp.get("/audit")
@console_view("tenant_administrator")
def audit_log() -> Any:
    whole = me().may("system_administrator") and request.args.get("of") == "installation"
    query = select(AuditEntry).where(AuditEntry.tenant_id == (INSTALLATION if whole else tenant_id()))
    if before := request.args.get("before", "")[:36]:
        # Ids are UUIDv7: their order is the order of time.
        query = query.where(AuditEntry.id < before)
    if word := request.args.get("q", "").strip()[:100]:
        query = query.where(
            AuditEntry.actor.ilike(like(word), escape="\\")
            | AuditEntry.action.ilike(like(word), escape="\\")
            | AuditEntry.target.ilike(like(word), escape="\\")
        )
    rows = list(session().scalars(query.order_by(AuditEntry.id.desc()).limit(2 * PAGE_SIZE + 1)))
    more = len(rows) > 2 * PAGE_SIZE
    return render_template(
        "console/audit.html", rows=rows[: 2 * PAGE_SIZE], more=more, word=word, whole=whole, before=before
    )
