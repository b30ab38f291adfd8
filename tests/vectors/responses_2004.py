"""Interactions of SCORM 2004: responses and patterns by type (RTE 4.2.9.1, 4.2.9.2)."""

from __future__ import annotations

from typing import Any

from tests.vectors.describe import Step, Type, case, one_of
from tests.vectors.types_2004 import FAR_NUMBERS, NO_NUMBERS, NUMBERS

S250 = "s" * 250
LIST_WRONG = ("[,]", "[,]a", "a[,]", "a[,][,]b", "a b", "{}{[]}{}{[]}{}", "a[.]b")
PAIRS_WRONG = (
    "z",
    "a[.]",
    "[.]a",
    "a[.]b[.]c",
    "[,]a[.]b",
    "a[.]b[,]",
    "a[.]b[,]c",
    "a b[.]c",
    "uri.uri[.]abcd[,]testuri",
    "{}{[]}{}",
)
STEPS_WRONG = (
    "z",
    "[.]",
    "a[.]b[.]c",
    "[,]a[.]b",
    "a[.]b[,]",
    "a[.]b[,]c",
    "a b[.]c",
    "uri.uri[.]abcd[,]testuri",
    "{}{[]}{}",
)
FLAGS_WRONG = ("{%s=true-false}z", "{%s=invalid}z", "{%s=}z", "{%s=TRUE}z")

RESPONSES: dict[str, Type] = {
    "true-false": one_of("true", "false", also_wrong=("true-false", "0", "1", "t", "f")),
    "choice": Type(
        good=("", "z", "a[,]b", "b[,]a", "10", "uri.uri[,]testuri", "[,]".join(f"c{i}" for i in range(36)), S250),
        wrong=(*LIST_WRONG, "a[,]a", "a[,]b[,]a"),
    ),
    "fill-in": Type(
        good=(
            "",
            " ",
            "z",
            "[,]",
            "a[,]b",
            "a[,]a",
            "{lang=en}",
            "{lang=fr}oui[,]{lang=en}yes",
            "uri[.]abcd[,]x",
            "{}{[]}{}",
            "x" * 250,
            "{case_matters=true}x",
        ),
        wrong=("{lang=frl}z", "a[,]{lang=exg}b", "{lang=}a"),
    ),
    "long-fill-in": Type(
        good=("", " ", "z", "{lang=en}", "{lang=id}jawaban", "a[,]b[.]c", "x" * 4000), wrong=("{lang=sp}z", "{lang=}z")
    ),
    "likert": Type(good=("z", "likert_3", "urn:a:b", S250), wrong=("", " ", "a b", "uri[.]abcd[,]x", "{}{[]}{}")),
    "matching": Type(good=("", "a[.]b", "a[.]b[,]c[.]d", "a[.]b[,]a[.]b", f"{S250}[.]{S250}"), wrong=PAIRS_WRONG),
    "performance": Type(
        good=("", "a[.]b", "a[.]", "[.]b", "a[.]b[,]c[.]7", "a[.]some answer", "a[.]3[:]1", f"{S250}[.]{S250}"),
        wrong=STEPS_WRONG,
    ),
    "sequencing": Type(good=("", "z", "a[,]b", "a[,]a", "a[,]b[,]a[,]b", S250), wrong=LIST_WRONG),
    "numeric": Type(good=NUMBERS + FAR_NUMBERS, wrong=(*NO_NUMBERS, "3[:]4", "-400[:]-500", "4000.003a")),
    "other": Type(good=("", " ", "z", "a[,]b[.]c", "{lang=frl}z", "x" * 4000)),
}
PATTERNS: dict[str, Type] = {
    **{name: RESPONSES[name] for name in ("true-false", "choice", "likert", "matching", "sequencing", "other")},
    "fill-in": Type(
        good=(
            "",
            "z",
            "[,]",
            "a[,]b",
            "{lang=en}z",
            "{case_matters=true}z",
            "{case_matters=false}z",
            "{order_matters=true}a[,]b",
            "{order_matters=false}a[,]b",
            "{case_matters=true}{order_matters=false}a[,]b",
            "{order_matters=true}{case_matters=true}{lang=en}a[,]{lang=id}b",
            "{case_matters=true}{lang=eng}{order_matters=true}z",
            "a[,]{case_matters=invalid}b",
            "{lang=eng}{case_matters=invalid}z",
            "{}{[]}{}{[]}{}",
        ),
        wrong=(
            *(f % name for f in FLAGS_WRONG for name in ("case_matters", "order_matters")),
            "{lang=frl}z",
            "{case_matters=true}{lang=exg}z",
            "{order_matters=true}a[,]{lang=sp}b",
        ),
    ),
    "long-fill-in": Type(
        good=(
            "",
            "z",
            "{lang=en}z",
            "{case_matters=true}z",
            "{case_matters=false}{lang=en-US}z",
            "{lang=en}{case_matters=maybe}z",
            "{order_matters=maybe}z",
            "x" * 4000,
        ),
        wrong=(*(f % "case_matters" for f in FLAGS_WRONG), "{lang=frl}z", "{case_matters=true}{lang=sp}z"),
    ),
    "performance": Type(
        good=(
            "",
            "a[.]b",
            "a[.]",
            "[.]b",
            "{order_matters=true}a[.]b[,]c[.]d",
            "{order_matters=false}a[.]b",
            "a[.]1[:]3",
            "a[.]3[:]3",
        ),
        wrong=(*STEPS_WRONG, *((f % "order_matters").replace("}z", "}a[.]b") for f in FLAGS_WRONG), "a[.]3[:]1"),
    ),
    "numeric": Type(
        good=("3[:]10", "3[:]3", "-1000.333[:]-1.00", "-0.45678[:]90000", "[:]5", "5[:]", "[:]"),
        wrong=("", "3", "300[:]1.5", "30[:]-4500", "100,000.00", "invalid", "1[:]2[:]3", "a[:]2", "1[:]b", "1 [:]2"),
    ),
}
ONE_PATTERN = ("true-false", "likert", "numeric", "other")
DISTINCT_PATTERNS = ("choice", "sequencing")


