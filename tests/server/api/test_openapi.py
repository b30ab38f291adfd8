"""openapi.json: a valid OpenAPI document that has every route. That answers are as it says is checked with every call."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.api.blueprint import PREFIX
from server.api.openapi import camel
from tests.server.api.conftest import operations


def test_the_document_is_valid(client: FlaskClient) -> None:
    answer = client.get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    problems = [f"{e.json_path}: {e.message[:200]}" for e in OpenAPIV31SpecValidator(answer.json).iter_errors()]
    assert problems == []


def test_every_route_is_in_it_and_nothing_else(app: Flask) -> None:
    routes = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(f"{PREFIX}/"):
            path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", lambda m: "{" + camel(m[1]) + "}", rule.rule.removeprefix(PREFIX))
            methods = (rule.methods or set()) - {"OPTIONS"}
            routes |= {f"{method} {path}" for method in (methods - {"HEAD"} or methods)}
    assert routes == set(operations(app))


def test_operations_have_their_own_names_and_say_what_they_do(app: Flask) -> None:
    found = operations(app)
    names = [operation["operationId"] for operation in found.values()]
    assert len(names) == len(set(names))
    assert [name for name, operation in found.items() if not operation["summary"]] == []
