"""What would happen if: validity of requests, controls and the table of contents. Nothing here changes the tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scorm_runtime.sequencing import checks, delivery, navigation, objectives, reasons, requests, scorm12, tracking
from scorm_runtime.sequencing.exchange import Controls, TocEntry, Validity
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Memory, Refused

YES = Validity(allowed=True)


@contextmanager
def standing_still(tree: ActivityTree, *, tracing: bool) -> Iterator[None]:
    """What was found is remembered while the tree cannot change; ``tracing``: note it."""
    before = tree.tracing
    tree.memory, tree.tracing = Memory(), tracing
    try:
        yield
    finally:
        tree.memory, tree.tracing = None, before


def refusal(refused: Refused, language: str) -> Validity:
    title = refused.activity.title if refused.activity else ""
    return Validity(allowed=False, exception=refused.code, reason=reasons.sentence(refused.code, title, language))


def valid(tree: ActivityTree, request: str, target: Activity | None, language: str) -> Validity:
    """NB.2.1, the sequencing request and DB.1.1 on the tree as it is now."""
    with standing_still(tree, tracing=True):
        return _try(tree, request, target, language)


def _try(tree: ActivityTree, request: str, target: Activity | None, language: str) -> Validity:
    try:
        wish = navigation.navigation_request(tree, request, target)
        if wish.sequencing not in (None, "exit", "retry"):
            result = requests.process(tree, wish.sequencing, wish.target)
            if result.deliver is not None:
                delivery.delivery_request(tree, result.deliver)
    except Refused as refused:
        return refusal(refused, language)
    return YES


CONTROLS = ("continue", "previous", "exitAll", "suspendAll", "abandonAll", "exit", "abandon")


def controls(tree: ActivityTree, language: str) -> Controls:
    """Which controls would work, and which the current activity hides (SN 5.6, hideLMSUI)."""
    with standing_still(tree, tracing=False):
        answers = {name: _try(tree, name, None, language) for name in CONTROLS}
    if answers["continue"].exception == "SB.2.2-1":
        # A cluster that does not flow comes next: the learner goes on to its table of contents.
        answers["continue"] = YES
    hidden = tree.current.source.hide_lms_ui if tree.current is not None else ()
    return Controls(
        continue_=answers["continue"].allowed,
        previous=answers["previous"].allowed,
        exit_all=answers["exitAll"].allowed,
        suspend_all=answers["suspendAll"].allowed,
        abandon_all=answers["abandonAll"].allowed,
        exit=answers["exit"].allowed,
        abandon=answers["abandon"].allowed,
        hidden=tuple(hidden),
        reasons={name: answer.reason for name, answer in answers.items() if not answer.allowed},
    )


def toc(tree: ActivityTree, language: str) -> list[TocEntry]:
    """SN 5.3: every available activity, in order, with what a choice of it would lead to."""
    with standing_still(tree, tracing=False):
        return [_entry(tree, activity, language) for activity in tree.walk()]


def offers_choice(tree: ActivityTree) -> bool:
    """Whether anything but the whole course can ever be chosen: otherwise there is no table to choose from."""
    return any(a.children and a.sequencing.choice for a in tree.activities.values())


def _hidden(tree: ActivityTree, activity: Activity) -> bool:
    """SN 3.4.5: hiddenFromChoice takes an activity and all below it out of the table of contents."""
    return any(checks.pre_condition(tree, passed, "hiddenFromChoice") for passed in activity.ancestors())


def _entry(tree: ActivityTree, activity: Activity, language: str) -> TocEntry:
    visible = getattr(activity.source, "visible", True) and not _hidden(tree, activity)
    answer = _try(tree, "choice", activity, language)
    return TocEntry(
        id=activity.id,
        title=activity.title,
        depth=activity.depth,
        visible=visible,
        selectable=visible and answer.allowed and (activity.parent is not None or offers_choice(tree)),
        current=activity is tree.current,
        launchable=activity.launchable,
        status=scorm12.lesson_status(tree, activity),
        completion=tracking.completion_word(objectives.is_completed(tree, activity)),
        success=tracking.success_word(objectives.is_satisfied(tree, activity, activity.primary)),
        reason=answer.reason,
        exception=answer.exception,
    )
