"""Termination: exit and post condition rules, and what a request to end something ends (TB.2.1 - TB.2.3)."""

from __future__ import annotations

from dataclasses import dataclass

from scorm_runtime.sequencing import checks, delivery, objectives, rollup
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused

# Post condition actions that become a sequencing request, and those that end more (SN 3.4.5).
SEQUENCING_ACTIONS = ("retry", "continue", "previous")
TERMINATION_ACTIONS = ("exitParent", "exitAll", "retryAll")


@dataclass(frozen=True)
class PostCondition:
    """What a post condition rule asked for: a sequencing request, a termination request or both."""

    sequencing: str | None = None
    termination: str | None = None


def exit_action_rules(tree: ActivityTree) -> None:
    """Sequencing Exit Action Rules Subprocess (TB.2.1): the topmost ancestor with an exit rule ends and is current."""
    if tree.current is None:
        return
    # TB.2.1 step 1 - 3: from the root to the parent of the current activity.
    for activity in tree.current.path()[:-1]:
        if checks.rules_check(tree, activity, activity.sequencing.exit_condition_rules, ("exit",)):
            # TB.2.1 step 4
            tree.note("TB.2.1 step 4", f"{activity.id} ends by its exit rule")
            delivery.terminate_descendent_attempts(tree, activity)
            delivery.end_attempt(tree, activity)
            tree.current = activity
            return


def post_condition_rules(tree: ActivityTree) -> PostCondition:
    """Sequencing Post Condition Rules Subprocess (TB.2.2)."""
    activity = tree.current
    # TB.2.2 step 1
    if activity is None or activity.suspended:
        return PostCondition()
    # TB.2.2 step 2
    action = checks.rules_check(
        tree, activity, activity.sequencing.post_condition_rules, SEQUENCING_ACTIONS + TERMINATION_ACTIONS
    )
    if action is None:
        return PostCondition()
    tree.note("TB.2.2", f"{activity.id}: post condition rule says {action}")
    # TB.2.2 step 3.1
    if action in SEQUENCING_ACTIONS:
        return PostCondition(sequencing=action)
    # TB.2.2 step 3.2
    if action in ("exitParent", "exitAll"):
        return PostCondition(termination=action)
    # TB.2.2 step 3.3
    return PostCondition(termination="exitAll", sequencing="retry")


def terminate(tree: ActivityTree, request: str) -> str | None:
    """Termination Request Process (TB.2.3). The sequencing request to process instead of the pending one, if any."""
    # TB.2.3 step 1
    if tree.current is None:
        raise Refused("TB.2.3-1")
    # TB.2.3 step 2
    if request in ("exit", "abandon") and not tree.current.active:
        raise Refused("TB.2.3-2", tree.current)
    tree.note("TB.2.3", f"termination request {request} on {tree.current.id}")
    if request == "exit":
        return _exit(tree)
    if request == "exitAll":
        return _exit_all(tree, None)
    if request == "suspendAll":
        return _suspend_all(tree)
    if request == "abandon":
        # TB.2.3 step 6.1
        _disregard(tree, tree.current)
        tree.current.active = False
        return None
    return _abandon_all(tree)


def _exit(tree: ActivityTree) -> str | None:
    """TB.2.3 step 3."""
    if tree.current is None:
        raise Refused("TB.2.3-1")
    # TB.2.3 step 3.1, 3.2
    delivery.end_attempt(tree, tree.current)
    exit_action_rules(tree)
    while True:
        # TB.2.3 step 3.3.2
        wish = post_condition_rules(tree)
        # TB.2.3 step 3.3.3
        if wish.termination == "exitAll":
            return _exit_all(tree, wish.sequencing)
        if wish.termination != "exitParent":
            break
        # TB.2.3 step 3.3.4
        if tree.current.parent is None:
            raise Refused("TB.2.3-4", tree.current)
        tree.current = tree.current.parent
        delivery.end_attempt(tree, tree.current)
    # TB.2.3 step 3.3.5: the attempt on the root is over and nothing asks for another one.
    if tree.current is tree.root and wish.sequencing != "retry":
        return "exit"
    return wish.sequencing


def _exit_all(tree: ActivityTree, wish: str | None) -> str:
    """TB.2.3 step 4."""
    # TB.2.3 step 4.1
    if tree.current is not None and tree.current.active:
        delivery.end_attempt(tree, tree.current)
    # TB.2.3 step 4.2, 4.3
    delivery.terminate_descendent_attempts(tree, tree.root)
    if tree.current is not tree.root:
        delivery.end_attempt(tree, tree.root)
    # TB.2.3 step 4.4, 4.5
    tree.current = tree.root
    return wish or "exit"


def _suspend_all(tree: ActivityTree) -> str:
    """TB.2.3 step 5."""
    current = tree.current
    if current is None:
        raise Refused("TB.2.3-1")
    # TB.2.3 step 5.1, 5.2
    if current.active or current.suspended:
        rollup.overall_rollup(tree, current)
        tree.suspended = current
    elif current.parent is not None:
        tree.suspended = current.parent
    else:
        raise Refused("TB.2.3-3", current)
    # TB.2.3 step 5.3 - 5.5
    for activity in tree.suspended.ancestors():
        activity.active = False
        activity.suspended = True
    tree.note("TB.2.3 step 5", f"{tree.suspended.id} is suspended")
    # TB.2.3 step 5.6, 5.7
    tree.current = tree.root
    return "exit"


def _abandon_all(tree: ActivityTree) -> str:
    """TB.2.3 step 7."""
    if tree.current is None:
        raise Refused("TB.2.3-1")
    # TB.2.3 step 7.1, 7.3
    _disregard(tree, tree.current)
    for activity in tree.current.ancestors():
        activity.active = False
    # TB.2.3 step 7.4, 7.5
    tree.current = tree.root
    return "exit"


def _disregard(tree: ActivityTree, activity: Activity) -> None:
    """SN 3.2: what was reported in an abandoned attempt does not count; nor does what it shared."""
    if activity.is_leaf and activity.active:
        objectives.take_back(tree)
        for objective in activity.objectives:
            objective.forget()
        rollup.overall_rollup(tree, activity)
