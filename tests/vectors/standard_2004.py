"""The elements of SCORM 2004 4th Edition (RTE 4.2, 4.3; SN 5.6.2)."""

from __future__ import annotations

from typing import Any

from tests.vectors.describe import Element, Standard, Step, Type, case, one_of
from tests.vectors.responses_2004 import RESPONSES
from tests.vectors.types_2004 import (
    COMPLETION,
    INTERVAL,
    LANGUAGE,
    MINUS_ONE_TO_ONE,
    MOMENT,
    NAVIGATION,
    REAL,
    RESULT,
    SUCCESS,
    ZERO_TO_ONE,
    ZERO_UP,
    identifier,
    localized,
    text,
)


def elements_2004() -> tuple[Element, ...]:
    interaction = (("cmi.interactions.0.id", "i"),)
    objective = (("cmi.objectives.0.id", "o"),)
    note, told = "cmi.comments_from_learner.0.", "cmi.comments_from_lms.0."
    i, o = "cmi.interactions.0.", "cmi.objectives.0."
    scores = [
        Element(f"{path}.score.{part}", "rw", MINUS_ONE_TO_ONE if part == "scaled" else REAL, after=after)
        for path, after in (("cmi", ()), ("cmi.objectives.0", objective))
        for part in ("scaled", "raw", "min", "max")
    ]
    return (
        Element("cmi.completion_status", "rw", COMPLETION, "unknown"),
        Element("cmi.completion_threshold", "ro", Type(ZERO_TO_ONE.good)),
        Element("cmi.credit", "ro", Type(("credit", "no-credit")), "credit"),
        Element("cmi.entry", "ro", Type(("ab-initio", "resume", "")), "ab-initio"),
        Element("cmi.exit", "wo", one_of("time-out", "suspend", "logout", "normal", "", also_wrong=("timeout",))),
        Element("cmi.launch_data", "ro", Type(text(4000).good)),
        Element("cmi.learner_id", "ro", Type(("learner-1", "urn:x:y"))),
        Element("cmi.learner_name", "ro", Type(("Putri, Sari", "{lang=en}Ann"))),
        Element("cmi.location", "rw", text(1000)),
        Element("cmi.max_time_allowed", "ro", Type(INTERVAL.good)),
        Element("cmi.mode", "ro", Type(("browse", "normal", "review")), "normal"),
        Element("cmi.progress_measure", "rw", ZERO_TO_ONE),
        Element("cmi.scaled_passing_score", "ro", Type(MINUS_ONE_TO_ONE.good)),
        Element("cmi.session_time", "wo", INTERVAL),
        Element("cmi.success_status", "rw", SUCCESS, "unknown"),
        Element("cmi.suspend_data", "rw", Type(good=text(64000).good, wrong=("x" * 64001,))),
        Element(
            "cmi.time_limit_action",
            "ro",
            Type(("exit,message", "continue,message", "exit,no message", "continue,no message")),
            "continue,no message",
        ),
        Element("cmi.total_time", "ro", Type(INTERVAL.good), "PT0H0M0S"),
        Element("cmi.learner_preference.audio_level", "rw", ZERO_UP, "1"),
        Element("cmi.learner_preference.language", "rw", LANGUAGE, ""),
        Element("cmi.learner_preference.delivery_speed", "rw", ZERO_UP, "1"),
        Element(
            "cmi.learner_preference.audio_captioning",
            "rw",
            one_of("-1", "0", "1", also_wrong=("2", "-2", "0.0", "+1")),
            "0",
        ),
        *scores,
        Element(note + "comment", "rw", localized(4000)),
        Element(note + "location", "rw", text(250)),
        Element(note + "timestamp", "rw", MOMENT),
        Element(told + "comment", "ro", Type(("Read page 3", "{lang=en}hello"))),
        Element(told + "location", "ro", Type(("page3", ""))),
        Element(told + "timestamp", "ro", Type(MOMENT.good[:4])),
        Element(o + "id", "rw", identifier(4000)),
        Element(o + "success_status", "rw", SUCCESS, "unknown", objective),
        Element(o + "completion_status", "rw", COMPLETION, "unknown", objective),
        Element(o + "progress_measure", "rw", ZERO_TO_ONE, None, objective),
        Element(o + "description", "rw", localized(250), None, objective),
        Element(i + "id", "rw", identifier(4000)),
        Element(i + "type", "rw", one_of(*RESPONSES, also_wrong=("true", "other-fill-in")), None, interaction),
        Element(i + "timestamp", "rw", MOMENT, None, interaction),
        Element(i + "weighting", "rw", REAL, None, interaction),
        Element(i + "result", "rw", RESULT, None, interaction),
        Element(i + "latency", "rw", INTERVAL, None, interaction),
        Element(i + "description", "rw", localized(250), None, interaction),
        Element("adl.nav.request", "rw", NAVIGATION, "_none_"),
        Element("adl.nav.request_valid.continue", "ro", TRISTATE_RO, "unknown"),
        Element("adl.nav.request_valid.previous", "ro", TRISTATE_RO, "unknown"),
        Element("adl.nav.request_valid.choice.{target=item-1.2}", "ro", TRISTATE_RO, "unknown"),
        Element("adl.nav.request_valid.jump.{target=item-1}", "ro", TRISTATE_RO, "unknown"),
    )


