"""Flow through the tree, forward and backward (SB.2.1 - SB.2.3). Nothing here changes the tree."""

from __future__ import annotations

from typing import Literal

from course_packages.model import Standard
from scorm_runtime.sequencing import checks
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused

Direction = Literal["forward", "backward"]


def tree_traversal(
    tree: ActivityTree, activity: Activity, direction: Direction, enter: bool, previous: Direction | None
) -> tuple[Activity, Direction]:
    """Flow Tree Traversal Subprocess (SB.2.1): the next activity and the direction it is met in.

    ``enter``: consider children. ``previous``: the direction before, if it was reversed.
    """
    turned = False
    # SB.2.1 step 2: a forward-only cluster was entered backward; leave it the way it was meant.
    if previous == "backward" and activity.parent and activity.index == len(activity.parent.available) - 1:
        direction, activity, turned = "backward", activity.parent.available[0], True
    if enter and not activity.is_leaf and (direction == "forward" or activity.parent is not None):
        return _enter(activity, direction)
    while True:
        # SB.2.1 step 3.1: past the last activity; in the 2nd Edition an exception, later the end.
        if activity.parent is None:
            if direction == "forward":
                raise Refused("SB.2.1-1", activity, ends_session=tree.edition is not Standard.SCORM_2004_2)
            # SB.2.1 step 4.1
            raise Refused("SB.2.1-3", activity)
        # SB.2.1 step 4.2
        if direction == "backward" and not turned and activity.parent.sequencing.forward_only:
            raise Refused("SB.2.1-4", activity.parent)
        # SB.2.1 step 3.2.2, 4.2.3
        index = activity.index + (1 if direction == "forward" else -1)
        if 0 <= index < len(activity.parent.available):
            return activity.parent.available[index], direction
        # SB.2.1 step 3.2.1.1, 4.2.2.1: on from the parent, which is done.
        activity, turned = activity.parent, False


def _enter(cluster: Activity, direction: Direction) -> tuple[Activity, Direction]:
    """SB.2.1 step 3.3 and 4.3: into a cluster, by its first child or backward by its last."""
    if not cluster.available:
        raise Refused("SB.2.1-2", cluster)
    # SB.2.1 step 4.3.1.1: a cluster that can only be taken forward is begun at its beginning.
    if direction == "forward" or cluster.sequencing.forward_only:
        return cluster.available[0], "forward"
    return cluster.available[-1], "backward"


def activity_traversal(
    tree: ActivityTree, activity: Activity, direction: Direction, previous: Direction | None
) -> Activity:
    """Flow Activity Traversal Subprocess (SB.2.2): the leaf to deliver, skipping and entering on the way."""
    while True:
        # SB.2.2 step 1
        if activity.parent is not None and not activity.parent.sequencing.flow:
            raise Refused("SB.2.2-1", activity.parent)
        # SB.2.2 step 2, 3
        if checks.pre_condition(tree, activity, "skip"):
            tree.note("SB.2.2 step 3", f"{activity.id} is skipped")
            came_from = direction
            activity, direction = tree_traversal(tree, activity, direction, False, previous)
            # SB.2.2 step 3.3.1: turned back to the direction the learner asked for.
            if direction != came_from:
                previous = None
            continue
        # SB.2.2 step 4, 5
        if checks.check_activity(tree, activity):
            raise Refused("SB.2.2-2", activity)
        # SB.2.2 step 7
        if activity.is_leaf:
            tree.note("SB.2.2 step 7", f"flow finds {activity.id}")
            return activity
        # SB.2.2 step 6
        found, heading = tree_traversal(tree, activity, direction, True, None)
        previous = "backward" if direction == "backward" and heading == "forward" else None
        activity, direction = found, heading


def flow(tree: ActivityTree, activity: Activity, direction: Direction, enter: bool) -> Activity:
    """Flow Subprocess (SB.2.3): the leaf reached from ``activity`` in this direction."""
    candidate, heading = tree_traversal(tree, activity, direction, enter, None)
    return activity_traversal(tree, candidate, heading, None)
