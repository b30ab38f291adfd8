"""Overall Sequencing Process (OP.1): one navigation request from its reception to a delivery or an end."""

from __future__ import annotations

from scorm_runtime.sequencing import delivery, navigation, requests, termination
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Refused


def navigate(tree: ActivityTree, request: str, target: Activity | None) -> Activity | None:
    """OP.1 step 1 for one request: the activity delivered, or None when the session ended; raises Refused."""
    found = decide(tree, request, target)
    if found is not None:
        # OP.1 step 1.6
        delivery.content_delivery(tree, found)
    return found


def decide(tree: ActivityTree, request: str, target: Activity | None) -> Activity | None:
    """OP.1 step 1.2 - 1.5: everything but the delivery itself."""
    # OP.1 step 1.2
    tree.note("OP.1", f"navigation request {request}{' to ' + target.id if target else ''}")
    wish = navigation.navigation_request(tree, request, target)
    sequencing, aim = wish.sequencing, wish.target
    # OP.1 step 1.3
    if wish.termination is not None:
        instead = termination.terminate(tree, wish.termination)
        # OP.1 step 1.3.3: there is one pending request; a post condition rule's goes before the learner's.
        if request == "retryAll" and instead == "exit":
            instead = None
        if instead is not None and instead != sequencing:
            tree.note("OP.1 step 1.3.3", f"{instead} takes the place of {sequencing}")
            sequencing, aim = instead, None
    if sequencing is None:
        return None
    # OP.1 step 1.4
    _begin_anew(tree, sequencing)
    result = _sequence(tree, sequencing, aim)
    if result.ends_session:
        # OP.1 step 1.4.3, SN 4.2.2: the session is over, what is left of it ends too.
        end_session(tree)
        return None
    if result.deliver is None:
        # OP.1 step 1.4.4: the current activity is over, nothing follows.
        raise Refused("OP.1-1")
    # OP.1 step 1.5
    delivery.delivery_request(tree, result.deliver)
    return result.deliver


def _begin_anew(tree: ActivityTree, sequencing: str) -> None:
    """CAM 3.4.1.3: objectives that are not global to the system live as long as the attempt on the course."""
    again = sequencing == "retry" and tree.current is tree.root
    if begins_anew(tree) or (again and not tree.global_to_system):
        tree.globals = {}


def begins_anew(tree: ActivityTree) -> bool:
    """Whether the next request begins another attempt on the course, which global objectives do not outlive."""
    return not tree.global_to_system and tree.current is None and not tree.root.suspended


def _sequence(tree: ActivityTree, sequencing: str, aim: Activity | None) -> requests.SequencingResult:
    try:
        return requests.process(tree, sequencing, aim)
    except Refused as refused:
        if refused.code == "SB.2.9-9" and aim is not None and tree.current is not None:
            # SB.2.9 step 12.2.1.1 - 12.2.1.3: the learner has left for the target, where there is nothing to deliver.
            delivery.leave_for(tree, aim)
        raise


def end_session(tree: ActivityTree) -> None:
    """The sequencing session is over: nothing is current until the next start, resumption or choice."""
    if tree.current is not None and tree.suspended is None:
        delivery.terminate_descendent_attempts(tree, tree.root)
        if tree.root.active:
            delivery.end_attempt(tree, tree.root)
    for activity in tree.activities.values():
        activity.active = False
    tree.current = None
    tree.in_session = False
    tree.note("OP.1 step 1.4.3", "the sequencing session ends")
