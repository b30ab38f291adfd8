"""The rules of docs/architecture.md, read from the code: import direction, purity, routes, scopes, dependencies."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

ROOT = Path(__file__).resolve().parent.parent
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "lrs": {"core"},
    "course_packages": {"core"},
    "registrations": {"core", "lrs", "course_packages"},
    "scorm_runtime": {"core", "lrs", "course_packages", "registrations"},
    "server": {"core", "lrs", "course_packages", "registrations", "scorm_runtime"},
}
PURE = [
    "lrs/validation.py",
    "lrs/rows.py",
    "lrs/formatting.py",
    "lrs/versions.py",
    "course_packages/model.py",
    "course_packages/parsers",
    "scorm_runtime/cmi.py",
    "scorm_runtime/sequencing",
    "scorm_runtime/statements.py",
]
# Packages named by the project's owner, with the module that stands for each.
OWNERS = {
    "flask": "flask",
    "flask-sqlalchemy": "flask_sqlalchemy",
    "psycopg2-binary": "psycopg2",
    "lxml": "lxml",
    "jsonschema": "jsonschema",
    "gunicorn": "gunicorn",
    "rq": "rq",
    "redis": "redis",
    "werkzeug": "werkzeug",
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def sources(folder: str) -> list[Path]:
    path = ROOT / folder
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_to_their_left(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name in imports(path)
        if (top := name.split(".")[0]) in ALLOWED and top not in ALLOWED[package] | {package}
    ]
    assert wrong == []


@pytest.mark.parametrize("place", PURE)
def test_pure_modules_know_neither_flask_nor_sqlalchemy(place: str) -> None:
    files = sources(place)
    assert files, f"{place} is gone: correct the list"
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports(path)
        if name.split(".")[0] in ("flask", "sqlalchemy", "flask_sqlalchemy", "werkzeug")
        or name in ("core.db", "core.web")
    ]
    assert wrong == []


def test_every_named_dependency_is_declared_and_used() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    declared = {re.split(r"[ <>=;\[]", line)[0] for line in config["options"]["install_requires"].split("\n") if line}
    documented = (ROOT / "docs/dependencies.md").read_text()
    used = {name.split(".")[0] for folder in ALLOWED for path in sources(folder) for name in imports(path)}
    texts = "".join(path.read_text() for folder in ALLOWED for path in sources(folder))
    for package, module in OWNERS.items():
        assert package in declared, package
        # gunicorn is run as a program, psycopg2 by the database URL.
        assert module in used or f'"{module}"' in texts or f"+{module}:" in texts, module
    assert [name for name in sorted(declared) if f"`{name}`" not in documented] == []


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint in app.view_functions]


def test_every_route_declares_its_scope_and_its_origin(session_app: Flask) -> None:
    for rule in rules(session_app):
        view = session_app.view_functions[rule.endpoint]
        assert hasattr(view, "rekam_scopes") != hasattr(view, "rekam_public"), (
            f"{rule.rule}: exactly one of @scope, @public"
        )
        blueprint = session_app.blueprints[rule.endpoint.rsplit(".", 1)[0]]
        assert getattr(blueprint, "rekam_origin", None) in ("base", "content", "any"), f"{rule.rule} has no origin"
