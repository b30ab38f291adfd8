"""Which differences make another statement."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.comparison import same
from tests.lrs.builders import agent, ref, statement

STORED = statement(
    id="7ccd3322-e1a5-411a-a67d-6a735c76f119",
    timestamp="2015-12-18T12:17:00.123Z",
    stored="2015-12-18T12:17:01Z",
    version="1.0.0",
    authority=agent("lrs"),
    actor={"objectType": "Group", "member": [agent("a"), agent("b")]},
    result={"duration": "PT1.239S", "score": {"raw": 1}},
    context={
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "contextActivities": {"parent": [{"id": "http://x.y"}]},
    },
)


FILE = {
    "usageType": "http://example.com/u",
    "display": {"en": "x"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "a" * 64,
    "fileUrl": "http://example.com/f",
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"authority": agent("other"), "stored": "2020-01-01T00:00:00Z", "version": "1.0.3"},
        {"timestamp": "2015-12-18T13:17:00.123+01:00"},
        {"timestamp": "2015-12-18T12:17:00.1234567Z"},
        {"actor": {"objectType": "Group", "member": [agent("b"), agent("a") | {"objectType": "Agent"}]}},
        {"result": {"duration": "PT1.23S", "score": {"raw": 1.0}}},
        {"verb": {"id": "http://example.com/verbs/did", "display": {"en": "did"}}},
        {"object": {"objectType": "Activity", "id": "http://example.com/activities/one", "definition": {}}},
        {
            "context": {
                "registration": "EC531277-B57B-4C15-8D91-D292C5B2B8F7",
                "contextActivities": {"parent": {"id": "http://x.y"}},
            }
        },
        {
            "context": STORED["context"]
            | {"contextActivities": {"parent": [{"id": "http://x.y"}], "grouping": [], "other": []}}
        },
        {"attachments": []},
        {"attachments": [FILE]},
    ],
)
def test_same(change: dict[str, Any]) -> None:
    assert same(STORED, STORED | change)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2015-12-18T12:17:00.125Z"},
        {"verb": {"id": "http://example.com/verbs/other"}},
        {"actor": agent("a")},
        {"result": {"duration": "PT1.24S", "score": {"raw": 1}}},
        {"result": {"duration": "PT1.239S", "score": {"raw": 2}}},
        {"object": {"id": "http://example.com/activities/two"}},
        {"context": {}},
        {"context": STORED["context"] | {"contextActivities": {"parent": [{"id": "http://x.z"}]}}},
        {"context": STORED["context"] | {"contextActivities": {"parent": []}}},
        {"context": STORED["context"] | {"language": "en"}},
    ],
)
def test_different(change: dict[str, Any]) -> None:
    assert not same(STORED, STORED | change)


ADA, TEAM = agent("a"), {"objectType": "Group", "member": [agent("a"), {"name": "B", **agent("b")}]}
TEAM_AGAIN = {"member": [agent("b") | {"name": "B"}, agent("a") | {"objectType": "Agent"}], "objectType": "Group"}


def about(**members: Any) -> dict[str, Any]:
    return STORED | {"object": {"objectType": "SubStatement", **statement(**members)}}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (STORED | {"attachments": [FILE]}, STORED),
        (STORED | {"attachments": [FILE]}, STORED | {"attachments": [FILE | {"sha2": "A" * 64, "display": {"id": "y"}}]}),
        (about(attachments=[FILE]), about()),
        (about(timestamp="2015-12-18T12:17:00.123Z"), about(timestamp="2015-12-18T13:17:00.1234+01:00")),
        *(
            (STORED | {"context": a}, STORED | {"context": b})
            for a, b in (
                ({"contextAgents": [{"agent": ADA}]}, {"contextAgents": [{"agent": {"objectType": "Agent"} | ADA}]}),
                ({"contextGroups": [{"group": TEAM}]}, {"contextGroups": [{"group": TEAM_AGAIN}]}),
                ({"team": TEAM}, {"team": TEAM_AGAIN}),
                ({"statement": ref(STORED["id"])}, {"statement": ref(STORED["id"].upper())}),
            )
        ),
        ({k: v for k, v in STORED.items() if k != "context"}, STORED | {"context": {"contextActivities": {"other": []}}}),
    ],
)  # fmt: skip
def test_the_same_in_other_words(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert same(one, two)
    assert same(two, one)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (about(timestamp="2015-12-18T12:17:00Z"), about(timestamp="2015-12-18T12:17:00+01:00")),
        (about(timestamp="2015-12-18T12:17:00Z"), about()),
        (STORED | {"context": {"contextAgents": [{"agent": ADA}]}}, STORED | {"context": {"contextAgents": []}}),
    ],
)
def test_different_parts(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert not same(one, two)
    assert not same(two, one)
