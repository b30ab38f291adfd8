"""xAPI requests to the application, without a socket."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.lrs.builders import V2

THROUGH = "X-Experience-API-Consistent-Through"


@dataclass
class Xapi:
    """``auth`` and ``version`` are headers of every request."""

    client: FlaskClient
    auth: dict[str, str]
    version: dict[str, str] = field(default_factory=lambda: dict(V2))

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **parameters: Any
    ) -> TestResponse:
        """``body``: bytes as they are, other values as JSON; so with ``parameters``."""
        query = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
        sent = self.auth | self.version
        if body is not None:
            sent["Content-Type"] = "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        return self.client.open(
            f"/xapi{path}", method=method, query_string=query, data=data, headers=sent | (headers or {})
        )

    def store(self, *statements: dict[str, Any]) -> list[str]:
        answer = self("POST", "/statements", list(statements))
        assert answer.status_code == 200, answer.text
        return list(answer.get_json())

    def find(self, **parameters: Any) -> list[str]:
        """Ids of one page, when everything stored before is to be seen."""
        stored = self("GET", "/statements", statementId=self.store(marker())[0]).get_json()["stored"]
        for _ in range(1000):
            answer = self("GET", "/statements", **parameters)
            assert answer.status_code == 200, answer.text
            if answer.headers[THROUGH] >= stored:
                return [s["id"] for s in answer.get_json()["statements"]]
            time.sleep(0.01)
        raise AssertionError("Consistent-Through stands still")


def marker() -> dict[str, Any]:
    return {
        "actor": {"mbox": "mailto:marker@example.com"},
        "verb": {"id": "http://example.com/verbs/marked"},
        "object": {"id": "http://example.com/activities/marker"},
    }
