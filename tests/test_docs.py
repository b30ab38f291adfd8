"""Tables of the documentation that the code knows better: `make docs` writes them, these tests keep them true."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from core.credentials import SCOPES
from core.events import CATALOGUE
from core.settings import Settings
from registrations.settings import SETTINGS as COURSE_SETTINGS
from server.app import create_app
from tests.test_architecture import ROOT, rules

DOCS = ROOT / "docs"


def routes(app: Flask) -> str:
    """Address → file, one line an address."""
    lines = {}
    for rule in rules(app):
        module = app.view_functions[rule.endpoint].__module__.replace(".", "/")
        name = f"{module}.py" if (ROOT / f"{module}.py").exists() else f"{module}/__init__.py"
        lines[rule.rule] = f"| `{rule.rule}` | `{name}` |"
    return "\n".join(["| address | file |", "| --- | --- |", *(lines[k] for k in sorted(lines))])


def events(app: Flask) -> str:
    return "\n".join(["| type | when |", "| --- | --- |", *(f"| `{k}` | {v} |" for k, v in CATALOGUE.items())])


def settings(app: Flask) -> str:
    rows = (f"| `{name}` | {f'`{value}`' if value else ''} | {text} |" for name, value, text in Settings().describe())
    return "\n".join(["| variable | default | what it does |", "| --- | --- | --- |", *rows])


def course_settings(app: Flask) -> str:
    def shown(value: bool | int | str) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    rows = (
        f"| `{name}` | `{shown(setting.default)}` | {setting.help}"
        f"{' One of ' + ', '.join(f'`{word}`' for word in setting.words) + '.' if setting.words else ''} |"
        for name, setting in COURSE_SETTINGS.items()
    )
    return "\n".join(["| setting | default | what it does |", "| --- | --- | --- |", *rows])


def scopes(app: Flask) -> str:
    return ", ".join(f"`{s}`" for s in SCOPES)


TABLES: dict[str, tuple[str, Callable[[Flask], str]]] = {
    "routes": ("architecture.md", routes),
    "events": ("integrators.md", events),
    "scopes": ("integrators.md", scopes),
    "settings": ("operators.md", settings),
    "course settings": ("scorm.md", course_settings),
}


def place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- generated: {name} \(make docs\) -->\n)(.*?)(<!-- end -->)", re.S)


@pytest.mark.parametrize("name", TABLES)
def test_generated_table_is_current(session_app: Flask, name: str) -> None:
    file, make = TABLES[name]
    found = place(name).search((DOCS / file).read_text())
    assert found, f"{file} lost its table {name}"
    assert found[2].strip() == make(session_app), "run `make docs`"


@pytest.mark.parametrize(
    "file", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in DOCS.glob("*.md"))]
)
def test_links_lead_somewhere(file: str) -> None:
    text = (ROOT / file).read_text()
    targets = [
        t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t and not t.startswith("#")
    ]
    missing = [t for t in targets if not (ROOT / file).parent.joinpath(t).exists()]
    assert missing == []


def write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=folder))
        for name, (file, make) in TABLES.items():
            path: Path = DOCS / file
            table = make(app)
            path.write_text(place(name).sub(lambda m, t=table: f"{m[1]}\n{t}\n\n{m[3]}", path.read_text()))  # type: ignore[misc]


if __name__ == "__main__":
    write()
