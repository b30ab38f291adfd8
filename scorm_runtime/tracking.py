"""CMI data → what the sequencer is told: status rules of both standards. Pure.

Sources: SCORM 1.2 RTE 3.4.4, SCORM 2004 4th Edition RTE 4.2.4, 4.2.21 and SN 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from course_packages.model import Item
from scorm_runtime.cmi import DataModel
from scorm_runtime.facts import Facts, Score, number, read
from scorm_runtime.sequencing import ActivityReport, ObjectiveReport


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The compatibility settings that decide over status."""

    score_overrides_status: bool = True
    finish_status_incomplete: bool = True
    scale_raw_score: bool = False


def judge_2004(model: DataModel, rules: Rules) -> tuple[Facts, str]:
    """The facts with the thresholds applied, and the cause: content or threshold."""
    cmi = model.to_flat()
    said = read(False, cmi)
    if rules.scale_raw_score:
        said = replace(said, score=scaled_from_raw(said.score))
    completion, success = model.get("cmi.completion_status")[0], model.get("cmi.success_status")[0]
    if not rules.score_overrides_status:
        completion = said.completion if said.completion != "unknown" else completion
        success = said.success if said.success != "unknown" else success
    cause = "content" if (completion, success) == (said.completion, said.success) else "threshold"
    return replace(said, completion=completion, success=success), cause


def scaled_from_raw(score: Score) -> Score:
    """The score with its raw value's share between min and max (0 and 100 where they are not told) as scaled."""
    if score.scaled is not None or score.raw is None:
        return score
    low = 0.0 if score.min is None else score.min
    high = 100.0 if score.max is None else score.max
    if high <= low or not low <= score.raw <= high:
        return score
    return replace(score, scaled=round((score.raw - low) / (high - low), 7))


def judge_12(cmi: Mapping[str, str], item: Item, rules: Rules, *, credit: bool) -> tuple[Facts, str]:
    """The facts with the mastery score applied, and the cause: content or mastery_score.

    RTE 1.2 §3.4.4: the mastery score decides only where credit is given and the content reported a raw score.
    """
    facts = read(True, cmi)
    mastered = mastery_12(cmi, item, rules, credit=credit)
    if mastered is None:
        return facts, "content"
    completion = "completed" if mastered else facts.completion
    changed = replace(facts, completion=completion, success="passed" if mastered else "failed")
    return changed, "content" if changed == facts else "mastery_score"


def mastery_12(cmi: Mapping[str, str], item: Item, rules: Rules, *, credit: bool) -> bool | None:
    """Whether the raw score reaches the mastery score; None where it does not decide."""
    raw = number(cmi.get("cmi.core.score.raw"))
    if item.mastery_score is None or raw is None or not credit or not rules.score_overrides_status:
        return None
    return raw >= item.mastery_score


def finish_12(cmi: Mapping[str, str], item: Item, rules: Rules, *, credit: bool) -> dict[str, str]:
    """The CMI after LMSFinish: lesson_status as the LMS leaves it."""
    finished = dict(cmi)
    mastered = mastery_12(cmi, item, rules, credit=credit)
    if mastered is not None:
        finished["cmi.core.lesson_status"] = "passed" if mastered else "failed"
    elif finished.get("cmi.core.lesson_status", "not attempted") == "not attempted":
        # The standard says completed; opening and closing a page is no completion unless the setting wants it.
        finished["cmi.core.lesson_status"] = "incomplete" if rules.finish_status_incomplete else "completed"
    return finished


def report(facts: Facts, seconds: float, *, suspended: bool) -> ActivityReport:
    """What the sequencer is told of an activity; ``seconds`` is the time of the attempt so far."""
    return ActivityReport(
        completion_status=_known(facts.completion, "completion" in facts.said),
        success_status=_known(facts.success, "success" in facts.said),
        scaled=facts.score.scaled,
        raw=facts.score.raw,
        min=facts.score.min,
        max=facts.score.max,
        progress_measure=facts.progress_measure,
        objectives={
            objective.id: ObjectiveReport(
                success_status=_known(objective.success, "success" in objective.said),
                completion_status=_known(objective.completion, "completion" in objective.said),
                scaled=objective.score.scaled,
                raw=objective.score.raw,
                min=objective.score.min,
                max=objective.score.max,
                progress_measure=objective.progress_measure,
            )
            for objective in facts.objectives
        },
        duration=seconds,
        suspended=suspended,
    )


def _known(word: str, said: bool) -> str | None:
    """None for what the content never said; unknown where it said so."""
    return None if word == "unknown" and not said else word
