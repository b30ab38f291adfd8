"""``/api/v2/openapi.json``, made from the routes themselves: what :func:`describe` says of each, and its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from flask import Response, current_app

import core.web as web
from server.api import schemas
from server.api.answers import answer
from server.api.blueprint import PREFIX, bp

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Description:
    """What a path cannot say.

    ``query`` and ``form`` map names to meanings, ``body`` is a type, ``returns`` and ``refusal`` (of errors) names of schemas.
    """

    summary: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    returns: str | None = None
    file: bool = False
    refusal: str = "Error"


# Parameters that lists share.
PAGED = {
    "since": "Only what the time field is at or after this ISO 8601 time",
    "until": "Only what the time field is at or before this ISO 8601 time",
    "datetimeFilter": "The time field that since and until look at: updated or created",
    "orderBy": "Field and direction, like updated_desc",
    "filter": "Only what contains this text",
    "filterBy": "The field in which filter looks",
    "tags": "Only what has one of these tags (comma-separated)",
    "includeTotalCount": "Answer the number of all matches in the header X-Total-Count",
    "more": "The token of the next page; sent alone",
}


def describe(
    summary: str,
    *,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: Any = None,
    returns: str | None = None,
    file: bool = False,
    refusal: str = "Error",
) -> Callable[[View], View]:
    """Say what a view does. ``returns`` None: 204 without a body; ``file``: the answer is a file."""

    described = Description(summary, query or {}, form or {}, body, returns, file, refusal)

    def mark(view: View) -> View:
        view.rekam_description = described  # type: ignore[attr-defined]
        return view

    return mark


@bp.get("/openapi.json")
@web.public("the same for everybody and without data")
@describe("This description", returns="object")
def document() -> Response:
    response = answer(specification())
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def specification() -> dict[str, Any]:
    return _specification(len(list(current_app.url_map.iter_rules())))


@lru_cache(maxsize=2)
def _specification(_: int) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    bodies: list[Any] = []
    for rule in current_app.url_map.iter_rules():
        if not rule.endpoint.startswith(f"{bp.name}."):
            continue
        view = current_app.view_functions[rule.endpoint]
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", lambda m: "{" + camel(m[1]) + "}", rule.rule.removeprefix(PREFIX))
        for method in sorted(_methods(rule.methods or set(), rule.endpoint)):
            operation = _operation(view, method, path, rule.endpoint.rpartition(".")[2], bodies)
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rekam REST API",
            "version": "2.0",
            "description": "The dialect of the SCORM Cloud API v2, and beside it in the same style what Rekam adds.",
        },
        "servers": [{"url": PREFIX}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**schemas.components(), **_body_schemas(bodies)},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "Key and secret of a credential"},
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token of the OAuth endpoint"},
            },
        },
    }


def _methods(methods: set[str], endpoint: str) -> set[str]:
    """HEAD comes with every GET and is told apart only where a view answers nothing else."""
    return methods - {"OPTIONS"} if methods <= {"HEAD", "OPTIONS"} else methods - {"OPTIONS", "HEAD"}


def _operation(view: Any, method: str, path: str, name: str, bodies: list[Any]) -> dict[str, Any]:
    told: Description | None = getattr(view, "rekam_description", None)
    if told is None:
        raise LookupError(f"the view {name} of {path} has no description")
    parameters: list[dict[str, Any]] = [
        {"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in re.findall(r"{(\w+)}", path)
    ]
    parameters += [
        {"name": n, "in": "query", "description": text, "schema": {"type": "string"}} for n, text in told.query.items()
    ]
    operation: dict[str, Any] = {
        "operationId": camel(name) + ("" if method == "GET" else method.capitalize() if method == "HEAD" else ""),
        "summary": told.summary,
        "tags": [path.strip("/").partition("/")[0]],
        "responses": _responses(told),
    }
    if parameters:
        operation["parameters"] = parameters
    if told.body is not None:
        bodies.append(told.body)
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{_name(told.body)}"}}},
        }
    elif told.form:
        kind = "multipart/form-data" if "file" in told.form else "application/x-www-form-urlencoded"
        members = {
            n: {"type": "string", "description": text, **({"format": "binary"} if n == "file" else {})}
            for n, text in told.form.items()
        }
        operation["requestBody"] = {"content": {kind: {"schema": {"type": "object", "properties": members}}}}
    if hasattr(view, "rekam_public"):
        operation["security"] = []
    else:
        operation["description"] = f"Needs the scope {' or '.join(dict.fromkeys(view.rekam_scopes))}."
    return operation


def _responses(told: Description) -> dict[str, Any]:
    error = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{told.refusal}"}}}}
    if told.file:
        good = {"description": "The file", "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
    elif told.returns is None:
        return {"204": {"description": "Done"}, "default": {"description": "Not done", **error}}
    else:
        schema = {"type": "object"} if told.returns == "object" else {"$ref": f"#/components/schemas/{told.returns}"}
        good = {"description": "Done", "content": {"application/json": {"schema": schema}}}
    return {"200": good, "default": {"description": "Not done", **error}}


def _body_schemas(bodies: list[Any]) -> dict[str, Any]:
    _, found = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    return dict(found)


def _name(body: Any) -> str:
    return str(body.__name__)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
