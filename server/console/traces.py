"""The trace of a registration: switched on and off, read, exported, and two launches compared."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from core import audit
from core.db import unit_of_work
from core.errors import NotFound
from registrations import registrations
from registrations.models import Registration
from scorm_runtime import trace
from scorm_runtime.run import settings_in_force
from server.console.access import bp, console_view, me, tenant_id

# More lines than that are read better in the exported file.
SHOWN = 2000


def _recording(found: list[trace.Recording], launch_id: str) -> trace.Recording:
    recording = next((each for each in found if each.launch_id == launch_id), None)
    if recording is None:
        raise NotFound(_("Nothing was recorded of this launch."))
    return recording


def _entries(recording: trace.Recording) -> list[trace.Entry]:
    return trace.entries(tenant_id(), recording.launch_id, recording.registration_id)


def _named(values: Any) -> Registration:
    return registrations.get(tenant_id(), values.get("id", ""))


@bp.get("/registration/trace")
@console_view("instructor")
def registration_trace() -> Any:
    found = _named(request.args)
    recorded = trace.recordings(tenant_id(), registration_id=found.id)
    asked = request.args.get("launch", "")
    shown = _recording(recorded, asked) if asked else next(iter(recorded), None)
    entries = _entries(shown) if shown is not None else []
    return render_template(
        "console/registration_trace.html",
        registration=found,
        on=bool(settings_in_force(found)["traceCalls"]),
        recordings=recorded,
        shown=shown,
        entries=entries[:SHOWN],
        left_out=max(len(entries) - SHOWN, 0),
        others=trace.recordings(tenant_id(), course_id=found.course_id),
    )


@bp.post("/registration/trace")
@console_view("tenant_administrator")
def registration_trace_switch() -> Any:
    on = request.form.get("on") == "yes"
    with unit_of_work():
        found = _named(request.form)
        registrations.configure(found, {"traceCalls": on})
        audit.record(tenant_id(), me().actor, "registration.trace_on" if on else "registration.trace_off", found.id)
    flash(_("The next launch is recorded.") if on else _("The next launch is not recorded."), "good")
    return redirect(url_for("console.registration_trace", id=request.form["id"]))


@bp.get("/registration/trace/export")
@console_view("instructor")
def registration_trace_export() -> Response:
    found = _named(request.args)
    recorded = trace.recordings(tenant_id(), registration_id=found.id)
    shown = _recording(recorded, request.args.get("launch", ""))
    body = {"registration": found.id, "course": found.course_id, "launch": shown.launch_id, "entries": _entries(shown)}
    response = Response(msgspec.json.format(msgspec.json.encode(body), indent=1), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="trace-{shown.launch_id}.json"'
    return response


@bp.get("/registration/trace/compare")
@console_view("instructor")
def registration_trace_compare() -> Any:
    """Two recordings of one course, of the same learner or of two."""
    found = _named(request.args)
    recorded = trace.recordings(tenant_id(), course_id=found.course_id)
    left, right = (_recording(recorded, request.args.get(side, "")) for side in ("left", "right"))
    pairs = trace.compare(_entries(left), _entries(right))
    only = request.args.get("only") == "differences"
    different = [pair for pair in pairs if pair.how != "same"]
    return render_template(
        "console/registration_trace_compare.html",
        registration=found,
        left=left,
        right=right,
        pairs=(different if only else pairs)[:SHOWN],
        same=len(pairs) - len(different),
        different=len(different),
        only=only,
    )
