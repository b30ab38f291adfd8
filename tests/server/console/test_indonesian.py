"""What other parts of the server say in English is complete in Bahasa Indonesia."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask

from core.settings import Settings
from registrations.settings import SETTINGS
from server import doctor
from server.console import indonesian
from tests.server.console.conftest import Browser


def templates() -> set[str]:
    """The texts of every Check that server/doctor.py can yield."""
    found = set()
    for node in ast.walk(ast.parse(Path(doctor.__file__).read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Check":
            text = node.args[2]
            assert isinstance(text, ast.Constant), ast.unparse(node)
            found.add(str(text.value))
    return found


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_finding_of_the_doctor() -> None:
    told = {text for text in templates() if re.sub(r"\{\w+\}", "", text)}
    assert len(told) > 20
    assert told == indonesian.CHECK_TEXTS.keys()
    for text, translated in indonesian.CHECK_TEXTS.items():
        assert gaps(text) == gaps(translated), text


def test_every_player_setting() -> None:
    plain = {name for name in SETTINGS if not name.endswith("ExitAction")}
    assert plain == indonesian.SETTING_HELP.keys()
    helps = {indonesian.exit_action_help(name) for name in SETTINGS.keys() - plain}
    assert len(helps) == 16
    assert "exit time-out" in indonesian.exit_action_help("finalScoNotSatisfiedTimeoutExitAction")
    assert "belum lulus" in indonesian.exit_action_help("finalScoNotSatisfiedTimeoutExitAction")


def test_every_variable() -> None:
    english = {name: help_ for name, _, help_ in Settings().describe()}
    assert english.keys() == indonesian.VARIABLE_HELP.keys()
    same = [name for name, help_ in english.items() if help_ == indonesian.VARIABLE_HELP[name]]
    assert not same


@pytest.mark.parametrize(
    ("language", "said", "unsaid"),
    [
        (
            "en",
            (
                "The player shows the table of contents.",
                "public addresses only",
                "up to date",
                "Largest manifest, in bytes.",
            ),
            ("hanya alamat publik",),
        ),
        (
            "id",
            (
                "Pemutar menampilkan daftar isi.",
                "hanya alamat publik",
                "mutakhir",
                "Ukuran terbesar manifes, dalam byte.",
            ),
            ("public addresses only", "The player shows", "Largest manifest, in bytes."),
        ),
    ],
)
def test_on_the_pages(
    app: Flask, system: Browser, language: str, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    pages = "".join(
        system.get(path, headers={"Accept-Language": language}).text for path in ("/settings", "/courses/settings")
    )
    for text in said:
        assert text in pages, text
    for text in unsaid:
        assert text not in pages, text