TRISTATE_RO = Type(("true", "false", "unknown"))


def dependency_cases_2004() -> list[dict[str, Any]]:
    """The identifier of a record comes first; of an interaction, the type before answers (RTE 4.2.9, 4.2.17)."""
    good = {e.name: e.type.good[0] for e in elements_2004()}
    cases = []
    for name in [
        n for n in good if n.startswith(("cmi.interactions.0.", "cmi.objectives.0.")) and not n.endswith(".id")
    ]:
        steps: list[Step] = [
            ["set", name, good[name], 408],
            ["get", name, "", 301],
            ["set", name.replace(".0.", ".1."), good[name], 351],
        ]
        cases.append(case(f"{name} needs the id", "scorm_2004", steps))
    for member, value in (
        ("learner_response", "true"),
        ("correct_responses.0.pattern", "true"),
        ("objectives.0.id", "o"),
    ):
        name = f"cmi.interactions.0.{member}"
        steps = [["set", name, value, 408], ["set", "cmi.interactions.0.id", "i", 0]]
        if "objectives" not in member:
            steps += [["set", name, value, 408], ["set", "cmi.interactions.0.type", "true-false", 0]]
        cases.append(
            case(
                f"{name} needs what comes before it",
                "scorm_2004",
                [*steps, ["set", name, value, 0], ["get", name, value, 0]],
            )
        )
    return cases


def standard_2004() -> Standard:
    return Standard(
        name="scorm_2004",
        elements=elements_2004(),
        children={
            "cmi.comments_from_learner": "comment,location,timestamp",
            "cmi.comments_from_lms": "comment,location,timestamp",
            "cmi.interactions": "id,type,objectives,timestamp,correct_responses,weighting,learner_response,result,latency,description",
            "cmi.learner_preference": "audio_level,language,delivery_speed,audio_captioning",
            "cmi.objectives": "id,score,success_status,completion_status,progress_measure,description",
            "cmi.objectives.0.score": "scaled,raw,min,max",
            "cmi.score": "scaled,raw,min,max",
            "adl.data": "id,store",
        },
        counts={
            "cmi.comments_from_learner": "cmi.comments_from_learner.0.comment",
            "cmi.comments_from_lms": "",
            "cmi.interactions": "cmi.interactions.0.id",
            "cmi.objectives": "cmi.objectives.0.id",
            "adl.data": "",
        },
        unknown=(
            "cmi",
            "adl",
            "adl.data",
            "adl.nav",
            "cmi.score",
            "cmi.objectives",
            "cmi.interactions",
            "cmi.learner_preference",
            "cmi.comments_from_learner",
            "cmi.comments_from_lms",
            "cmi.objectives.0",
            "cmi.objectives.0.score",
            "cmi.objectives.a.id",
            "cmi.objectives.-1.id",
            "cmi.objectives.n.id",
            "cmi.objectives..id",
            "cmi.objectives.0.status",
            "cmi.core.lesson_status",
            "cmi.core.student_id",
            "cmi.comments",
            "cmi.interactions.0.student_response",
            "cmi.score.total",
            "foo",
            "foo.bar",
            "__proto__",
            "constructor",
            "cmi.__proto__",
            "cmi.constructor",
            "adl.nav.request_valid",
            "adl.nav.request_valid.choice",
            "adl.nav.request_valid.jump.item",
            "adl.nav.request_valid.exit",
            "cmi.location.0",
            "cmi.0.location",
            "cmi.foo._children",
            "foo._count",
        ),
        code={
            "unknown": 401,
            "unset": 403,
            "read_only": 404,
            "keyword": 404,
            "write_only": 405,
            "type": 406,
            "range": 407,
            "get_index": 301,
            "set_index": 351,
            "no_children": 301,
            "no_count": 301,
        },
    )
