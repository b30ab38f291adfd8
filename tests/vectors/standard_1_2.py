"""SCORM 1.2: data types (RTE 3.4.4), elements (3.4.5), CMIFeedback."""

from __future__ import annotations

from typing import Any

from tests.vectors.describe import Element, Standard, Step, Type, case, one_of
from tests.vectors.types_2004 import FAR_NUMBERS, MARKUP, NO_NUMBERS, NUMBERS, SCRIPTS


def string(limit: int) -> Type:
    return Type(good=("", " ", "z", "x" * limit, MARKUP, "a\nb", *SCRIPTS), wrong=("x" * (limit + 1),))


SCORE_12 = Type(
    good=("", "0", "0.0", "50", "99.99", "100", "100.0"),
    wrong=(*[n for n in NO_NUMBERS if n], "-1", "-0.01", "100.01", "101", "1000"),
)
DECIMAL_12 = Type(good=NUMBERS + FAR_NUMBERS, wrong=NO_NUMBERS)
SPAN_12 = Type(
    good=(
        "00:00:00",
        "0000:00:00",
        "0000:00:00.00",
        "01:02:03",
        "01:02:03.4",
        "01:02:03.45",
        "9999:59:59.99",
        "100:00:00",
    ),
    wrong=(
        "",
        "0:00:00",
        "00:0:00",
        "00:00:0",
        "00:00",
        "00:00:00.",
        "00:00:00:00",
        "-01:00:00",
        "aa:bb:cc",
        "PT1H",
        "60",
        "10000:00:00",
        " 00:00:01",
    ),
)
CLOCK_12 = Type(
    good=("00:00:00", "09:45:58", "23:59:59", "23:59:59.9", "23:59:59.99"),
    wrong=("", "24:00:00", "23:60:00", "23:59:60", "9:45:58", "0009:45:58", "09:45", "2004-01-01", "now"),
)


def integer(low: int, high: int) -> Type:
    return Type(
        good=tuple(dict.fromkeys((str(low), str(high), "0", "1", "-1"))),
        wrong=("", " ", "a", "1.5", "1,0", "--1", str(low - 1), str(high + 1), "1000", "-1000"),
    )


IDENTIFIER_12 = Type(good=("a", "1", "obj-1", "OBJ_1.2", "x" * 255), wrong=("", "x" * 256))
STATUS_12 = ("passed", "completed", "failed", "incomplete", "browsed")
RESULT_12_WORDS = one_of("correct", "wrong", "unanticipated", "neutral", also_wrong=("incorrect",))


def elements_12() -> tuple[Element, ...]:
    i, o = "cmi.interactions.0.", "cmi.objectives.0."
    scores = [Element(f"cmi.core.score.{part}", "rw", SCORE_12, "") for part in ("raw", "min", "max")]
    # Records of 1.2 come into being with any of their elements; nothing has to come first.
    of_objectives = [Element(f"{o}score.{part}", "rw", SCORE_12) for part in ("raw", "min", "max")]
    return (
        Element("cmi.core.student_id", "ro", Type(("learner-1", "a_b")), ""),
        Element("cmi.core.student_name", "ro", Type(("Putri, Sari",)), ""),
        Element("cmi.core.lesson_location", "rw", string(255), ""),
        Element("cmi.core.credit", "ro", Type(("credit", "no-credit")), "credit"),
        Element(
            "cmi.core.lesson_status", "rw", one_of(*STATUS_12, also_wrong=("not attempted", "unknown")), "not attempted"
        ),
        Element("cmi.core.entry", "ro", Type(("ab-initio", "resume", "")), "ab-initio"),
        *scores,
        Element("cmi.core.total_time", "ro", Type(SPAN_12.good), "0000:00:00.00"),
        Element("cmi.core.lesson_mode", "ro", Type(("browse", "normal", "review")), "normal"),
        Element("cmi.core.exit", "wo", one_of("time-out", "suspend", "logout", "", also_wrong=("normal", "timeout"))),
        Element("cmi.core.session_time", "wo", SPAN_12),
        Element(
            "cmi.suspend_data",
            "rw",
            Type(good=("", "z", "x" * 4096, "x" * 4097, "x" * 64000, MARKUP, *SCRIPTS), wrong=("x" * 64001,)),
            "",
        ),
        Element("cmi.launch_data", "ro", Type(("", "x=1&y=2", "x" * 4096)), ""),
        Element("cmi.comments", "rw", string(4096), ""),
        Element("cmi.comments_from_lms", "ro", Type(("", "Read page 3")), ""),
        Element("cmi.student_data.mastery_score", "ro", Type(("0", "80", "")), ""),
        Element("cmi.student_data.max_time_allowed", "ro", Type(("01:00:00", "")), ""),
        Element("cmi.student_data.time_limit_action", "ro", Type(("exit,message", "continue,no message", "")), ""),
        Element("cmi.student_preference.audio", "rw", integer(-1, 100), "0"),
        Element("cmi.student_preference.language", "rw", string(255), ""),
        Element("cmi.student_preference.speed", "rw", integer(-100, 100), "0"),
        Element("cmi.student_preference.text", "rw", integer(-1, 1), "0"),
        Element(o + "id", "rw", IDENTIFIER_12),
        Element(o + "status", "rw", one_of(*STATUS_12, "not attempted", also_wrong=("unknown",))),
        *of_objectives,
        Element(i + "id", "wo", IDENTIFIER_12),
        Element(i + "objectives.0.id", "wo", IDENTIFIER_12),
        Element(i + "time", "wo", CLOCK_12),
        Element(
            i + "type",
            "wo",
            one_of(
                "true-false",
                "choice",
                "fill-in",
                "matching",
                "performance",
                "sequencing",
                "likert",
                "numeric",
                also_wrong=("other", "long-fill-in"),
            ),
        ),
        Element(i + "weighting", "wo", DECIMAL_12),
        Element(
            i + "result", "wo", Type(good=RESULT_12_WORDS.good + NUMBERS + FAR_NUMBERS, wrong=RESULT_12_WORDS.wrong)
        ),
        Element(i + "latency", "wo", SPAN_12),
        Element(i + "student_response", "wo", string(4096)),
        Element(i + "correct_responses.0.pattern", "wo", string(4096)),
    )


