"""How the learner likes courses shown and spoken: set in one part, found by every other part of the registration.

Sources: SCORM 2004 4th Edition RTE 4.2.13, SCORM 1.2 RTE 3.4.4 (cmi.student_preference). Kept with the course's state, so
that a plain commit writes no further row.
"""

from __future__ import annotations

from collections.abc import Mapping

from scorm_runtime.run import Run

_ELEMENTS = ("cmi.learner_preference.", "cmi.student_preference.")
_SETTING = "makeStudentPreferencesGlobalToCourse"


def remember(run: Run, changes: Mapping[str, str]) -> None:
    """Keep the preferences among ``changes`` of a part for the others."""
    said = {element: value for element, value in changes.items() if element.startswith(_ELEMENTS)}
    if said and run.setting(_SETTING):
        run.state.scoped = {**run.state.scoped, "preferences": {**known(run), **said}}


def known(run: Run) -> dict[str, str]:
    """Preferences that some part of the course has set: element → value."""
    return dict(run.state.scoped.get("preferences", {})) if run.setting(_SETTING) else {}
