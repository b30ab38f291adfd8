"""What would happen if: validity of requests, controls and the table of contents. Nothing here changes the tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from course_packages.model import Standard
from scorm_runtime.sequencing import (
    checks,
    delivery,
    navigation,
    objectives,
    overall,
    reasons,
    requests,
    scorm12,
    tracking,
)
from scorm_runtime.sequencing.exchange import Controls, TocEntry, Validity
from scorm_runtime.sequencing.tree import Activity, ActivityTree, Memory, Refused

YES = Validity(allowed=True)


@contextmanager
def standing_still(tree: ActivityTree, *, tracing: bool) -> Iterator[None]:
    """What was found is remembered while the tree cannot change; ``tracing``: note it.

    Before another attempt on the course the look is at what that attempt will find (CAM 3.4.1.3).
    """
    before, shared = tree.tracing, tree.globals
    tree.memory, tree.tracing = Memory(), tracing
    if overall.begins_anew(tree):
        tree.globals = {}
    try:
        yield
    finally:
        tree.memory, tree.tracing, tree.globals = None, before, shared


# The codes that only say that an activity is locked.
LOCKED = ("SB.2.2-2", "DB.1.1-3")


def refusal(tree: ActivityTree, refused: Refused, language: str) -> Validity:
    title = refused.activity.title if refused.activity else ""
    reason = reasons.sentence(refused.code, title, language)
    if refused.code in LOCKED and refused.activity is not None:
        reason = _why_locked(tree, refused.activity, language) or reason
    return Validity(allowed=False, exception=refused.code, reason=reason)


def _why_locked(tree: ActivityTree, activity: Activity, language: str) -> str | None:
    """What a learner can know of a lock: what is to be done before, or that nothing can be done."""
    if tree.edition is Standard.SCORM_12 and not scorm12.prerequisites_met(tree, activity):
        before = scorm12.to_be_done(tree, activity)
        return reasons.sentence("prerequisites", activity.title, language, before) if before else None
    if checks.limit_conditions_violated(tree, activity):
        return reasons.sentence("attempts", activity.title, language)
    return None


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
        return refusal(tree, refused, language)
    return YES


CONTROLS = ("continue", "previous", "exitAll", "suspendAll", "abandonAll", "exit", "abandon")


def controls(tree: ActivityTree, language: str) -> Controls:
    """Which controls would work, and which the current activity hides (SN 5.6, hideLMSUI)."""
    with standing_still(tree, tracing=False):
        answers = {name: _try(tree, name, None, language) for name in CONTROLS}
    if answers["continue"].exception == "SB.2.2-1":
        # A cluster that does not flow comes next: the learner goes on to its table of contents.
        answers["continue"] = YES
    current = tree.current
    hidden = current.source.hide_lms_ui if current is not None else ()
    if tree.in_session and is_alone(tree):
        # Content steps by its own buttons: beside them ours would only end the course.
        hidden = ("continue", "previous")
    why = {name: answer.reason for name, answer in answers.items() if not answer.allowed}
    if current is not None and not is_alone(tree):
        why |= {name: reasons.sentence("hideLMSUI", current.title, language) for name in hidden if name in answers}
    return Controls(
        continue_=answers["continue"].allowed,
        previous=answers["previous"].allowed,
        exit_all=answers["exitAll"].allowed,
        suspend_all=answers["suspendAll"].allowed,
        abandon_all=answers["abandonAll"].allowed,
        exit=answers["exit"].allowed,
        abandon=answers["abandon"].allowed,
        hidden=tuple(hidden),
        reasons=why,
    )


def toc(tree: ActivityTree, language: str) -> list[TocEntry]:
    """SN 5.3: every available activity, in order, with what a choice of it would lead to."""
    stands = {activity: _where_it_stands(tree, activity) for activity in tree.walk()}
    with standing_still(tree, tracing=False):
        return [_entry(tree, activity, words, language) for activity, words in stands.items()]


def _where_it_stands(tree: ActivityTree, activity: Activity) -> tuple[str, str, str]:
    """Status, completion and success, those of the last attempt where another one has not begun."""
    return (
        scorm12.lesson_status(tree, activity),
        tracking.completion_word(objectives.is_completed(tree, activity)),
        tracking.success_word(objectives.is_satisfied(tree, activity, activity.primary)),
    )


def is_alone(tree: ActivityTree) -> bool:
    """Whether a SCORM 1.2 course has one part only. SCORM 2004 says itself which controls are offered (SN 5.6)."""
    return tree.edition is Standard.SCORM_12 and sum(not each.children for each in tree.activities.values()) == 1


def offers_choice(tree: ActivityTree) -> bool:
    """Whether anything but the whole course can ever be chosen: otherwise there is no table to choose from."""
    return any(a.children and a.sequencing.choice for a in tree.activities.values())


def _hidden(tree: ActivityTree, activity: Activity) -> bool:
    """SN 3.4.5: hiddenFromChoice takes an activity and all below it out of the table of contents."""
    return any(checks.pre_condition(tree, passed, "hiddenFromChoice") for passed in activity.ancestors())


def _entry(tree: ActivityTree, activity: Activity, words: tuple[str, str, str], language: str) -> TocEntry:
    status, completion, success = words
    visible = getattr(activity.source, "visible", True) and not _hidden(tree, activity)
    answer = _try(tree, "choice", activity, language)
    if answer.allowed and not visible:
        answer = Validity(allowed=False, reason=reasons.sentence("hidden", activity.title, language))
    elif answer.allowed and activity.parent is None and not offers_choice(tree):
        answer = Validity(allowed=False, reason=reasons.sentence("NB.2.1-10", activity.title, language))
    elif answer.allowed and tree.in_session and is_alone(tree):
        # To choose what is already open would only begin it anew.
        answer = Validity(allowed=False, reason=reasons.sentence("open", activity.title, language))
    return TocEntry(
        id=activity.id,
        title=activity.title,
        depth=activity.depth,
        visible=visible,
        selectable=answer.allowed,
        current=activity is tree.current,
        launchable=activity.launchable,
        status=status,
        completion=completion,
        success=success,
        reason=answer.reason,
        exception=answer.exception,
    )
