"""The changeable state of a tree as a small JSON-able dict, and back."""

from __future__ import annotations

from typing import Any

from scorm_runtime.sequencing.tree import FIELDS, Activity, ActivityTree

VERSION = 1
FLAGS = ("said_completion", "said_success", "stale_objective", "stale_progress")


def take(tree: ActivityTree) -> dict[str, Any]:
    """{"v", "seed", "current"?, "suspended"?, "session"?, "activities": {id: what differs from an untouched activity}}"""
    found: dict[str, Any] = {"v": VERSION, "seed": tree.seed}
    if tree.current:
        found["current"] = tree.current.id
    if tree.suspended:
        found["suspended"] = tree.suspended.id
    if tree.in_session:
        found["session"] = True
    if tree.overwritten:
        found["overwritten"] = {target: dict(values) for target, values in tree.overwritten.items()}
    found["activities"] = {a.id: state for a in tree.activities.values() if (state := _state(a))}
    return found


def _state(activity: Activity) -> dict[str, Any]:
    state: dict[str, Any] = {}
    if activity.attempts:
        state["attempts"] = activity.attempts
    if activity.active:
        state["active"] = True
    if activity.suspended:
        state["suspended"] = True
    if activity.attempt_duration or activity.total_duration:
        state["time"] = [activity.attempt_duration, activity.total_duration]
    if activity.available != activity.children:
        state["children"] = [child.id for child in activity.available]
    flags = [name for name in FLAGS if getattr(activity, name)]
    if flags:
        state["flags"] = flags
    objectives = {str(i): known for i, o in enumerate(activity.objectives) if (known := o.values())}
    if objectives:
        state["objectives"] = objectives
    return state


def seed(snapshot: dict[str, Any]) -> int:
    """The seed of the tree the snapshot was taken of."""
    if snapshot.get("v") != VERSION or not isinstance(snapshot.get("seed"), int):
        raise ValueError(f"not a snapshot of version {VERSION}")
    number: int = snapshot["seed"]
    return number


def load(tree: ActivityTree, snapshot: dict[str, Any]) -> None:
    """Bring the state back into a tree as just built."""
    for activity_id, state in snapshot["activities"].items():
        _load(tree, tree.find(activity_id), state)
    tree.current = tree.find(snapshot["current"]) if "current" in snapshot else None
    tree.suspended = tree.find(snapshot["suspended"]) if "suspended" in snapshot else None
    tree.overwritten = {target: dict(values) for target, values in snapshot.get("overwritten", {}).items()}
    tree.in_session = bool(snapshot.get("session"))
    tree.number()


def _load(tree: ActivityTree, activity: Activity, state: dict[str, Any]) -> None:
    activity.attempts = state.get("attempts", 0)
    activity.active = state.get("active", False)
    activity.suspended = state.get("suspended", False)
    activity.attempt_duration, activity.total_duration = state.get("time", (0.0, 0.0))
    for name in FLAGS:
        setattr(activity, name, name in state.get("flags", ()))
    if "children" in state:
        activity.offer(tuple(tree.find(child) for child in state["children"]))
    for index, known in state.get("objectives", {}).items():
        objective = activity.objectives[int(index)]
        for name in FIELDS:
            setattr(objective, name, known.get(name))
