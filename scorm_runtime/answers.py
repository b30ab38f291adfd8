"""The answer of the runtime endpoint (docs/architecture.md, "The runtime endpoint")."""

from __future__ import annotations

from typing import Any

import msgspec

from course_packages.model import Standard
from scorm_runtime import rollup
from scorm_runtime.run import Run
from scorm_runtime.sequencing import TocEntry

_SHOWN = ("id", "title", "depth", "visible", "selectable", "status", "current", "reason")


def build(run: Run, seq: int, *, activity: dict[str, Any] | None = None, message: str | None = None) -> bytes:
    """The answer as JSON, from what the sequencer says now."""
    return with_seq(seq, standing(run, activity=activity, message=message))


def with_seq(seq: int, answer: bytes) -> bytes:
    """The whole answer of ``answer``, which :func:`standing` made."""
    return b'{"seq":%d,%b' % (seq, answer[1:])


def standing(run: Run, *, activity: dict[str, Any] | None = None, message: str | None = None) -> bytes:
    """All of the answer but its ``seq``: the same for every request as long as nothing but data changes."""
    state = _state(run)
    toc = run.sequencer.toc()
    status = rollup.course_status(run)
    return msgspec.json.encode(
        {
            "state": "content" if activity is not None else state,
            "activity": activity,
            "controls": run.sequencer.controls().as_dict(),
            "toc": [{name: getattr(entry, name) for name in _SHOWN} for entry in toc],
            "requestValid": _request_valid(run, toc),
            "progress": {
                "measure": status.progress_measure,
                "completion": status.completion,
                "success": status.success,
                "scaled": status.scaled,
                "totalSeconds": run.state.seconds,
            },
            "redirect": run.launch.redirect_url if state == "ended" else None,
            "message": message,
        }
    )


def _state(run: Run) -> str:
    if run.state.status != "active":
        return "ended"
    return "content" if run.sequencer.active else "idle"


def _request_valid(run: Run, toc: list[TocEntry]) -> dict[str, Any]:
    """adl.nav.request_valid (RTE 4.4.2): continue and previous, choice and jump by target."""
    valid = run.sequencer.valid
    return {
        "continue": _word(valid("continue").allowed),
        "previous": _word(valid("previous").allowed),
        "choice": {entry.id: _word(entry.selectable) for entry in toc},
        # NB.2.1 step 13: every available activity can be jumped to, from the 4th Edition on.
        "jump": {entry.id: _word(run.outline.standard == Standard.SCORM_2004_4) for entry in toc},
    }


def _word(value: bool) -> str:
    return "true" if value else "false"