def interaction_cases_2004() -> list[dict[str, Any]]:
    cases = []
    for kind in RESPONSES:
        head: list[Step] = [["set", "cmi.interactions.0.id", "i", 0], ["set", "cmi.interactions.0.type", kind, 0]]
        for member, examples in (
            ("learner_response", RESPONSES[kind]),
            ("correct_responses.0.pattern", PATTERNS[kind]),
        ):
            name = f"cmi.interactions.0.{member}"
            for value in examples.good:
                cases.append(
                    case(
                        f"{kind} {member} takes {value[:40]!r}",
                        "scorm_2004",
                        [*head, ["set", name, value, 0], ["get", name, value, 0]],
                    )
                )
            for value in examples.wrong:
                left = ["get", name, "", 301 if "pattern" in member else 403]
                cases.append(
                    case(
                        f"{kind} {member} refuses {value[:40]!r}",
                        "scorm_2004",
                        [*head, ["set", name, value, 406], left],
                    )
                )
                loose = [*head, ["set", name, value, 0], ["get", name, value, 0]]
                cases.append(
                    case(
                        f"{kind} {member} {value[:40]!r} unchecked",
                        "scorm_2004",
                        loose,
                        settings={"validateInteractionResponses": False},
                    )
                )
        cases.append(patterns_case_2004(kind, head))
    return cases


def patterns_case_2004(kind: str, head: list[Step]) -> dict[str, Any]:
    """How many patterns a type may have, and whether two may be equal (RTE 4.2.9.1)."""
    name = "cmi.interactions.0.correct_responses.{}.pattern"
    usable = [value for value in PATTERNS[kind].good if value]
    first, second = usable[0], usable[1]
    steps = [*head, ["get", "cmi.interactions.0.correct_responses._count", "0", 0], ["set", name.format(0), first, 0]]
    steps.append(["set", name.format(2), second, 351])
    if kind in ONE_PATTERN:
        steps += [
            ["set", name.format(1), second, 351],
            ["set", name.format(0), second, 0],
            ["get", name.format(0), second, 0],
        ]
        steps.append(["get", "cmi.interactions.0.correct_responses._count", "1", 0])
    else:
        steps.append(["set", name.format(1), first, 351 if kind in DISTINCT_PATTERNS else 0])
        steps += [["set", name.format(1), second, 0], ["get", name.format(1), second, 0]]
        steps.append(["get", "cmi.interactions.0.correct_responses._count", "2", 0])
    return case(f"{kind} correct responses", "scorm_2004", steps)
