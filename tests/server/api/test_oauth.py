"""The token endpoint as RFC 6749 describes it: client credentials, by Basic or in the body, and its errors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core import clock, credentials
from core.db import unit_of_work
from tests.conftest import TestTenant, basic, make_tenant
from tests.lrs.builders import V2, statement

TOKEN = "/api/v2/oauth/authenticate/application/token"
GRANT = {"grant_type": "client_credentials"}


def ask(client: FlaskClient, auth: dict[str, str] | None = None, **fields: Any) -> TestResponse:
    return client.post(TOKEN, headers=auth or {}, data=fields)


def refused(answer: TestResponse, error: str) -> str:
    """The description of the error that must have come."""
    told = answer.get_json()
    assert (answer.status_code, told["error"]) == (401 if error == "invalid_client" else 400, error), told
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["error_description"] == told["message"]
    assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)
    description: str = told["error_description"]
    return description


def test_basic_or_body(client: FlaskClient, tenant: TestTenant) -> None:
    in_body = {"client_id": tenant.key, "client_secret": tenant.secret}
    for answer in (
        ask(client, tenant.auth, **GRANT, scope="statements/read"),
        ask(client, None, **GRANT, **in_body, scope="statements/read"),
        ask(client, tenant.auth, scope="statements/read"),
        client.post(f"{TOKEN}?scope=statements/read", headers=tenant.auth),
    ):
        assert answer.status_code == 200, answer.text
        assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
        told = answer.get_json()
        assert (told["token_type"], told["expires_in"], told["scope"]) == ("bearer", 3600, "statements/read")
        bearer = {"Authorization": f"Bearer {told['access_token']}"} | V2
        assert client.get("/xapi/statements", headers=bearer).status_code == 200
        assert client.post("/xapi/statements", json=statement(), headers=bearer).status_code == 403


def test_without_a_scope_the_token_may_what_the_credential_may(client: FlaskClient) -> None:
    tenant = make_tenant(["statements/write", "statements/read/mine"])
    told = ask(client, tenant.auth, **GRANT).get_json()
    assert told["scope"] == "statements/read/mine statements/write"
    bearer = {"Authorization": f"Bearer {told['access_token']}"} | V2
    assert client.post("/xapi/statements", json=statement(), headers=bearer).status_code == 200
    assert client.get("/xapi/activities/state", headers=bearer).status_code == 403


def test_form_encoded_basic(client: FlaskClient, tenant: TestTenant) -> None:
    """RFC 6749 2.3.1, and RFC 7617 for those who do not."""
    with unit_of_work():
        credentials.create(tenant.id, ["all"], key="a key+%", secret="s +&%41/ä")
    for auth in (basic("a key+%", "s +&%41/ä"), basic("a+key%2B%25", "s+%2B%26%2541%2F%C3%A4")):
        assert ask(client, auth, **GRANT).status_code == 200


def test_other_grants(client: FlaskClient, tenant: TestTenant) -> None:
    for grant in ("password", "authorization_code", "CLIENT_CREDENTIALS", "client_credentials "):
        assert grant in refused(ask(client, tenant.auth, grant_type=grant), "unsupported_grant_type")


def test_bad_clients(client: FlaskClient, tenant: TestTenant) -> None:
    expired = make_tenant()
    with unit_of_work():
        credentials.get(expired.id, expired.key).expires = clock.now() - timedelta(seconds=1)
    token = ask(client, tenant.auth, **GRANT).get_json()["access_token"]
    for auth in (
        None,
        expired.auth,
        basic(tenant.key, "wrong"),
        basic("absent", tenant.secret),
        basic("x%00", "y"),
        {"Authorization": "Basic ???"},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": "Digest x"},
    ):
        refused(ask(client, auth, **GRANT), "invalid_client")
    for body in (
        {"client_id": tenant.key},
        {"client_secret": tenant.secret},
        {"client_id": "x\0", "client_secret": "y"},
    ):
        refused(ask(client, None, **GRANT, **body), "invalid_client")


def test_bad_requests(client: FlaskClient, tenant: TestTenant) -> None:
    both = ask(client, tenant.auth, **GRANT, client_id=tenant.key, client_secret=tenant.secret)
    assert "twice" in refused(both, "invalid_request")
    in_address = f"{TOKEN}?client_id={tenant.key}&client_secret={tenant.secret}"
    assert "address" in refused(client.post(in_address, data=GRANT), "invalid_request")
    assert "form" in refused(client.post(TOKEN, json=GRANT, headers=tenant.auth), "invalid_request")
    assert "more than once" in refused(
        ask(client, tenant.auth, grant_type=["client_credentials"] * 2), "invalid_request"
    )
    for seconds in ("0", "-1", "9" * 30, "soon", "1.5"):
        assert "expiration" in refused(ask(client, tenant.auth, **GRANT, expiration=seconds), "invalid_request")
    assert client.get(TOKEN, headers=tenant.auth).status_code == 405


@pytest.mark.parametrize(
    ("held", "scope"),
    [
        (["all"], "everything"),
        (["all"], "statements/read nonsense"),
        (["all"], "read:course,write:course"),
        (["statements/read"], "statements/write"),
        (["statements/read"], "all"),
        (["statements/read"], "read:course"),
        (["rest/read"], "write:registration"),
        (["rest/read"], "admin"),
    ],
)
def test_bad_scopes(client: FlaskClient, app: Any, held: list[str], scope: str) -> None:
    tenant = make_tenant(held)
    refused(ask(client, tenant.auth, **GRANT, scope=scope), "invalid_scope")


def test_scopes_of_both_kinds_add_up(client: FlaskClient, tenant: TestTenant) -> None:
    token = ask(client, tenant.auth, **GRANT, scope="rest/read write:course").get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    def status(method: str, path: str) -> int:
        return client.open(f"/api/v2{path}", method=method, headers=bearer, json={"tags": []}).status_code

    assert [status("GET", "/registrations"), status("PUT", "/courses/none/tags")] == [200, 404]
    assert status("PUT", "/registrations/none/tags") == 403
