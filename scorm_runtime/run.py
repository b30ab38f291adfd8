"""One request's view of a registration in the runtime: its rows, its sequencer, and what has to be written at the end."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from core import clock, tenants
from core.db import hold, session
from core.errors import Invalid
from core.ids import new_id
from core.settings import get_settings
from course_packages import catalogue
from course_packages.model import Item
from lrs import store as lrs_store
from registrations import registrations, settings
from registrations.models import Instance, Launch, Learner, Registration
from scorm_runtime import stores
from scorm_runtime.models import ActivityState, CourseState, RuntimeSession
from scorm_runtime.outline import Outline, outline
from scorm_runtime.sequencing import Outcome, Sequencer
from scorm_runtime.statements import Scene, Statement
from scorm_runtime.tracking import Rules

NORMAL = "normal"


@dataclass
class Run:
    """The registration is locked from :func:`open_run` to the end of the unit of work.

    Only runs in mode normal change the registration's progress and make statements.
    """

    launch: Launch
    registration: Registration
    instance: Instance
    outline: Outline
    state: CourseState
    sequencer: Sequencer
    statements: list[Statement] = field(default_factory=list)
    # The activity whose session this request touched last: decides the cause of a course with one part.
    touched: ActivityState | None = None
    # What was decided in this request and how, for the trace.
    decisions: list[dict[str, Any]] = field(default_factory=list)
    _objectives: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def tenant_id(self) -> int:
        return self.registration.tenant_id

    @property
    def normal(self) -> bool:
        return self.state.mode == NORMAL

    @property
    def read_only(self) -> bool:
        """In review the learner looks at what was stored; nothing is stored."""
        return self.state.mode == "review"

    @property
    def rules(self) -> Rules:
        return Rules(
            score_overrides_status=bool(self.setting("scoreOverridesStatus")),
            finish_status_incomplete=bool(self.setting("finishStatusIncomplete")),
            scale_raw_score=bool(self.setting("scaleRawScore")),
        )

    def setting(self, name: str) -> bool | int | str:
        """A compatibility setting as it was in force when the learner last opened the course."""
        value: bool | int | str = self.state.settings.get(name, settings.SETTINGS[name].default)
        return value

    def learner(self) -> Learner:
        return hold(session().get_one(Learner, (self.tenant_id, self.registration.learner_id)))

    def title(self, activity: str) -> str:
        return self.outline.item(activity).title

    # --- rows -----------------------------------------------------------------------------------------------------

    def session_row(self, session_id: str) -> RuntimeSession:
        """A session of this registration instance, whichever launch opened it."""
        row = session().get(RuntimeSession, (self.tenant_id, session_id))
        if row is None or row.course_state_id != self.state.id:
            raise Invalid("the session does not belong to this launch", code="unknown_session")
        return row

    def open_sessions(self) -> list[RuntimeSession]:
        query = select(RuntimeSession).where(
            RuntimeSession.tenant_id == self.tenant_id,
            RuntimeSession.course_state_id == self.state.id,
            RuntimeSession.ended.is_(None),
        )
        # One that this request has just ended may not be written yet.
        return [row for row in session().scalars(query.order_by(RuntimeSession.id)) if row.ended is None]

    def last_session(self, activity: str | None = None) -> RuntimeSession | None:
        """The newest session of the course, or of one activity."""
        query = select(RuntimeSession).where(
            RuntimeSession.tenant_id == self.tenant_id, RuntimeSession.course_state_id == self.state.id
        )
        if activity is not None:
            query = query.where(RuntimeSession.activity == activity)
        return session().scalars(query.order_by(RuntimeSession.started.desc(), RuntimeSession.id.desc())).first()

    def activity_state(self, activity: str, number: int) -> ActivityState | None:
        return session().get(ActivityState, (self.tenant_id, self.state.id, activity, number))

    def new_activity_state(self, activity: str, number: int) -> ActivityState:
        state = ActivityState(
            tenant_id=self.tenant_id,
            course_state_id=self.state.id,
            activity=activity,
            number=number,
            uuid=str(uuid.uuid4()),
            cmi={},
            saved=False,
            seconds=0.0,
            cause="content",
            told={},
        )
        session().add(state)
        return state

    # --- shared data ----------------------------------------------------------------------------------------------

    def load_data(self, item: Item) -> dict[str, str]:
        targets = {data_map.target_id for data_map in item.data_maps}
        everywhere = self.outline.organization.shared_data_global_to_system
        return stores.load_data(
            self.tenant_id, self.registration.learner_id, targets, self.state, everywhere=everywhere
        )

    def save_data(self, values: dict[str, str]) -> None:
        everywhere = self.outline.organization.shared_data_global_to_system
        stores.save_data(self.tenant_id, self.registration.learner_id, self.state, values, everywhere=everywhere)

    def decided(self, request: str, target: str | None, outcome: Outcome) -> None:
        """Remember how a navigation request was decided."""
        steps = [{"code": step.code, "text": step.text} for step in self.sequencer.trace]
        self.decisions.append({"request": request, "target": target, **asdict(outcome), "steps": steps})

    # --- statements -----------------------------------------------------------------------------------------------

    def scene(self, activity: ActivityState | None = None) -> Scene:
        """What statements about an activity, or about the course, have in common."""
        return Scene(
            home=get_settings().base_url.rstrip("/"),
            learner_id=self.registration.learner_id,
            registration=self.instance.xapi_registration,
            course_id=self.registration.course_id,
            course_title=self.registration.course_title,
            attempt=activity.uuid if activity else self.course_attempt(),
            time=clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            activity=activity.activity if activity else "",
            title=self.title(activity.activity) if activity else "",
            language=self.outline.language,
        )

    def course_attempt(self) -> str:
        """The UUID of the present attempt on the course."""
        return str(uuid.uuid5(uuid.UUID(self.state.id), str(self.state.attempt)))

    def makes(self, level: str) -> bool:
        """Whether statements of this level (rollup, activities, all) are wanted."""
        order = settings.SETTINGS["statementLevel"].words
        return self.normal and order.index(level) <= order.index(str(self.setting("statementLevel")))

    # --- the end --------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the sequencer's state, global objectives and statements."""
        self.state.snapshot = self.sequencer.snapshot()
        self.state.updated = clock.now()
        if self.outline.objectives and not self.read_only:
            stores.save_objectives(
                self.tenant_id,
                self.registration.learner_id,
                self.state,
                everywhere=self.outline.organization.objectives_global_to_system and self.normal,
                before=self._objectives,
                after=self.sequencer.global_objectives,
            )
        session().flush()
        if self.statements:
            lrs_store.store(self.tenant_id, self.statements, authority())

    def load_objectives(self) -> None:
        organization = self.outline.organization
        self._objectives = stores.load_objectives(
            self.tenant_id,
            self.registration.learner_id,
            self.outline.objectives,
            self.state,
            everywhere=organization.objectives_global_to_system and self.normal,
        )
        if self._objectives:
            self.sequencer.global_objectives = self._objectives


