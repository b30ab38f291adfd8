"""Rules of statements: one mutation each, and the message that names index, path and rule."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from core.errors import Invalid
from lrs.validation import VOIDED, validate, validate_actor
from lrs.versions import V1, V2, Version
from tests.lrs.builders import agent, ref, statement

FULL = statement(
    id="7ccd3322-e1a5-411a-a67d-6a735c76f119",
    actor={"objectType": "Group", "name": "team", "member": [agent("a"), agent("b")]},
    verb={"id": "http://example.com/v", "display": {"en-US": "did", "id": "telah"}},
    object={
        "id": "http://example.com/a",
        "definition": {
            "name": {"en": "One"},
            "interactionType": "choice",
            "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}],
            "correctResponsesPattern": ["a"],
            "extensions": {"http://example.com/x": {"any": [None, 1.5]}},
        },
    },
    result={"score": {"scaled": 0.5, "min": 0, "max": 10, "raw": 5}, "success": True, "duration": "PT1S"},
    context={
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "instructor": agent("teacher"),
        "contextActivities": {"parent": {"id": "http://example.com/p"}, "grouping": [{"id": "http://example.com/g"}]},
        "language": "en",
        "platform": "x",
        "statement": ref("7ccd3322-e1a5-411a-a67d-6a735c76f118"),
    },
    timestamp="2015-12-18T12:17:00Z",
    attachments=[
        {
            "usageType": "http://example.com/u",
            "display": {"en": "x"},
            "contentType": "text/plain",
            "length": 3,
            "sha2": "a" * 64,
            "fileUrl": "http://example.com/f",
        }
    ],
)


@pytest.mark.parametrize("version", [V1, V2], ids=lambda v: v.name)
def test_full_statement_is_valid(version: Version) -> None:
    validate([FULL, statement()], version)


TWICE = {"id": "http://a.b", "definition": {"interactionType": "likert", "scale": [{"id": "a"}, {"id": "a"}]}}
# (path of the member to set, value, path in the message)
BROKEN: list[tuple[str, Any, str]] = [
    ("actor", {}, "$.actor"),
    ("actor", {"name": "x"}, "$.actor"),
    ("actor", agent() | {"openid": "http://a.b"}, "$.actor"),
    ("actor", agent() | {"extra": 1}, "$.actor"),
    ("actor", agent() | {"objectType": "agent"}, "$.actor.objectType"),
    ("actor", {"objectType": "Group", "name": "x"}, "$.actor"),
    ("actor", {"account": {"homePage": "http://a.b"}}, "$.actor.account"),
    ("actor", {"mbox": "a@b.c"}, "$.actor.mbox"),
    ("actor.member", [{"objectType": "Group", "mbox": "mailto:a@b.c"}], "$.actor.member[0].objectType"),
    ("verb", {}, "$.verb"),
    ("verb.id", "x", "$.verb.id"),
    ("verb.display", {"en-US": 1}, '$.verb.display["en-US"]'),
    ("verb.display", {"not a tag": "x"}, "$.verb.display"),
    ("object", {"objectType": "activity", "id": "http://a.b"}, "$.object.objectType"),
    ("object", {"id": None}, "$.object.id"),
    ("object", {"objectType": "StatementRef", "id": "x"}, "$.object.id"),
    ("object.definition.interactionType", "guess", "$.object.definition.interactionType"),
    ("object.definition.choices", [{"id": "a"}, {"id": "a"}], "$.object.definition.choices"),
    ("context.contextActivities.parent", TWICE, "$.context.contextActivities.parent.definition.scale"),
    (
        "context.contextActivities.other",
        [{"id": "http://a.b"}, TWICE],
        "$.context.contextActivities.other[1].definition.scale",
    ),
    ("object.definition.extensions", {"x": 1}, "$.object.definition.extensions"),
    ("result.score.scaled", 1.01, "$.result.score.scaled"),
    ("result.score.scaled", True, "$.result.score.scaled"),
    ("result.score.raw", 11, "$.result.score"),
    ("result.score.min", 10, "$.result.score"),
    ("result.success", "true", "$.result.success"),
    ("result.duration", "1S", "$.result.duration"),
    ("context.registration", "x", "$.context.registration"),
    ("context.contextActivities.other", "http://a.b", "$.context.contextActivities.other"),
    ("context.contextActivities.related", [], "$.context.contextActivities"),
    ("context.team", agent(), "$.context.team"),
    ("context.language", "e", "$.context.language"),
    ("timestamp", "2015-12-18T12:17:00-00:00", "$.timestamp"),
    ("version", "0.9", "$.version"),
    ("extra", 1, "$"),
    ("result", None, "$.result"),
    ("attachments", {}, "$.attachments"),
    ("attachments", [{"usageType": "http://a.b"}], "$.attachments[0]"),
    ("authority", {"objectType": "Group", "member": [agent()]}, "$.authority.member"),
    ("object", {"objectType": "SubStatement", **statement(id="7ccd3322-e1a5-411a-a67d-6a735c76f119")}, "$.object"),
    (
        "object",
        {"objectType": "SubStatement", **statement(object={"objectType": "SubStatement", **statement()})},
        "$.object.object",
    ),
]


@pytest.mark.parametrize(("member", "value", "path"), BROKEN)
@pytest.mark.parametrize("version", [V1, V2], ids=lambda v: v.name)
def test_broken_member_is_named(member: str, value: Any, path: str, version: Version) -> None:
    broken = copy.deepcopy(FULL)
    holder: Any = broken
    *way, last = member.split(".")
    for step in way:
        holder = holder[step]
    holder[last] = value
    with pytest.raises(Invalid) as caught:
        validate([statement(), broken], version)
    assert caught.value.details["index"] == 1
    assert caught.value.details["path"] == path
    assert caught.value.message.startswith(f"statement 1: {path} ")


@pytest.mark.parametrize("member", ["actor", "verb", "object"])
def test_required_members(member: str) -> None:
    broken = {k: v for k, v in FULL.items() if k != member}
    with pytest.raises(Invalid, match=f"'{member}' is a required property"):
        validate([broken], V2)


def test_components_of_a_substatement() -> None:
    inner = statement(context={"contextActivities": {"category": [TWICE]}})
    with pytest.raises(
        Invalid, match=r"\$\.object\.context\.contextActivities\.category\[0\]\.definition\.scale has the id 'a' twice"
    ):
        validate([statement(object={"objectType": "SubStatement", **inner})], V2)


def test_platform_needs_an_activity() -> None:
    with pytest.raises(Invalid, match=r"\$\.context\.platform must not be used where the object is a Agent"):
        validate([statement(object={"objectType": "Agent", **agent()}, context={"platform": "x"})], V2)


def test_voiding_needs_a_statement_ref() -> None:
    with pytest.raises(Invalid, match=r"\$\.object must be a StatementRef"):
        validate([statement(verb={"id": VOIDED})], V1)


def test_context_agents_are_of_2_0() -> None:
    one = statement(context={"contextAgents": [{"objectType": "contextAgent", "agent": agent()}]})
    validate([one], V2)
    with pytest.raises(Invalid, match=r"\$\.context "):
        validate([one], V1)
    empty = statement(
        context={"contextAgents": [{"objectType": "contextAgent", "agent": agent(), "relevantTypes": []}]}
    )
    with pytest.raises(Invalid, match="relevantTypes"):
        validate([empty], V2)


THING, WORDS = {"id": "http://a.b"}, {f"http://a.b/{n}": n for n in range(100_000)}


@pytest.mark.parametrize(
    ("others", "path"),
    [
        ([{}] * 100_000, "$.context.contextActivities.other[0]"),
        ([THING] * 99_999 + [{}], "$.context.contextActivities.other[99999]"),
        ([THING | {"definition": {"extensions": WORDS}}] * 15 + [{}], "$.context.contextActivities.other[15]"),
        (
            [THING] * 500
            + [THING | {"definition": {"interactionType": "choice", "choices": [{"id": "x"}] * 60 + [{}]}}],
            "$.context.contextActivities.other[500].definition.choices[60]",
        ),
    ],
)
def test_a_fault_is_found_in_bounded_time(others: list[Any], path: str) -> None:
    """Whatever is around it: a slow validator that reads everything takes seconds."""
    broken = statement(context={"contextActivities": {"other": others, "parent": [THING] * 100_000}})
    began = time.process_time()
    with pytest.raises(Invalid) as caught:
        validate([broken], V2)
    assert caught.value.details["path"] == path
    assert time.process_time() - began < 1.5


def test_a_fault_of_a_parameter_is_named() -> None:
    members = [agent()] * 100_000 + [{"mbox": "x"}]
    with pytest.raises(Invalid) as caught:
        validate_actor({"objectType": "Group", "mbox": "mailto:a@b.c", "member": members}, "the parameter agent", V2)
    assert caught.value.message.startswith("the parameter agent: $.member[100000].mbox is not a valid mailto")
    assert caught.value.code == "parameter"
