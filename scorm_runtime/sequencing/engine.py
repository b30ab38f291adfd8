"""The sequencer of one registration instance: the only thing other modules use.

It holds the activity tree of one learner in one course. All calls are synchronous and pure apart from the object itself.
"""

from __future__ import annotations

from typing import Any

from course_packages.model import Organization, Standard
from scorm_runtime.sequencing import lookahead, overall, reasons, selection, snapshots, tracking
from scorm_runtime.sequencing.exchange import (
    REQUESTS,
    ActivityReport,
    Controls,
    ObjectiveSeed,
    Outcome,
    Status,
    TocEntry,
    TraceStep,
    Validity,
)
from scorm_runtime.sequencing.scorm12 import default_sequencing_12
from scorm_runtime.sequencing.tree import Activity, ActivityTree, GlobalObjectives, Refused


class Sequencer:
    """Decides what a learner gets next, and what that did to the course's status.

    Order of calls for an activity: ``navigate`` delivers it, ``seed_objectives`` and ``scaled_passing_score`` start its
    CMI, ``record`` at each commit and at its end, ``navigate`` with what comes next. ``record`` of the end comes first,
    then the ``navigate`` that ends the attempt.

    ``language`` ("en", "id") is the language of reasons; it is not part of the snapshot.
    """

    def __init__(self, tree: ActivityTree) -> None:
        """Use :meth:`new` or :meth:`restore`."""
        self._tree = tree
        self.language = "en"

    @classmethod
    def new(cls, organization: Organization, *, edition: Standard, seed: int) -> Sequencer:
        """A fresh registration instance; ``seed`` decides selection and randomisation.

        ValueError: two activities of the organization have the same identifier.
        """
        tree = _tree(organization, edition, seed)
        selection.for_first_attempt(tree)
        return cls(tree)

    @classmethod
    def restore(cls, organization: Organization, snapshot: dict[str, Any], *, edition: Standard) -> Sequencer:
        """The sequencer that :meth:`snapshot` was taken of. Set ``global_objectives`` afterwards.

        ValueError: the snapshot is not one of this organization.
        """
        tree = _tree(organization, edition, snapshots.seed(snapshot))
        snapshots.load(tree, snapshot)
        return cls(tree)

    def snapshot(self) -> dict[str, Any]:
        """Everything but the global objectives, JSON-able and small."""
        return snapshots.take(self._tree)

    @property
    def current(self) -> str | None:
        """The current activity; it may have ended (see :attr:`active`)."""
        return self._tree.current.id if self._tree.current else None

    @property
    def suspended(self) -> str | None:
        """The activity that resumeAll would deliver."""
        return self._tree.suspended.id if self._tree.suspended else None

    @property
    def active(self) -> bool:
        """The current activity is being experienced: content is on."""
        return self._tree.current is not None and self._tree.current.active

    @property
    def in_session(self) -> bool:
        """A sequencing session has begun and not ended. When False, the first request is start, resumeAll or choice."""
        return self._tree.in_session

    @property
    def global_objectives(self) -> GlobalObjectives:
        """A copy of the global objectives: {id: {"satisfied": bool, "measure": float, "raw", "min", "max",
        "completed": bool, "progress": float}}, known values only. Settable."""
        return {target: dict(values) for target, values in self._tree.globals.items() if values}

    @global_objectives.setter
    def global_objectives(self, values: GlobalObjectives) -> None:
        self._tree.globals = {target: dict(known) for target, known in values.items()}

    @property
    def trace(self) -> list[TraceStep]:
        """How the last navigate, record or valid was decided."""
        return list(self._tree.steps)

    def navigate(self, request: str, target: str | None = None) -> Outcome:
        """Process a navigation request (OP.1). ValueError: not one of ``REQUESTS``, or without the target it needs."""
        tree, aim = self._begin(request, target)
        try:
            found = overall.navigate(tree, request, aim)
        except Refused as refused:
            answer = lookahead.refusal(tree, refused, self.language)
            tree.note(refused.code, answer.reason)
            return Outcome(exception=answer.exception, reason=answer.reason)
        if found is None:
            return Outcome(ended=not tree.in_session)
        return Outcome(delivered=found.id)

    def record(self, activity_id: str, report: ActivityReport) -> None:
        """Take over what a SCO has said and roll it up. ValueError: no such activity."""
        activity = self._tree.find(activity_id)
        self._tree.steps = []
        tracking.record(self._tree, activity, report)

    def seed_objectives(self, activity_id: str) -> list[ObjectiveSeed]:
        """The objectives of the activity in the order of the manifest, the primary one included."""
        return tracking.seeds(self._tree, self._tree.find(activity_id))

    def scaled_passing_score(self, activity_id: str) -> float | None:
        """``cmi.scaled_passing_score``: the minimum measure of a primary objective that is satisfied by measure."""
        primary = self._tree.find(activity_id).primary.definition
        return primary.min_normalized_measure if primary.satisfied_by_measure else None

    def completion_threshold(self, activity_id: str) -> float | None:
        """``cmi.completion_threshold``; in the 4th Edition only where completion is decided by the measure."""
        threshold = self._tree.find(activity_id).threshold
        if threshold is None:
            return None
        if self._tree.edition is Standard.SCORM_2004_4 and not threshold.completed_by_measure:
            return None
        return threshold.min_progress_measure

    def valid(self, request: str, target: str | None = None) -> Validity:
        """Whether the request would be honoured now; changes nothing. ValueError as :meth:`navigate`."""
        tree, aim = self._begin(request, target)
        return lookahead.valid(tree, request, aim, self.language)

    def toc(self) -> list[TocEntry]:
        """Every available activity in the order of the tree."""
        return lookahead.toc(self._tree, self.language)

    def controls(self) -> Controls:
        """Which navigation controls would work now."""
        return lookahead.controls(self._tree, self.language)

    def status(self, activity_id: str | None = None) -> Status:
        """Where an activity stands, by default the root: the course."""
        activity = self._tree.root if activity_id is None else self._tree.find(activity_id)
        return tracking.status(self._tree, activity)

    def explain(self, code: str, activity_id: str | None = None) -> str:
        """The sentence for an exception code in the present language."""
        title = self._tree.find(activity_id).title if activity_id else ""
        return reasons.sentence(code, title, self.language)

    def _begin(self, request: str, target: str | None) -> tuple[ActivityTree, Activity | None]:
        if request not in REQUESTS:
            raise ValueError(f"{request!r} is not a navigation request ({', '.join(REQUESTS)})")
        if request in ("choice", "jump") and target is None:
            raise ValueError(f"{request} needs a target")
        self._tree.steps = []
        # NB.2.1 step 7.2, 13.2: an unknown target is no mistake of the caller but what content asked for.
        aim = self._tree.activities.get(target) if target is not None and request in ("choice", "jump") else None
        return self._tree, aim


def _tree(organization: Organization, edition: Standard, seed: int) -> ActivityTree:
    if edition is Standard.SCORM_12:
        organization = default_sequencing_12(organization)
    return ActivityTree(organization, edition, seed)