FEEDBACK: dict[str, Type] = {
    "true-false": Type(good=("0", "1", "t", "f", "true", "false"), wrong=("", "2", "yes", "T", "tr")),
    "choice": Type(
        good=("", "a", "1", "a,b", "1,2,3", "{a,b}", "{a}", "a,a"),
        wrong=("10", "1,10", "A", "a b", ",", "a,", ",a", "a;b"),
    ),
    "fill-in": Type(good=("", "z", "any text, really", "x" * 255), wrong=("x" * 256,)),
    "matching": Type(good=("", "a.b", "1.c,2.a", "{1.c,2.a}"), wrong=("a", "a.", ".a", "a.b.c", "a.b,", "10.a", "A.b")),
    "performance": Type(good=("", "z", "any text", "x" * 255), wrong=("x" * 256,)),
    "sequencing": Type(good=("", "a", "a,b,c", "c,b,a", "1,2"), wrong=("10", "a,", ",a", "ab", "A")),
    "likert": Type(good=("", "a", "5", "z"), wrong=("10", "A", "a,b", "?")),
    "numeric": Type(good=NUMBERS + FAR_NUMBERS, wrong=NO_NUMBERS),
}


def interaction_cases_12() -> list[dict[str, Any]]:
    cases = []
    strict = {"validateInteractionResponses": True}
    for kind, examples in FEEDBACK.items():
        for member in ("student_response", "correct_responses.0.pattern"):
            name = f"cmi.interactions.0.{member}"
            head: list[Step] = [["set", "cmi.interactions.0.id", "i", 0], ["set", "cmi.interactions.0.type", kind, 0]]
            for value in examples.good:
                steps = [*head, ["set", name, value, 0], ["get", name, "", 404]]
                cases += [
                    case(f"{kind} {member} takes {value[:40]!r}", "scorm_1_2", steps, settings=strict),
                    case(f"{kind} {member} {value[:40]!r} unchecked", "scorm_1_2", steps),
                ]
            for value in examples.wrong:
                cases.append(
                    case(
                        f"{kind} {member} refuses {value[:40]!r}",
                        "scorm_1_2",
                        [*head, ["set", name, value, 405]],
                        settings=strict,
                    )
                )
                cases.append(
                    case(f"{kind} {member} {value[:40]!r} unchecked", "scorm_1_2", [*head, ["set", name, value, 0]])
                )
    return cases


def standard_12() -> Standard:
    return Standard(
        name="scorm_1_2",
        elements=elements_12(),
        children={
            "cmi.core": "student_id,student_name,lesson_location,credit,lesson_status,entry,score,total_time,lesson_mode,exit,session_time",
            "cmi.core.score": "raw,min,max",
            "cmi.objectives": "id,score,status",
            "cmi.objectives.0.score": "raw,min,max",
            "cmi.student_data": "mastery_score,max_time_allowed,time_limit_action",
            "cmi.student_preference": "audio,language,speed,text",
            "cmi.interactions": "id,objectives,time,type,correct_responses,weighting,student_response,result,latency",
        },
        counts={"cmi.objectives": "cmi.objectives.0.id", "cmi.interactions": "cmi.interactions.0.id"},
        unknown=(
            "cmi",
            "cmi.core",
            "cmi.core.score",
            "cmi.objectives",
            "cmi.interactions",
            "cmi.student_data",
            "cmi.objectives.0",
            "cmi.objectives.a.id",
            "cmi.objectives.-1.id",
            "cmi.objectives.n.id",
            "cmi.core.lesson_statuses",
            "cmi.completion_status",
            "cmi.location",
            "cmi.learner_id",
            "cmi.score.raw",
            "cmi.core.score.scaled",
            "cmi.interactions.0.learner_response",
            "foo",
            "foo.bar",
            "__proto__",
            "constructor",
            "cmi.__proto__",
            "cmi.core.constructor",
            "adl.nav.request",
            "adl.data._count",
            "cmi.evaluation.comments._count",
        ),
        code={
            "unknown": 401,
            "unset": 0,
            "read_only": 403,
            "keyword": 402,
            "write_only": 404,
            "type": 405,
            "range": 405,
            "get_index": 201,
            "set_index": 201,
            "no_children": 202,
            "no_count": 203,
        },
    )
