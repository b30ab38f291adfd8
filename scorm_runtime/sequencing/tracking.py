"""What a SCO reports becomes tracking information of its activity, and back into a SCO's first values (RTE 4.1, SN 4.2.1)."""

from __future__ import annotations

from dataclasses import fields

from course_packages.model import Standard
from scorm_runtime.sequencing import objectives, rollup
from scorm_runtime.sequencing.exchange import ActivityReport, ObjectiveReport, ObjectiveSeed, Status
from scorm_runtime.sequencing.tree import FIELDS, Activity, ActivityTree, ObjectiveState

SUCCESS = {"passed": True, "failed": False}
# "not attempted" is said by content that runs: it is not complete.
COMPLETION = {"completed": True, "incomplete": False, "not attempted": False}


def success_word(satisfied: bool | None) -> str:
    return "unknown" if satisfied is None else "passed" if satisfied else "failed"


def completion_word(completed: bool | None) -> str:
    return "unknown" if completed is None else "completed" if completed else "incomplete"


def record(tree: ActivityTree, activity: Activity, report: ActivityReport) -> None:
    """Take over a report and roll it up."""
    if activity.is_leaf:
        activity.suspended = report.suspended
    if not activity.tracked or not activity.is_leaf:
        tree.note("RTE 4.1", f"{activity.id} is not tracked: its report has no consequence")
        return
    if report.duration is not None:
        activity.total_duration += report.duration - activity.attempt_duration
        activity.attempt_duration = report.duration
    for objective in activity.objectives:
        if objective is activity.primary:
            continue
        said = report.objectives.get(objective.id or "")
        if said is not None:
            _take_over(tree, activity, objective, said)
    _take_over_primary(tree, activity, report)
    tree.note("RTE 4.1", f"{activity.id} reports {report.completion_status}, {report.success_status}, {report.scaled}")
    rollup.overall_rollup(tree, activity)


def _take_over_primary(tree: ActivityTree, activity: Activity, report: ActivityReport) -> None:
    """cmi.success_status, cmi.score … are the primary objective; its entry in cmi.objectives fills what they leave out."""
    entry = report.objectives.get(activity.primary.id or "") or ObjectiveReport()
    activity.said_success |= report.success_status is not None or entry.success_status is not None
    activity.said_completion |= report.completion_status is not None or entry.completion_status is not None
    names = [field.name for field in fields(ObjectiveReport)]
    both = {n: getattr(entry, n) if getattr(report, n) is None else getattr(report, n) for n in names}
    _take_over(tree, activity, activity.primary, ObjectiveReport(**both))


def _take_over(tree: ActivityTree, activity: Activity, objective: ObjectiveState, said: ObjectiveReport) -> None:
    for name in ("raw", "min", "max"):
        _put_said(tree, activity, objective, name, getattr(said, name))
    _put_said(tree, activity, objective, "progress", said.progress_measure)
    threshold = activity.threshold
    if threshold and threshold.completed_by_measure and objective is activity.primary:
        # RTE 4.2.4.1: the threshold decides, whatever the content says.
        completed = objectives.measured_completion(activity, objective.progress)
        objectives.put(tree, activity, objective, "completed", completed)
    elif said.completion_status is not None:
        completed = COMPLETION.get(said.completion_status)
        objectives.put(tree, activity, objective, "completed", completed, said=True)
    _put_said(tree, activity, objective, "measure", said.scaled)
    if objective.definition.satisfied_by_measure:
        objectives.put(
            tree, activity, objective, "satisfied", objectives.measured_success(objective, objective.measure)
        )
    elif said.success_status is not None:
        objectives.put(tree, activity, objective, "satisfied", SUCCESS.get(said.success_status), said=True)
    if tree.edition is Standard.SCORM_12 and objective.satisfied:
        # lesson_status holds one word: who passed has been through it.
        objectives.put(tree, activity, objective, "completed", True)


def _put_said(
    tree: ActivityTree, activity: Activity, objective: ObjectiveState, name: str, value: float | None
) -> None:
    """What the content did not say leaves what is known as it is."""
    if value is not None:
        objectives.put(tree, activity, objective, name, value)


def seeds(tree: ActivityTree, activity: Activity) -> list[ObjectiveSeed]:
    """RTE 4.2.17.1: the entries cmi.objectives begins with, in the order of the manifest."""
    return [_seed(tree, activity, objective) for objective in activity.objectives]


def _seed(tree: ActivityTree, activity: Activity, objective: ObjectiveState) -> ObjectiveSeed:
    """Global objectives are read for an activity that is not tracked too: the content may look at them."""
    known = {name: objectives.shared_fact(tree, objective, name) for name in FIELDS}
    satisfied, completed = known["satisfied"], known["completed"]
    if objective.definition.satisfied_by_measure:
        satisfied = objectives.measured_success(objective, known["measure"])
    if objective.definition.primary and activity.tracked and completed is None:
        completed = objectives.is_completed(tree, activity)
    return ObjectiveSeed(
        id=objective.id,
        primary=objective.definition.primary,
        success_status=None if satisfied is None else success_word(satisfied),
        completion_status=None if completed is None else completion_word(completed),
        scaled=known["measure"],
        raw=known["raw"],
        min=known["min"],
        max=known["max"],
        progress_measure=known["progress"],
    )


def status(tree: ActivityTree, activity: Activity) -> Status:
    """Where the activity stands."""
    primary = activity.primary
    return Status(
        completion=completion_word(objectives.is_completed(tree, activity)),
        success=success_word(objectives.is_satisfied(tree, activity, primary)),
        scaled=objectives.fact(tree, activity, primary, "measure"),
        raw=objectives.fact(tree, activity, primary, "raw"),
        min=objectives.fact(tree, activity, primary, "min"),
        max=objectives.fact(tree, activity, primary, "max"),
        progress_measure=objectives.fact(tree, activity, primary, "progress"),
        attempts=activity.attempts,
        suspended=activity.suspended,
        active=activity.active,
    )
