"""Delivery of an activity and the end of its attempt (DB.1.1, DB.2, DB.2.1, UP.3, UP.4)."""

from __future__ import annotations

from course_packages.model import Standard
from scorm_runtime.sequencing import checks, objectives, rollup, selection
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused, common_ancestor, path_between


def delivery_request(tree: ActivityTree, activity: Activity) -> None:
    """Delivery Request Process (DB.1.1): raises Refused when the activity cannot be delivered."""
    # DB.1.1 step 1
    if not activity.is_leaf or not activity.launchable:
        raise Refused("DB.1.1-1", activity)
    # DB.1.1 step 3
    if not activity.is_available:
        raise Refused("DB.1.1-2", activity)
    # DB.1.1 step 4
    for passed in activity.path():
        if checks.check_activity(tree, passed):
            raise Refused("DB.1.1-3", passed)


def content_delivery(tree: ActivityTree, activity: Activity) -> None:
    """Content Delivery Environment Process (DB.2)."""
    # DB.2 step 1
    if tree.current is not None and tree.current.active:
        raise Refused("DB.2-1", tree.current)
    # DB.2 step 2
    if activity is not tree.suspended:
        clear_suspended_activity(tree, activity)
    # DB.2 step 3
    terminate_descendent_attempts(tree, activity)
    # DB.2 step 4, 5
    for passed in activity.path():
        if not passed.active:
            _begin(tree, passed)
    # DB.2 step 6, 7
    tree.current = activity
    tree.overwritten = {}
    tree.suspended = None
    tree.in_session = True
    tree.note("DB.2", f"{activity.id} is delivered, attempt {activity.attempts}")


def _begin(tree: ActivityTree, activity: Activity) -> None:
    if activity.suspended:
        # DB.2 step 5.1.1.1: a suspended attempt goes on.
        activity.suspended = False
    else:
        # DB.2 step 5.1.1.2; attempts that are not tracked are counted for the runtime, no rule sees them.
        activity.attempts += 1
        activity.attempt_duration = 0.0
        objectives.begin_attempt(activity)
    # DB.2 step 5.1.2
    activity.active = True


def clear_suspended_activity(tree: ActivityTree, activity: Activity) -> None:
    """Clear Suspended Activity Subprocess (DB.2.1): something else than the suspended activity is delivered."""
    # DB.2.1 step 1
    if tree.suspended is None:
        return
    # DB.2.1 step 1.1, 1.2
    ancestor = common_ancestor(tree.suspended, activity)
    for passed in path_between(tree.suspended, ancestor):
        # DB.2.1 step 1.3.1
        if passed.is_leaf or not any(child.suspended for child in passed.children):
            passed.suspended = False
    # DB.2.1 step 1.4
    tree.suspended = None


def end_attempt(tree: ActivityTree, activity: Activity) -> None:
    """End Attempt Process (UP.4)."""
    if activity.is_leaf:
        # UP.4 step 1.1, 1.1.1: what is suspended stays as it is.
        if activity.tracked and not activity.suspended:
            _assume_what_content_left_out(tree, activity)
    else:
        # UP.4 step 2.1, 2.2
        activity.suspended = any(child.suspended for child in activity.children)
    # UP.4 step 3
    was_active, activity.active = activity.active, False
    if was_active:
        tree.note("UP.4", f"attempt {activity.attempts} on {activity.id} ends")
    # UP.4 step 4
    rollup.overall_rollup(tree, activity)
    # SR.2: a finished cluster is arranged anew for its next attempt.
    if was_active and not activity.suspended and not activity.is_leaf:
        selection.for_new_attempt(tree, activity)


def _assume_what_content_left_out(tree: ActivityTree, activity: Activity) -> None:
    primary = activity.primary
    if tree.edition is Standard.SCORM_12:
        # In 1.2 a SCO that never says so is not completed; only what does not speak is.
        if activity.scorm_type != "sco" and activity.launchable and primary.completed is None:
            objectives.put(tree, activity, primary, "completed", True)
        return
    # UP.4 step 1.1.1.1; content that says "unknown" has set it.
    by_measure = activity.threshold is not None and activity.threshold.completed_by_measure
    set_by_content = activity.sequencing.completion_set_by_content or activity.said_completion
    if not set_by_content and not by_measure and primary.completed is None:
        tree.note("UP.4 step 1.1.1.1", f"{activity.id} did not report its completion: completed")
        objectives.put(tree, activity, primary, "completed", True)
    # UP.4 step 1.1.1.2; where the measure decides, only a measure can.
    set_by_content = activity.sequencing.objective_set_by_content or activity.said_success
    if not set_by_content and not primary.definition.satisfied_by_measure and primary.satisfied is None:
        tree.note("UP.4 step 1.1.1.2", f"{activity.id} did not report its success: satisfied")
        objectives.put(tree, activity, primary, "satisfied", True)


def terminate_descendent_attempts(tree: ActivityTree, activity: Activity) -> None:
    """Terminate Descendent Attempts Process (UP.3): end what lies between the current activity and ``activity``."""
    if tree.current is None:
        return
    # UP.3 step 1, 2: the path from the current activity to the common ancestor, exclusive of both.
    ancestor = common_ancestor(tree.current, activity)
    for passed in path_between(tree.current, ancestor)[1:-1]:
        # UP.3 step 3.1
        end_attempt(tree, passed)


def leave_for(tree: ActivityTree, target: Activity) -> None:
    """SB.2.9 step 12.2.1: end what is open below the common ancestor; the target becomes the current activity."""
    if tree.current is None:
        return
    ancestor = common_ancestor(tree.current, target)
    terminate_descendent_attempts(tree, ancestor)
    end_attempt(tree, ancestor)
    tree.current = target
