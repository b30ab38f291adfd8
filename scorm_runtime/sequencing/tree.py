"""The activity tree with its tracking model and state model (SN 4.2), and the few questions every process asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, overload
from urllib.parse import unquote

from course_packages.model import CompletionThreshold, Item, Objective, Organization, Sequencing, Standard
from scorm_runtime.sequencing.exchange import TraceStep

# The facts of an objective and the map attributes that share them (SN 3.10.3). "completed" and "progress" of the
# primary objective are the attempt completion status and amount of the activity itself.
FIELDS = {
    "satisfied": "satisfied_status",
    "measure": "normalized_measure",
    "raw": "raw_score",
    "min": "min_score",
    "max": "max_score",
    "completed": "completion_status",
    "progress": "progress_measure",
}
# What an objective map could share before the 4th Edition.
EARLY_FIELDS = ("satisfied", "measure")

GlobalObjectives = dict[str, dict[str, Any]]


class Refused(Exception):
    """A process of the pseudo-code ended with an exception, or (``ends_session``) walked off the tree."""

    def __init__(self, code: str, activity: Activity | None = None, *, ends_session: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.activity = activity
        self.ends_session = ends_session


@overload
def plain_id(identifier: str) -> str: ...
@overload
def plain_id(identifier: None) -> None: ...
@overload
def plain_id(identifier: str | None) -> str | None: ...
def plain_id(identifier: str | None) -> str | None:
    """An identifier of xs:anyURI as it is compared and shown: escapes resolved, white space collapsed."""
    return None if identifier is None else " ".join(unquote(identifier).split())


class ObjectiveState:
    """One local objective: its definition and its progress information (SN 4.2.1.1); None is unknown."""

    __slots__ = (
        "completed",
        "definition",
        "id",
        "max",
        "measure",
        "min",
        "progress",
        "raw",
        "reads",
        "satisfied",
        "writes",
    )

    def __init__(self, definition: Objective, shared: tuple[str, ...]) -> None:
        self.definition = definition
        self.id: str | None = plain_id(definition.objective_id)
        self.satisfied: bool | None = None
        self.measure: float | None = None
        self.raw: float | None = None
        self.min: float | None = None
        self.max: float | None = None
        self.completed: bool | None = None
        self.progress: float | None = None
        self.reads: dict[str, tuple[str, ...]] = {}
        self.writes: dict[str, tuple[str, ...]] = {}
        for name in shared:
            attribute = FIELDS[name]
            read = tuple(plain_id(m.target_objective_id) for m in definition.maps if getattr(m, f"read_{attribute}"))
            write = tuple(plain_id(m.target_objective_id) for m in definition.maps if getattr(m, f"write_{attribute}"))
            if read:
                self.reads[name] = read
            if write:
                self.writes[name] = write

    def values(self) -> dict[str, Any]:
        """The known facts."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not None}

    def forget(self, names: tuple[str, ...] = tuple(FIELDS)) -> None:
        for name in names:
            setattr(self, name, None)


OBJECTIVE_FACTS = ("satisfied", "measure", "raw", "min", "max")
PROGRESS_FACTS = ("completed", "progress")


