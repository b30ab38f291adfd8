"""Sequencing requests other than choice, and their dispatch (SB.2.5 - SB.2.8, SB.2.10 - SB.2.13)."""

from __future__ import annotations

from dataclasses import dataclass

from scorm_runtime.sequencing import choice, flow
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused


@dataclass(frozen=True)
class SequencingResult:
    """A delivery request, the end of the session, or neither."""

    deliver: Activity | None = None
    ends_session: bool = False


def process(tree: ActivityTree, request: str, target: Activity | None) -> SequencingResult:
    """Sequencing Request Process (SB.2.12)."""
    where = f" to {target.id}" if target else ""
    tree.note("SB.2.12", f"sequencing request {request}{where}")
    if request == "exit":
        return SequencingResult(ends_session=exits_session(tree))
    try:
        return SequencingResult(deliver=_find(tree, request, target))
    except Refused as refused:
        if refused.ends_session:
            tree.note("SB.2.1 step 3.1", "past the last activity: the session ends")
            return SequencingResult(ends_session=True)
        raise


def _find(tree: ActivityTree, request: str, target: Activity | None) -> Activity:
    if request == "choice":
        if target is None:
            # SB.2.9 step 1
            raise Refused("SB.2.9-1")
        return choice.choice(tree, target)
    if request == "jump":
        return jump(tree, target)
    if request == "start":
        return start(tree)
    if request == "resumeAll":
        return resume_all(tree)
    if request == "continue":
        return continue_(tree)
    if request == "previous":
        return previous(tree)
    return retry(tree)


def start(tree: ActivityTree) -> Activity:
    """Start Sequencing Request Process (SB.2.5)."""
    # SB.2.5 step 1
    if tree.current is not None:
        raise Refused("SB.2.5-1", tree.current)
    # SB.2.5 step 2
    if tree.root.is_leaf:
        return tree.root
    # SB.2.5 step 3
    return flow.flow(tree, tree.root, "forward", True)


def resume_all(tree: ActivityTree) -> Activity:
    """Resume All Sequencing Request Process (SB.2.6)."""
    # SB.2.6 step 1, 2
    if tree.current is not None:
        raise Refused("SB.2.6-1", tree.current)
    if tree.suspended is None:
        raise Refused("SB.2.6-2")
    # SB.2.6 step 3; a cluster is suspended where the learner left it between two activities: flow on from there.
    return tree.suspended if tree.suspended.is_leaf else flow.flow(tree, tree.suspended, "forward", True)


def continue_(tree: ActivityTree) -> Activity:
    """Continue Sequencing Request Process (SB.2.7)."""
    # SB.2.7 step 1
    if tree.current is None:
        raise Refused("SB.2.7-1")
    # SB.2.7 step 2
    if tree.current.parent is not None and not tree.current.parent.sequencing.flow:
        raise Refused("SB.2.7-2", tree.current.parent)
    # SB.2.7 step 3
    return flow.flow(tree, tree.current, "forward", False)


def previous(tree: ActivityTree) -> Activity:
    """Previous Sequencing Request Process (SB.2.8)."""
    # SB.2.8 step 1
    if tree.current is None:
        raise Refused("SB.2.8-1")
    # SB.2.8 step 2
    if tree.current.parent is not None and not tree.current.parent.sequencing.flow:
        raise Refused("SB.2.8-2", tree.current.parent)
    # SB.2.8 step 3
    return flow.flow(tree, tree.current, "backward", False)


def retry(tree: ActivityTree) -> Activity:
    """Retry Sequencing Request Process (SB.2.10)."""
    # SB.2.10 step 1, 2
    if tree.current is None:
        raise Refused("SB.2.10-1")
    if tree.current.active or tree.current.suspended:
        raise Refused("SB.2.10-2", tree.current)
    # SB.2.10 step 4
    if tree.current.is_leaf:
        return tree.current
    # SB.2.10 step 3
    try:
        return flow.flow(tree, tree.current, "forward", True)
    except Refused as refused:
        tree.note("SB.2.10 step 3", f"flow into {tree.current.id} finds nothing: {refused.code}")
        raise Refused("SB.2.10-3", tree.current) from refused


def exits_session(tree: ActivityTree) -> bool:
    """Exit Sequencing Request Process (SB.2.11): whether the session ends."""
    # SB.2.11 step 1, 2
    if tree.current is None:
        raise Refused("SB.2.11-1")
    if tree.current.active:
        raise Refused("SB.2.11-2", tree.current)
    # SB.2.11 step 3
    return tree.current is tree.root


def jump(tree: ActivityTree, target: Activity | None) -> Activity:
    """Jump Sequencing Request Process (SB.2.13): no control mode and no rule on the way is asked."""
    # SB.2.13 step 1
    if tree.current is None or target is None:
        raise Refused("SB.2.13-1")
    return target
