"""Why the parts of a course are open, locked or hidden for a learner now, for whoever has to answer for it.

Nothing is locked in the database and nothing changes: the sequencer is asked as a player would ask it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select

from core.db import session
from registrations import launches
from registrations.models import Registration
from scorm_runtime import stores
from scorm_runtime.models import CourseState
from scorm_runtime.outline import outline
from scorm_runtime.run import NORMAL
from scorm_runtime.sequencing import Controls, Sequencer, TocEntry, TraceStep

CONTROLS = ("continue", "previous", "exitAll", "suspendAll", "abandonAll")


@dataclass(frozen=True)
class Verdict:
    """Whether a request would be honoured. ``code``: of the sequencing book (or prerequisites, hidden …), None when it
    would; ``reason`` in the language asked for; ``steps``: how it was decided, with the rules that applied."""

    allowed: bool
    code: str | None
    reason: str
    steps: tuple[TraceStep, ...]


class Situation:
    """A registration as its sequencer sees it now. ``state``: not_started, active, suspended or ended."""

    def __init__(self, registration: Registration, language: str = "en") -> None:
        """:class:`Conflict` where the runtime cannot play the course."""
        launches.check_playable(registration)
        found = outline(registration.tenant_id, registration.version_id)
        query = select(CourseState).where(
            CourseState.tenant_id == registration.tenant_id,
            CourseState.registration_id == registration.id,
            CourseState.instance == registration.instance,
            CourseState.mode == NORMAL,
        )
        state = session().scalars(query).first()
        organization, standard = found.organization, found.standard
        if state is None:
            self.state = "not_started"
            self.sequencer = Sequencer.new(organization, edition=standard, seed=0)
        else:
            self.state = state.status
            self.sequencer = Sequencer.restore(organization, state.snapshot, edition=standard)
            self.sequencer.global_objectives = stores.load_objectives(
                registration.tenant_id,
                registration.learner_id,
                found.objectives,
                state,
                everywhere=organization.objectives_global_to_system,
            )
        self.sequencer.language = language

    def contents(self) -> list[TocEntry]:
        """The table of contents as the player shows it; entries have their reason."""
        return self.sequencer.toc()

    def choice(self, entry: TocEntry) -> Verdict:
        """Why an entry of :meth:`contents` can be chosen, or not."""
        asked = self.sequencer.valid("choice", entry.id)
        code = asked.exception if not asked.allowed else None
        if code is None and not entry.selectable:
            # The choice would work; what keeps it from being offered is the table of contents (SN 5.3).
            code = "hidden" if not entry.visible else entry.exception or "NB.2.1-10"
        return Verdict(entry.selectable, code, entry.reason, tuple(self.sequencer.trace))

    @cached_property
    def _controls(self) -> Controls:
        return self.sequencer.controls()

    def control(self, name: str) -> Verdict:
        """Why one of :data:`CONTROLS` is on or off. The content may hide it and use it all the same (hideLMSUI)."""
        controls = self._controls
        allowed = bool(controls.as_dict()[name])
        asked = self.sequencer.valid(name)
        code = "hideLMSUI" if name in controls.hidden else None if allowed else asked.exception
        return Verdict(
            allowed and name not in controls.hidden, code, controls.reasons.get(name, ""), tuple(self.sequencer.trace)
        )
