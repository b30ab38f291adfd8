"""What SCORM 1.2 leaves to the LMS: free choice and flow, prerequisites, and a rollup that learners would expect."""

from __future__ import annotations

from dataclasses import replace

from course_packages.model import Item, Organization
from scorm_runtime.sequencing import objectives, prerequisites
from scorm_runtime.sequencing.tree import Activity, ActivityTree


def default_sequencing_12(organization: Organization) -> Organization:
    """The organization with the control modes of a 1.2 course: choose freely, go on and back."""
    return replace(
        organization,
        sequencing=replace(organization.sequencing, choice=True, flow=True),
        items=tuple(_free(item) for item in organization.items),
    )


def _free(item: Item) -> Item:
    return replace(
        item,
        sequencing=replace(item.sequencing, choice=True, flow=True),
        children=tuple(_free(child) for child in item.children),
    )


def lesson_status(tree: ActivityTree, activity: Activity) -> str:
    """The status of an item in the words of 1.2."""
    satisfied = objectives.is_satisfied(tree, activity, activity.primary)
    if satisfied is not None:
        return "passed" if satisfied else "failed"
    if objectives.is_completed(tree, activity):
        return "completed"
    return "incomplete" if activity.attempts else "not attempted"


def prerequisites_met(tree: ActivityTree, activity: Activity) -> bool:
    """Whether the learner may enter the item. A script that cannot be read locks nobody out."""
    script = activity.prerequisites
    if not script:
        return True
    try:
        expression = prerequisites.compile_script(script)
    except prerequisites.ScriptError as error:
        tree.note("1.2 prerequisites", f"{activity.id}: {error}; taken as met")
        return True

    def status_of(identifier: str) -> str | None:
        other = tree.activities.get(identifier)
        return None if other is None else lesson_status(tree, other)

    met = expression(status_of)
    if not met:
        tree.note("1.2 prerequisites", f"{activity.id}: {script} is not met")
    return met


def to_be_done(tree: ActivityTree, activity: Activity) -> list[str]:
    """Titles of the items that the prerequisites only want done and that are not; empty where they want other things too."""
    named = prerequisites.done_items(activity.prerequisites or "")
    found = [tree.activities[identifier] for identifier in named if identifier in tree.activities]
    return [other.title for other in found if lesson_status(tree, other) not in prerequisites.DONE]


def roll_up(tree: ActivityTree, cluster: Activity) -> None:
    """Complete when all children are; failed when one is, passed when all that know are; score: the mean of the known."""
    statuses = [
        (objectives.is_completed(tree, child), objectives.is_satisfied(tree, child, child.primary))
        for child in cluster.available
        if child.tracked
    ]
    completed = bool(statuses) and all(done for done, _ in statuses)
    if completed or any(child.attempts for child in cluster.available):
        objectives.put(tree, cluster, cluster.primary, "completed", completed)
    known = [passed for _, passed in statuses if passed is not None]
    satisfied: bool | None = None
    if any(passed is False for passed in known):
        satisfied = False
    elif known and completed:
        satisfied = True
    objectives.put(tree, cluster, cluster.primary, "satisfied", satisfied)
    measures = [m for c in cluster.available if (m := objectives.fact(tree, c, c.primary, "measure")) is not None]
    mean = sum(measures) / len(measures) if measures else None
    objectives.put(tree, cluster, cluster.primary, "measure", mean)