class Activity:
    """One activity: what the manifest says about it and what is known about the learner in it."""

    def __init__(self, source: Item | Organization, parent: Activity | None, shared: tuple[str, ...]) -> None:
        self.id: str = source.identifier
        self.title: str = source.title
        self.source = source
        self.sequencing: Sequencing = source.sequencing
        self.threshold: CompletionThreshold | None = source.completion_threshold
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.children: tuple[Activity, ...] = ()
        # The chosen children in their present order (SN 4.2.1.4 Available Children); index: the place in the parent's.
        self.available: tuple[Activity, ...] = ()
        self.index: int = -1
        # Place in the preorder of the available activities; decides what is forward of what.
        self.order: int = 0
        declared = self.sequencing.objectives
        if not any(o.primary for o in declared):
            # SN 3.10: every activity has one objective that contributes to rollup, declared or not.
            declared = (Objective(primary=True), *declared)
        self.objectives = tuple(ObjectiveState(o, shared) for o in declared)
        self.primary: ObjectiveState = next(o for o in self.objectives if o.definition.primary)
        # Activity progress information and activity state information (SN 4.2.1.2, 4.2.2).
        self.tracked: bool = self.sequencing.tracked
        self.attempts: int = 0
        self.active: bool = False
        self.suspended: bool = False
        # The content has said something of its completion or success in this attempt, be it "unknown".
        self.said_completion: bool = False
        self.said_success: bool = False
        # A retry of the parent left this attempt behind (SN 3.2.6, 3.2.7): rollup looks for what is new.
        self.stale_objective: bool = False
        self.stale_progress: bool = False
        self.attempt_duration: float = 0.0
        self.total_duration: float = 0.0

    @property
    def is_leaf(self) -> bool:
        return not self.children

    @property
    def scorm_type(self) -> str | None:
        return self.source.scorm_type if isinstance(self.source, Item) else None

    @property
    def launchable(self) -> bool:
        return isinstance(self.source, Item) and self.source.launchable

    @property
    def is_heading(self) -> bool:
        return not self.children and self.parent is not None and not self.launchable

    @property
    def prerequisites(self) -> str | None:
        return self.source.prerequisites if isinstance(self.source, Item) else None

    @property
    def is_available(self) -> bool:
        """In the tree as the learner sees it: neither it nor an ancestor was left out by selection."""
        return self.parent is None or (self.index >= 0 and self.parent.is_available)

    def objective(self, objective_id: str | None) -> ObjectiveState | None:
        """The local objective with this id; the primary one for None."""
        if objective_id is None:
            return self.primary
        wanted = plain_id(objective_id)
        return next((o for o in self.objectives if o.id == wanted), None)

    def ancestors(self) -> Iterator[Activity]:
        """This activity, its parent, … the root."""
        found: Activity | None = self
        while found is not None:
            yield found
            found = found.parent

    def path(self) -> list[Activity]:
        """The root, … this activity."""
        return list(self.ancestors())[::-1]

    def offer(self, children: tuple[Activity, ...]) -> None:
        """Make these the available children, in this order."""
        for child in self.available:
            child.index = -1
        self.available = children
        for index, child in enumerate(children):
            child.index = index

    def __repr__(self) -> str:
        return f"<Activity {self.id}>"


@dataclass
class Memory:
    """What a look at a tree that stands still has found: rules that apply, and the first sibling that stops a choice."""

    rules: dict[tuple[Activity, str], bool] = field(default_factory=dict)
    stops: dict[Activity, Activity | None] = field(default_factory=dict)


