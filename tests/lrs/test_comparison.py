"""Which differences make another statement."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.comparison import same
from tests.lrs.builders import agent, statement

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
        {"attachments": []},
        {"context": {}},
    ],
)
def test_different(change: dict[str, Any]) -> None:
    assert not same(STORED, STORED | change)
