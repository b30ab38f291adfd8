"""Reading and writing the facts of objectives, through the maps to global objectives (SN 3.10, 4.2.1.1)."""

from __future__ import annotations

from typing import Any

from scorm_runtime.sequencing.tree import PROGRESS_FACTS, Activity, ActivityTree, ObjectiveState


def fact(tree: ActivityTree, activity: Activity, objective: ObjectiveState, name: str) -> Any:
    """One fact as rules and rollup see it."""
    # SN 3.13.1: nothing is known about an activity that is not tracked.
    return shared_fact(tree, objective, name) if activity.tracked else None


def shared_fact(tree: ActivityTree, objective: ObjectiveState, name: str) -> Any:
    """One fact through the maps: success that is read from global objectives is theirs alone, also when unknown;

    of completion the local fact stands in for an unknown global one (adlseq:objectives, SN 3.10.3).
    """
    targets = objective.reads.get(name)
    if targets is None:
        return getattr(objective, name)
    for target in targets:
        shared = tree.globals.get(target)
        if shared is not None and (value := shared.get(name)) is not None:
            return value
    return getattr(objective, name) if name in PROGRESS_FACTS else None


def is_satisfied(tree: ActivityTree, activity: Activity, objective: ObjectiveState) -> bool | None:
    """The objective satisfied status, decided by the measure where the objective says so (SN 3.10.1)."""
    if not objective.definition.satisfied_by_measure:
        value: bool | None = fact(tree, activity, objective, "satisfied")
        return value
    if activity.active and not activity.sequencing.measure_satisfaction_if_active:
        return None
    return measured_success(objective, fact(tree, activity, objective, "measure"))


def is_completed(tree: ActivityTree, activity: Activity, objective: ObjectiveState | None = None) -> bool | None:
    """The completion status, decided by the progress measure where the activity says so (4th Edition, RB.1.3 a)."""
    objective = objective or activity.primary
    threshold = activity.threshold
    if objective is activity.primary and threshold is not None and threshold.completed_by_measure:
        return measured_completion(activity, fact(tree, activity, objective, "progress"))
    value: bool | None = fact(tree, activity, objective, "completed")
    return value


def put(
    tree: ActivityTree, activity: Activity, objective: ObjectiveState, name: str, value: Any, *, said: bool = False
) -> None:
    """Set one fact and hand it on to the global objectives it is written to (SN 3.10.3).

    That something became unknown is handed on too, that it never was known only where the content ``said`` so.
    """
    if not activity.tracked:
        return
    before = getattr(objective, name)
    setattr(objective, name, value)
    if value is None and before is None and not said:
        return
    for target in objective.writes.get(name, ()):
        shared = tree.globals.setdefault(target, {})
        if shared.get(name) == value:
            continue
        if activity is tree.current:
            tree.overwritten.setdefault(target, {}).setdefault(name, shared.get(name))
        if value is None:
            shared.pop(name, None)
        else:
            shared[name] = value
        tree.changed_globals.add(target)


def measured_completion(activity: Activity, amount: float | None) -> bool | None:
    """RB.1.3 a for this amount; None where no measure decides."""
    threshold = activity.threshold
    if threshold is None or not threshold.completed_by_measure or amount is None:
        return None
    return amount >= threshold.min_progress_measure


def measured_success(objective: ObjectiveState, measure: float | None) -> bool | None:
    """What this measure says about an objective that is satisfied by measure (SN 3.10.1)."""
    return None if measure is None else measure >= objective.definition.min_normalized_measure


def begin_attempt(activity: Activity) -> None:
    """DB.2 step 5.1.1.2.3: the information of a new attempt is unknown; what was shared stays shared.

    SN 3.2.6, 3.2.7: rollup waits for new attempts of the children where the cluster asks for its current attempt;
    rules go on seeing what the learner has done.
    """
    for objective in activity.objectives:
        objective.forget()
    activity.said_completion = activity.said_success = False
    activity.stale_objective = activity.stale_progress = False
    waiting = [activity]
    while waiting:
        cluster = waiting.pop()
        for child in cluster.children:
            if child.attempts:
                child.stale_objective |= cluster.sequencing.use_current_attempt_objective_info
                child.stale_progress |= cluster.sequencing.use_current_attempt_progress_info
            if child.children:
                waiting.append(child)


def take_back(tree: ActivityTree) -> None:
    """Give the global objectives the values they had before the current attempt wrote to them."""
    for target, before in tree.overwritten.items():
        shared = tree.globals.setdefault(target, {})
        for name, value in before.items():
            if value is None:
                shared.pop(name, None)
            else:
                shared[name] = value
        tree.changed_globals.add(target)
    tree.overwritten = {}
