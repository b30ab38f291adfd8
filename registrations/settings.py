"""Compatibility settings of a course: what each means, and which of tenant, course and registration decides.

Names follow SCORM Cloud's course configuration where it has the same setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid


@dataclass(frozen=True)
class Setting:
    """A setting with its default; ``kind`` is bool, int or one of the words in ``words``."""

    default: bool | int | str
    help: str
    words: tuple[str, ...] = ()
    most: int = 0


_SCO_PLACES = {"intermediate": "a part that is not the last", "final": "the last part"}
_SCO_RESULTS = {"Satisfied": "passed, or completed without a verdict", "NotSatisfied": "not passed or not completed"}
_EXITS = {"Normal": "normal", "Suspend": "suspend", "Timeout": "time-out", "Logout": "logout"}


def exit_action_name(*, final: bool, satisfied: bool, kind: str) -> str:
    """The setting that decides after a SCO has ended; ``kind`` is what it said in cmi.exit, empty for nothing."""
    exit_ = next((name for name, word in _EXITS.items() if word == kind), "Normal")
    return f"{'final' if final else 'intermediate'}Sco{'Satisfied' if satisfied else 'NotSatisfied'}{exit_}ExitAction"


def _exit_actions() -> dict[str, Setting]:
    """SCORM lets the content leave the course by time-out and logout (2004 RTE 4.2.8); after the others it stays open."""
    return {
        f"{place}Sco{result}{name}ExitAction": Setting(
            "exit" if name in ("Timeout", "Logout") else "none",
            f"After {where} ({state}) has ended by itself with exit {word} and asked for nothing: stay, go on to the "
            "next part, or leave the course.",
            words=("none", "continue", "exit"),
        )
        for place, where in _SCO_PLACES.items()
        for result, state in _SCO_RESULTS.items()
        for name, word in _EXITS.items()
    }


SETTINGS: dict[str, Setting] = {
    "suspendDataMaxLength": Setting(64_000, "Most characters of cmi.suspend_data.", most=1_000_000),
    "scoreOverridesStatus": Setting(
        True,
        "A raw score against the mastery score (or a scaled score against the passing score) decides over the status set.",
    ),
    "scaleRawScore": Setting(
        False, "SCORM 2004: a raw score without a scaled one counts, as its share between min and max (or of 100)."
    ),
    "statusRollupMode": Setting(
        "course",
        "When the course counts as completed: as its sequencing says, when all parts are completed (or also not failed, "
        "or passed), when the score reaches thresholdScoreForCompletion, or both.",
        words=(
            "course",
            "all_completed",
            "all_completed_not_failed",
            "all_passed",
            "threshold",
            "all_completed_and_threshold",
        ),
    ),
    "thresholdScoreForCompletion": Setting(
        80,
        "Percent of the score at which the modes with a threshold of statusRollupMode complete the course.",
        most=100,
    ),
    "scoreRollupMode": Setting(
        "course",
        "The score of the course: as its sequencing says, the average of all parts, of the parts with a score, "
        "or that of the last part.",
        words=("course", "average", "average_scored", "last"),
    ),
    "resetRunTimeDataTiming": Setting(
        "standard",
        "When a part begins with empty data: as its standard says (1.2 never, 2004 with each new attempt), never, "
        "or whenever it was not left with exit suspend.",
        words=("standard", "never", "exit_not_suspend"),
    ),
    "validateInteractionResponses": Setting(
        True, "SCORM 2004: responses and correct patterns must have the form of their interaction's type."
    ),
    "strictIdentifiers": Setting(True, "SCORM 2004: identifiers of objectives and interactions must be URIs."),
    "allowCompleteStatusChange": Setting(False, "A completed or passed registration may fall back in a later attempt."),
    "launchCompletedRegsAsNoCredit": Setting(False, "A completed registration is launched for review, without credit."),
    "finishStatusIncomplete": Setting(
        True, "SCORM 1.2: content that never set a status stays incomplete; off: it completes at the end."
    ),
    "resumeWithoutSuspend": Setting(
        True, "SCORM 1.2: location or suspend data resume though cmi.core.exit was not suspend."
    ),
    "enforceTimeLimits": Setting(
        True,
        "When the time that a part allows is up, the player does what its package says (message, leave); off: it is left "
        "to the content.",
    ),
    "makeStudentPreferencesGlobalToCourse": Setting(
        True, "Preferences (sound, language, speed, captions) that one part sets hold for the other parts too."
    ),
    "maxAttempts": Setting(0, "Most attempts of a registration; 0: as many as wanted.", most=1_000_000),
    "statementLevel": Setting(
        "all",
        "Which statements are made: of the course only, of activities too, or also interactions and objectives.",
        words=("rollup", "activities", "all"),
    ),
    "traceCalls": Setting(
        False, "Every call of the content, with its result and what the server decided, is recorded for 30 days."
    ),
    "playerLaunchType": Setting(
        "frameset", "Where the content runs: in the player or in a window of its own.", words=("frameset", "window")
    ),
    "showTableOfContents": Setting(True, "The player shows the table of contents."),
    "showNavigation": Setting(True, "The player shows previous and next where the content allows them."),
    "showProgressBar": Setting(True, "The player shows a progress bar."),
    **_exit_actions(),
}


@dataclass(frozen=True)
class Resolved:
    """A value in force and where it comes from: default, tenant, course or registration."""

    value: bool | int | str
    source: str


def check(values: Mapping[str, Any]) -> dict[str, bool | int | str]:
    """``values`` if every name is known and every value of its kind; :class:`Invalid` names the setting."""
    for name, value in values.items():
        setting = SETTINGS.get(name)
        if setting is None:
            raise Invalid(f"unknown setting {name!r}", setting=name)
        if type(value) is not type(setting.default):
            raise Invalid(f"the setting {name} must be a {type(setting.default).__name__}, not {value!r}", setting=name)
        if setting.words and value not in setting.words:
            raise Invalid(f"the setting {name} must be one of {', '.join(setting.words)}, not {value!r}", setting=name)
        if setting.most and isinstance(value, int) and not 0 <= value <= setting.most:
            raise Invalid(f"the setting {name} must lie between 0 and {setting.most}, not {value}", setting=name)
    return dict(values)


def resolve(
    tenant: Mapping[str, Any], course: Mapping[str, Any], registration: Mapping[str, Any]
) -> dict[str, Resolved]:
    """Every setting in force: the registration's over the course's over the tenant's over the default."""
    found = {}
    for name, setting in SETTINGS.items():
        found[name] = Resolved(setting.default, "default")
        for source, values in (("tenant", tenant), ("course", course), ("registration", registration)):
            if name in values:
                found[name] = Resolved(values[name], source)
    return found
