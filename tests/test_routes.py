"""Every route of the application, walked: no credential, too little scope, and another tenant's credential."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from core.credentials import SCOPES, expand
from tests.conftest import TestTenant, make_tenant
from tests.test_architecture import rules


def guarded(app: Flask) -> Iterator[tuple[Rule, str, tuple[str, ...]]]:
    """(rule, method, scopes) of every route that needs a credential."""
    for rule in rules(app):
        scopes = getattr(app.view_functions[rule.endpoint], "rekam_scopes", None)
        if scopes:
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield rule, method, scopes


def address(app: Flask, rule: Rule) -> str:
    """The rule with every variable filled in with something that does not exist."""
    values = {name: 7 if "Integer" in type(rule._converters[name]).__name__ else "absent" for name in rule.arguments}
    with app.test_request_context():
        built: str = app.url_map.bind("localhost").build(rule.endpoint, values, force_external=False)
        return built


@pytest.fixture
def walk(app: Flask) -> list[tuple[str, str, tuple[str, ...]]]:
    found = [(address(app, rule), method, scopes) for rule, method, scopes in guarded(app)]
    assert len(found) > 40
    return found


def test_without_a_credential_every_guarded_route_says_401(
    client: FlaskClient, walk: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    answers = {f"{method} {path}": client.open(path, method=method).status_code for path, method, _ in walk}
    assert {k: v for k, v in answers.items() if v != 401} == {}


def test_with_every_scope_but_the_right_one_it_says_403(
    app: Flask, client: FlaskClient, walk: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    tenants: dict[tuple[str, ...], TestTenant] = {}
    wrong = {}
    for path, method, scopes in walk:
        others = [s for s in SCOPES if not expand([s]) & set(scopes)]
        if not others:
            continue  # any credential may
        if scopes not in tenants:
            tenants[scopes] = make_tenant(others)
        headers = tenants[scopes].auth | {"X-Experience-API-Version": "2.0.0"}
        status = client.open(path, method=method, headers=headers).status_code
        if status != 403:
            wrong[f"{method} {path}"] = status
    assert wrong == {}


def test_nothing_that_does_not_exist_is_a_server_error(
    client: FlaskClient, tenant: TestTenant, walk: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    wrong = {}
    for path, method, _ in walk:
        for body in (b"", b"{}", b"[1", b'{"a": "\xff"}', b"\0"):
            headers = tenant.auth | {"X-Experience-API-Version": "2.0.0"}
            options = {"headers": headers, "data": body, "content_type": "application/json"}
            # Closed unread: an event stream would go on for minutes.
            with client.open(path, method=method, **options) as response:
                if response.status_code >= 500:
                    wrong[f"{method} {path} {body!r}"] = response.status_code
    assert wrong == {}
