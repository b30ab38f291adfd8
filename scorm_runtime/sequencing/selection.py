"""Selection and randomisation of children (SR.1, SR.2), the same for the same seed."""

from __future__ import annotations

import random

from scorm_runtime.sequencing.tree import Activity, ActivityTree


def select_children(tree: ActivityTree, activity: Activity, occasion: str) -> None:
    """Select Children Process (SR.1). ``occasion``: "once" before the first attempt, "onEachNewAttempt" later."""
    sequencing = activity.sequencing
    # SR.1 step 1, 2, 3
    if activity.is_leaf or activity.suspended or activity.active or sequencing.selection_timing == "never":
        return
    if occasion != "once" and sequencing.selection_timing != occasion:
        return
    # SR.1 step 4.1.1: without a count all children take part.
    count = sequencing.select_count
    if count is None or count >= len(activity.children):
        return
    chosen = set(_dice(tree, activity, "select").sample(range(len(activity.children)), max(count, 0)))
    # SR.1 step 4.1.1.1.2: the chosen keep their order.
    activity.offer(tuple(child for i, child in enumerate(activity.children) if i in chosen))
    tree.note("SR.1", f"{activity.id}: {', '.join(c.id for c in activity.available)} selected")


def randomize_children(tree: ActivityTree, activity: Activity, occasion: str) -> None:
    """Randomize Children Process (SR.2)."""
    sequencing = activity.sequencing
    # SR.2 step 1, 2, 3
    if activity.is_leaf or activity.suspended or activity.active or sequencing.randomization_timing == "never":
        return
    if occasion != "once" and sequencing.randomization_timing != occasion:
        return
    # SR.2 step 4, 5
    if sequencing.reorder_children:
        order = list(activity.available)
        _dice(tree, activity, "order").shuffle(order)
        activity.offer(tuple(order))
        tree.note("SR.2", f"{activity.id}: order {', '.join(c.id for c in order)}")


def _dice(tree: ActivityTree, activity: Activity, purpose: str) -> random.Random:
    # Not for secrets: the same registration must see the same order again.
    return random.Random(f"{tree.seed}/{activity.id}/{activity.attempts}/{purpose}")  # noqa: S311


def for_first_attempt(tree: ActivityTree) -> None:
    """Arrange every cluster of a new tree."""
    for activity in tree.activities.values():
        select_children(tree, activity, "once")
        randomize_children(tree, activity, "once")
    tree.number()


def for_new_attempt(tree: ActivityTree, activity: Activity) -> None:
    """Arrange one cluster whose attempt is over for the next one, so that a flow into it meets the new order."""
    before = activity.available
    select_children(tree, activity, "onEachNewAttempt")
    randomize_children(tree, activity, "onEachNewAttempt")
    if activity.available != before:
        tree.number()
