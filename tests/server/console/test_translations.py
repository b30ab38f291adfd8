"""Every text of the console exists in Bahasa Indonesia, with the same gaps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

SERVER = Path(__file__).resolve().parents[3] / "server"
CATALOG = SERVER / "translations" / "id" / "LC_MESSAGES"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def key(id_: str | tuple[str, ...] | list[str]) -> str:
    return id_ if isinstance(id_, str) else id_[0]


@pytest.fixture(scope="module")
def translated() -> Catalog:
    with (CATALOG / "messages.po").open("rb") as file:
        return read_po(file, locale="id")


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """Every text the sources and templates ask for."""
    found = extract_from_dir(str(SERVER / "console"), METHODS, keywords=KEYWORDS)
    return {key(message) for _file, _line, message, _comments, _context in found}


def test_nothing_is_untranslated_and_nothing_is_left_over(translated: Catalog, texts: set[str]) -> None:
    known = {key(m.id) for m in translated if m.id}
    assert len(texts) > 400
    assert texts - known == set(), "run pybabel as server/translations/babel.cfg says, and translate"
    assert known - texts == set(), "no longer used"


def test_every_translation_is_finished(translated: Catalog) -> None:
    for message in translated:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        words = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(words), message.id
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        gaps = {gap for text in ids for gap in re.findall(r"%\(\w+\)[sd]", text)}
        for text in words:
            assert set(re.findall(r"%\(\w+\)[sd]", text)) == gaps, message.id
