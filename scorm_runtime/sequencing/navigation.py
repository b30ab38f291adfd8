"""Navigation requests become a termination request and a sequencing request (NB.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from course_packages.model import Standard
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused, common_ancestor, path_between


@dataclass(frozen=True)
class NavigationResult:
    """What a valid navigation request asks for; ``target`` belongs to choice and jump."""

    termination: str | None = None
    sequencing: str | None = None
    target: Activity | None = None


def navigation_request(tree: ActivityTree, request: str, target: Activity | None) -> NavigationResult:
    """Navigation Request Process (NB.2.1); raises Refused when the request is not valid."""
    if request in ("start", "resumeAll"):
        return _begin(tree, request)
    if request in ("choice", "jump"):
        if target is None:
            raise Refused("NB.2.1-11")
        return _choice(tree, target) if request == "choice" else _jump(tree, target)
    current = tree.current
    # NB.2.1 step 3.2, 4.2, 8.2 - 12.2
    if current is None:
        raise Refused("NB.2.1-2")
    if request in ("continue", "previous"):
        return _along(current, request)
    if request in ("exit", "abandon"):
        # NB.2.1 step 8.1, 10.1
        if not current.active:
            raise Refused("NB.2.1-12", current)
        return NavigationResult(termination=request, sequencing="exit")
    if request in ("exitAll", "abandonAll", "suspendAll"):
        # NB.2.1 step 9.1, 11.1, 12.1
        return NavigationResult(termination=request, sequencing="exit")
    # The learner may ask for what a post condition rule can ask for: end and begin again.
    if request == "retry":
        return NavigationResult(termination="exit" if current.active else None, sequencing="retry")
    return NavigationResult(termination="exitAll", sequencing="retry")


def _begin(tree: ActivityTree, request: str) -> NavigationResult:
    # NB.2.1 step 1.2, 2.2
    if tree.current is not None:
        raise Refused("NB.2.1-1", tree.current)
    # NB.2.1 step 2.1.2
    if request == "resumeAll" and tree.suspended is None:
        raise Refused("NB.2.1-3")
    return NavigationResult(sequencing=request)


def _along(current: Activity, request: str) -> NavigationResult:
    """NB.2.1 step 3 and 4."""
    if current.parent is None:
        raise Refused("NB.2.1-4" if request == "continue" else "NB.2.1-6", current)
    control = current.parent.sequencing
    if request == "continue" and not control.flow:
        raise Refused("NB.2.1-4", current.parent)
    if request == "previous" and (not control.flow or control.forward_only):
        raise Refused("NB.2.1-5", current.parent)
    return NavigationResult(termination="exit" if current.active else None, sequencing=request)


def _choice(tree: ActivityTree, target: Activity) -> NavigationResult:
    """NB.2.1 step 7."""
    # NB.2.1 step 7.2
    if not target.is_available:
        raise Refused("NB.2.1-11", target)
    # NB.2.1 step 7.1.2
    if target.parent is not None and not target.parent.sequencing.choice:
        raise Refused("NB.2.1-10", target.parent)
    current = tree.current
    # NB.2.1 step 7.1.1.1
    if current is None:
        return NavigationResult(sequencing="choice", target=target)
    # NB.2.1 step 7.1.1.2: leaving a branch takes leave of everything active in it.
    if current is not target and current.parent is not target.parent:
        for activity in path_between(current, common_ancestor(current, target))[:-1]:
            if activity.active and not activity.sequencing.choice_exit:
                raise Refused("NB.2.1-8", activity)
    # NB.2.1 step 7.1.1.3
    if current.active and not current.sequencing.choice_exit:
        raise Refused("NB.2.1-8", current)
    return NavigationResult(termination="exit" if current.active else None, sequencing="choice", target=target)


def _jump(tree: ActivityTree, target: Activity) -> NavigationResult:
    """NB.2.1 step 13, only in the 4th Edition."""
    if tree.edition is not Standard.SCORM_2004_4:
        raise Refused("NB.2.1-13", target)
    if tree.current is None:
        raise Refused("NB.2.1-2")
    if not target.is_available:
        raise Refused("NB.2.1-11", target)
    return NavigationResult(termination="exit" if tree.current.active else None, sequencing="jump", target=target)