def authority() -> dict[str, Any]:
    """The agent that answers for the runtime's statements."""
    return {
        "objectType": "Agent",
        "account": {"homePage": get_settings().base_url.rstrip("/"), "name": "scorm-runtime"},
    }


def open_run(launch: Launch) -> Run:
    """Lock the registration of ``launch`` and load what its runtime needs; the state of the course is made if there is none."""
    registration = registrations.lock(launch.tenant_id, launch.registration_id)
    instance = registrations.instance_of(registration, launch.instance)
    found = outline(registration.tenant_id, registration.version_id)
    state = find_state(registration, launch)
    organization, standard = found.organization, found.standard
    if state is None:
        sequencer = Sequencer.new(organization, edition=standard, seed=uuid.uuid4().int & 0x7FFFFFFF)
        state = _new_state(registration, launch, sequencer)
    else:
        sequencer = Sequencer.restore(organization, state.snapshot, edition=standard)
    run = Run(launch, registration, instance, found, state, sequencer)
    run.load_objectives()
    return run


def find_state(registration: Registration, launch: Launch) -> CourseState | None:
    """The state of the course that ``launch`` goes on with: that of the instance, or its own for review and browsing."""
    query = select(CourseState).where(
        CourseState.tenant_id == registration.tenant_id,
        CourseState.registration_id == registration.id,
        CourseState.instance == launch.instance,
        CourseState.mode == launch.mode,
    )
    if launch.mode != NORMAL:
        query = query.where(CourseState.launch_id == launch.id)
    return session().scalars(query).first()


def normal_state(run: Run) -> CourseState | None:
    """The state that counts, for a run that only looks at it."""
    query = select(CourseState).where(
        CourseState.tenant_id == run.tenant_id,
        CourseState.registration_id == run.registration.id,
        CourseState.instance == run.launch.instance,
        CourseState.mode == NORMAL,
    )
    return session().scalars(query).first()


def _new_state(registration: Registration, launch: Launch, sequencer: Sequencer) -> CourseState:
    state = CourseState(
        tenant_id=registration.tenant_id,
        id=new_id(),
        registration_id=registration.id,
        instance=launch.instance,
        launch_id=launch.id,
        mode=launch.mode,
        attempt=0,
        status="active",
        snapshot=sequencer.snapshot(),
        settings=settings_in_force(registration),
        scoped={},
        seconds=0.0,
        told={},
    )
    session().add(state)
    session().flush()
    return state


def settings_in_force(registration: Registration) -> dict[str, bool | int | str]:
    """The compatibility settings of a registration now; those a course keeps for others are not ours."""
    tenant = tenants.get(registration.tenant_id).settings
    course = catalogue.get_course(registration.tenant_id, registration.course_id).settings
    resolved = settings.resolve(tenant, course, registration.settings)
    return {name: each.value for name, each in resolved.items()}
