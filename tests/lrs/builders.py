"""Statements and headers the tests of the record store share."""

from __future__ import annotations

import uuid
from typing import Any

V1 = {"X-Experience-API-Version": "1.0.3"}
V2 = {"X-Experience-API-Version": "2.0.0"}
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "http://localhost", "name": "test"}}
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def agent(name: str = "ada") -> dict[str, Any]:
    return {"mbox": f"mailto:{name}@example.com"}


def statement(**members: Any) -> dict[str, Any]:
    return {
        "actor": agent(),
        "verb": {"id": "http://example.com/verbs/did"},
        "object": {"id": "http://example.com/activities/one"},
    } | members


def ref(statement_id: str) -> dict[str, Any]:
    return {"objectType": "StatementRef", "id": statement_id}


def voiding(statement_id: str, **members: Any) -> dict[str, Any]:
    return statement(verb={"id": VOIDED}, object=ref(statement_id), **members)


def new_uuid() -> str:
    return str(uuid.uuid4())
