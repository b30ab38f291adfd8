"""The choice sequencing request and its traversals (SB.2.4, SB.2.9, SB.2.9.1, SB.2.9.2). Nothing here changes the tree."""

from __future__ import annotations

from scorm_runtime.sequencing import checks, flow
from scorm_runtime.sequencing.flow import Direction
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused, common_ancestor, path_between


def activity_traversal(tree: ActivityTree, activity: Activity, direction: Direction) -> None:
    """Choice Activity Traversal Subprocess (SB.2.4): raises Refused when the choice may not pass the activity."""
    if direction == "forward":
        # SB.2.4 step 1.1
        if checks.pre_condition(tree, activity, "stopForwardTraversal"):
            raise Refused("SB.2.4-1", activity)
        return
    # SB.2.4 step 2.1, 2.2
    if activity.parent is None:
        raise Refused("SB.2.4-3", activity)
    if activity.parent.sequencing.forward_only:
        raise Refused("SB.2.4-2", activity.parent)


def choice(tree: ActivityTree, target: Activity) -> Activity:
    """Choice Sequencing Request Process (SB.2.9): the leaf to deliver for this target."""
    reach(tree, target)
    # SB.2.9 step 11
    if target.is_leaf:
        return target
    # SB.2.9 step 12
    try:
        return flow.flow(tree, target, "forward", True)
    except Refused as refused:
        # SB.2.9 step 12.2.1.4; the flow's own reason stays in the trace.
        tree.note("SB.2.9 step 12", f"flow into {target.id} finds nothing: {refused.code}")
        raise Refused("SB.2.9-9", target) from refused


def reach(tree: ActivityTree, target: Activity) -> None:
    """SB.2.9 step 2 - 10: raises Refused unless the target can be reached from where the learner is."""
    # SB.2.9 step 2, 3
    for activity in target.path():
        if activity.parent is not None and activity.index < 0:
            raise Refused("SB.2.9-2", activity)
        if checks.pre_condition(tree, activity, "hiddenFromChoice"):
            raise Refused("SB.2.9-3", activity)
    # SB.2.9 step 4
    if target.parent is not None and not target.parent.sequencing.choice:
        raise Refused("SB.2.9-4", target.parent)
    current = tree.current
    # SB.2.9 step 5
    ancestor = common_ancestor(current, target) if current is not None else tree.root
    if current is target:
        # SB.2.9 step 6
        return
    if current is not None and current.parent is not None and current.parent is target.parent:
        _sibling(tree, current, target)
    elif current is None or current is ancestor:
        _below(tree, ancestor, target, "forward")
    elif target is ancestor:
        _above(current, target)
    else:
        _elsewhere(tree, current, ancestor, target)


def _sibling(tree: ActivityTree, current: Activity, target: Activity) -> None:
    """SB.2.9 step 7: from the current activity to its sibling, that one not included."""
    siblings = current.parent.available if current.parent else ()
    direction: Direction = "forward" if target.index > current.index else "backward"
    if direction == "backward":
        # SB.2.4 step 2 asks for the parent only, the same for every one of them.
        activity_traversal(tree, current, direction)
        return
    stop = _first_stop(tree, current, siblings[current.index : None if tree.memory else target.index])
    if stop is not None and stop.index < target.index:
        raise Refused("SB.2.4-1", stop)


def _first_stop(tree: ActivityTree, current: Activity, passed: tuple[Activity, ...]) -> Activity | None:
    """SB.2.4 step 1 for a row of siblings: the first that a choice cannot pass."""
    if tree.memory is not None and current in tree.memory.stops:
        return tree.memory.stops[current]
    stop = next((a for a in passed if checks.pre_condition(tree, a, "stopForwardTraversal")), None)
    if tree.memory is not None:
        tree.memory.stops[current] = stop
    return stop


def _below(tree: ActivityTree, ancestor: Activity, target: Activity, direction: Direction) -> None:
    """SB.2.9 step 8 and 10.6: down from the common ancestor to the target's parent."""
    if target is ancestor:
        # The root is chosen while there is no current activity: nothing to pass.
        return
    for activity in path_between(target, ancestor)[:0:-1]:
        if direction == "forward":
            activity_traversal(tree, activity, direction)
        # SB.2.9 step 8.4.3, 10.6.2: only what is active already, or where both are, may be entered.
        if not activity.active and activity is not ancestor and activity.sequencing.prevent_activation:
            raise Refused("SB.2.9-6", activity)


def _above(current: Activity, target: Activity) -> None:
    """SB.2.9 step 9: the target contains the current activity."""
    for activity in path_between(current, target)[:-1]:
        if not activity.sequencing.choice_exit:
            raise Refused("SB.2.9-7", activity)


def _elsewhere(tree: ActivityTree, current: Activity, ancestor: Activity, target: Activity) -> None:
    """SB.2.9 step 10: out of the current activity's branch and into another one."""
    constrained = None
    for activity in path_between(current, ancestor)[:-1]:
        # SB.2.9 step 10.4.1
        if not activity.sequencing.choice_exit:
            raise Refused("SB.2.9-7", activity)
        # SB.2.9 step 10.4.2
        # A leaf has nothing to keep the learner in.
        if constrained is None and activity.sequencing.constrain_choice and not activity.is_leaf:
            constrained = activity
    forward = target.order > current.order
    if constrained is not None:
        _within_constraint(tree, constrained, target, "forward" if target.order > constrained.order else "backward")
    _below(tree, ancestor, target, "forward" if forward else "backward")


def _within_constraint(tree: ActivityTree, constrained: Activity, target: Activity, direction: Direction) -> None:
    """SB.2.9 step 10.5: only the activity that flow would reach next, what is below it, or the constrained one."""
    consider = choice_flow(tree, constrained, direction)
    if target is not constrained and consider not in target.ancestors():
        raise Refused("SB.2.9-8", constrained)


def choice_flow(tree: ActivityTree, constrained: Activity, direction: Direction) -> Activity:
    """Choice Flow Subprocess (SB.2.9.1): the neighbour of the constrained activity, or itself where there is none."""
    return choice_flow_traversal(tree, constrained, direction) or constrained


def choice_flow_traversal(tree: ActivityTree, activity: Activity, direction: Direction) -> Activity | None:
    """Choice Flow Tree Traversal Subprocess (SB.2.9.2)."""
    step = 1 if direction == "forward" else -1
    found: Activity | None = activity
    # SB.2.9.2 step 1, 2: the root has no neighbour.
    while found is not None and found.parent is not None:
        index = found.index + step
        if 0 <= index < len(found.parent.available):
            return found.parent.available[index]
        found = found.parent
    return None
