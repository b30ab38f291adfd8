"""A small xAPI client for tests: says what was answered and judges nothing."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin

import urllib3

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
FORM = "application/x-www-form-urlencoded"
THROUGH = "X-Experience-API-Consistent-Through"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """Of a statement result, in its order."""
        return [s["id"] for s in self.json()["statements"]]


@dataclass
class Lrs:
    """``url`` is the endpoint, for instance ``http://localhost:8000/xapi``."""

    url: str
    key: str
    secret: str
    version: str = "2.0.0"
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=40, retries=False, timeout=60)
    )

    def speaking(self, version: str) -> Lrs:
        return Lrs(self.url, self.key, self.secret, version, self.pool)

    def _authorization(self) -> str:
        return f"Basic {base64.b64encode(f'{self.key}:{self.secret}'.encode()).decode()}"

    def form(self, method: str, path: str, fields: dict[str, Any], content_type: str | None = FORM) -> Answer:
        """The alternate request syntax of 1.0.x: parameters, headers and ``content`` as fields of a form."""
        given = {k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()}
        own = {"Authorization": self._authorization(), "X-Experience-API-Version": self.version}
        url = f"{self.url.rstrip('/')}{path}?method={method}"
        headers = {"Content-Type": content_type} if content_type is not None else {}
        answer = self.pool.request("POST", url, body=urlencode(own | given).encode(), headers=headers, redirect=False)
        return Answer(answer.status, answer.headers, answer.data)

    def request(
        self,
        method: str,
        path: str,
        parameters: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """``body``: bytes as they are, other values as JSON. ``parameters``: strings as they are, other values as JSON."""
        given = {k: v if isinstance(v, str) else json.dumps(v) for k, v in (parameters or {}).items()}
        url = self.url.rstrip("/") + path + (f"?{urlencode(given)}" if given else "")
        return self.fetch(method, url, body, headers)

    def fetch(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        sent = {"Authorization": self._authorization(), "X-Experience-API-Version": self.version}
        if body is not None:
            sent["Content-Type"] = "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.pool.request(method, url, body=data, headers=sent | (headers or {}), redirect=False)
        return Answer(answer.status, answer.headers, answer.data)

    def store(self, *statements: dict[str, Any]) -> list[str]:
        answer = self.request("POST", "/statements", body=list(statements))
        assert answer.status == 200, answer.body
        return list(answer.json())

    def one(self, id_: str, voided: bool = False) -> Answer:
        return self.request("GET", "/statements", {"voidedStatementId" if voided else "statementId": id_})

    def settle(self) -> None:
        """Return when the store says that everything stored so far is to be seen."""
        (id_,) = self.store(statement(actor=agent()))
        stored = moment(self.one(id_).json()["stored"])
        for _ in range(600):
            if moment(self.request("GET", "/statements", {"limit": "1"}).headers[THROUGH]) >= stored:
                return
            time.sleep(0.05)
        raise AssertionError(f"after 30 s {THROUGH} has not come to {stored}")

    def find(self, **parameters: Any) -> list[str]:
        """Ids of one page."""
        answer = self.request("GET", "/statements", parameters)
        assert answer.status == 200, answer.body
        return answer.ids

    def pages(self, parameters: dict[str, Any]) -> list[list[str]]:
        """Ids of every page, following ``more``."""
        answer = self.request("GET", "/statements", parameters)
        found = []
        while True:
            assert answer.status == 200, answer.body
            found.append(answer.ids)
            more = answer.json().get("more")
            if not more:
                return found
            answer = self.fetch("GET", urljoin(self.url, more))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def fresh() -> str:
    return uuid.uuid4().hex


def agent(name: str = "") -> dict[str, Any]:
    return {"mbox": f"mailto:{name or fresh()}@example.com"}


def group(*members: dict[str, Any], **identity: Any) -> dict[str, Any]:
    return {"objectType": "Group", "member": list(members), **identity}


def activity() -> dict[str, Any]:
    return {"id": f"http://example.com/activities/{fresh()}"}


def statement(**members: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": agent("somebody"),
        "verb": {"id": "http://example.com/verbs/did"},
        "object": {"id": "http://example.com/activities/one"},
    } | members


def pointing(target: str, **members: Any) -> dict[str, Any]:
    return statement(object={"objectType": "StatementRef", "id": target}, **members)


def voiding(target: str, **members: Any) -> dict[str, Any]:
    return pointing(target, verb={"id": VOIDED}, **members)
