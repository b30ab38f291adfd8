"""The player's texts and language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scorm_runtime import player_page
from scorm_runtime.player_texts import ENGLISH, INDONESIAN

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "scorm_runtime" / "templates"
# Keys made of parts: say(`ended_${result}`) and the like.
BUILT = (
    "attempts_",
    "ended_",
    "status_",
    "mode_",
    "superseded_",
    "expired_",
    "missing_",
    "other_",
    "offline",
    "server_away",
    "saved",
    "saving",
)


def test_both_languages_say_the_same_things() -> None:
    assert ENGLISH.keys() == INDONESIAN.keys()
    for key, text in ENGLISH.items():
        names = re.findall(r"\{\w+\}", text)
        assert re.findall(r"\{\w+\}", INDONESIAN[key]) == names, key
        assert text.strip(), key
        assert INDONESIAN[key].strip(), key


def test_every_text_is_used_and_every_used_text_exists() -> None:
    script = (ROOT / "static" / "player.js").read_text()
    templates = "".join(path.read_text() for path in TEMPLATES.glob("*.html"))
    media = (ROOT / "static" / "media.js").read_text()
    used = set(re.findall(r'say\("(\w+)"', script)) | set(re.findall(r"texts\.(\w+)", templates + media))
    assert used <= ENGLISH.keys()
    assert {key for key in ENGLISH if not key.startswith(BUILT)} <= used


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "en"),
        ("", "en"),
        ("id-ID,id;q=0.9,en;q=0.8", "id"),
        ("en-GB,en;q=0.9,id;q=0.8", "en"),
        ("de, id;q=0.4, en;q=0.2", "id"),
        ("fr", "en"),
        ("in", "id"),
        ("id;q=0", "en"),
        ("id;q=nonsense, en;q=0.1", "en"),
        (";;,,=", "en"),
    ],
)
def test_choose_locale(header: str | None, locale: str) -> None:
    assert player_page.choose_locale(header) == locale


def test_the_default_language_serves_who_reads_neither() -> None:
    assert player_page.choose_locale("fr", "id") == "id"


def test_context_carries_the_boot_data() -> None:
    boot = player_page.Boot(title="A", learner_name="B", journal="j", tables={"scorm_1_2": {}}, mode="review")
    context = player_page.context(boot, "id")
    assert context["locale"] == context["boot"]["locale"] == "id"
    assert context["boot"]["texts"]["next"] == "Berikutnya"
    assert context["boot"]["mode"] == "review"