class ActivityTree:
    """The tree of one learner in one course: activities, current and suspended activity, global objectives, trace."""

    def __init__(self, organization: Organization, edition: Standard, seed: int) -> None:
        self.edition = edition
        self.seed = seed
        self.activities: dict[str, Activity] = {}
        shared = tuple(FIELDS) if edition is Standard.SCORM_2004_4 else EARLY_FIELDS
        self.global_to_system = organization.objectives_global_to_system
        self.root = Activity(_with_a_way_in(organization), None, shared)
        self.activities[self.root.id] = self.root
        self._grow(self.root, organization.items, shared)
        self.current: Activity | None = None
        self.suspended: Activity | None = None
        self.in_session = False
        self.globals: GlobalObjectives = {}
        self.changed_globals: set[str] = set()
        # What the attempt on the current activity has replaced, for the case that it is abandoned.
        self.overwritten: GlobalObjectives = {}
        self.readers: dict[str, list[Activity]] = {}
        for activity in self.activities.values():
            for target in {t for o in activity.objectives for targets in o.reads.values() for t in targets}:
                self.readers.setdefault(target, []).append(activity)
        self.steps: list[TraceStep] = []
        self.tracing = True
        # Set only while nothing can change (table of contents).
        self.memory: Memory | None = None
        self.number()

    def _grow(self, root: Activity, items: tuple[Item, ...], shared: tuple[str, ...]) -> None:
        waiting: list[tuple[Activity, tuple[Item, ...]]] = [(root, items)]
        while waiting:
            activity, below = waiting.pop()
            made = []
            for item in below:
                child = Activity(item, activity, shared)
                if child.id in self.activities:
                    raise ValueError(f"two activities have the identifier {child.id!r}")
                self.activities[child.id] = child
                made.append(child)
                if item.children:
                    waiting.append((child, item.children))
            activity.children = tuple(made)
            activity.offer(activity.children)
        for activity in self.activities.values():
            # A heading, neither cluster nor content, is nothing that could be tracked or flowed into.
            activity.tracked = activity.sequencing.tracked and not activity.is_heading

    def find(self, activity_id: str) -> Activity:
        try:
            return self.activities[activity_id]
        except KeyError:
            raise ValueError(f"the course has no activity {activity_id!r}") from None

    def walk(self) -> Iterator[Activity]:
        """Available activities in order."""
        waiting = [self.root]
        while waiting:
            activity = waiting.pop()
            yield activity
            waiting.extend(reversed(activity.available))

    def number(self) -> None:
        """Count the available activities again after a change of available children."""
        for order, activity in enumerate(self.walk()):
            activity.order = order

    def note(self, code: str, text: str) -> None:
        """Add a step to the trace of the present decision."""
        if self.tracing:
            self.steps.append(TraceStep(code=code, text=text))

    # --- everything that changes, as one value

    def save(self) -> Any:
        """The whole changeable state; :meth:`load` brings it back."""
        return (
            self.current,
            self.suspended,
            self.in_session,
            {target: dict(values) for target, values in self.globals.items()},
            {target: dict(values) for target, values in self.overwritten.items()},
            [
                (
                    a,
                    a.attempts,
                    a.active,
                    a.suspended,
                    a.attempt_duration,
                    a.total_duration,
                    a.available,
                    (a.said_completion, a.said_success, a.stale_objective, a.stale_progress),
                    [(o, o.satisfied, o.measure, o.raw, o.min, o.max, o.completed, o.progress) for o in a.objectives],
                )
                for a in self.activities.values()
            ],
        )

    def load(self, saved: Any) -> None:
        self.current, self.suspended, self.in_session, self.globals, self.overwritten, activities = saved
        moved = False
        for (
            a,
            attempts,
            active,
            suspended,
            attempt_duration,
            total_duration,
            available,
            flags,
            objectives,
        ) in activities:
            a.said_completion, a.said_success, a.stale_objective, a.stale_progress = flags
            a.attempts, a.active, a.suspended = attempts, active, suspended
            a.attempt_duration, a.total_duration = attempt_duration, total_duration
            if a.available != available:
                a.offer(available)
                moved = True
            for o, *values in objectives:
                o.satisfied, o.measure, o.raw, o.min, o.max, o.completed, o.progress = values
        self.changed_globals = set()
        if moved:
            self.number()


def _with_a_way_in(organization: Organization) -> Organization:
    """A course of one activity that says nothing about its order flows into it; there is nothing to choose from."""
    control = organization.sequencing
    alone = len(organization.items) == 1 and not organization.items[0].children
    if not alone or not control.choice or control.flow:
        return organization
    return replace(organization, sequencing=replace(control, choice=False, flow=True))


def common_ancestor(one: Activity, other: Activity) -> Activity:
    """The deepest activity that both are or are below."""
    while one.depth > other.depth and one.parent:
        one = one.parent
    while other.depth > one.depth and other.parent:
        other = other.parent
    while one is not other and one.parent and other.parent:
        one, other = one.parent, other.parent
    return one


def path_between(low: Activity, high: Activity) -> list[Activity]:
    """From ``low`` up to its ancestor ``high``, both included."""
    found = []
    for activity in low.ancestors():
        found.append(activity)
        if activity is high:
            break
    return found
