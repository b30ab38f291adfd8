"""Values as people read them, and sentences of odd statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from markupsafe import Markup

from core import clock
from server.console import formats
from server.console.access import local_target
from server.console.sentences import sentence


@pytest.mark.parametrize(
    ("value", "english", "indonesian"),
    [
        (None, "–", "–"),
        (0, "–", "–"),
        (42.4, "42 s", "42 dtk"),
        (61, "1 min 1 s", "1 mnt 1 dtk"),
        (3900, "1 h 5 min", "1 j 5 mnt"),
    ],
)
def test_durations(app: Flask, value: float | None, english: str, indonesian: str) -> None:
    with app.test_request_context():
        for locale, expected in (("en", english), ("id", indonesian)):
            with force_locale(locale):
                assert formats.seconds(value) == expected


def test_sizes_and_shares(app: Flask) -> None:
    with app.test_request_context(), force_locale("id"):
        assert [formats.size(n) for n in (None, 0, 999, 1500, 24_000_000, 3_200_000_000_000)] == [
            "–",
            "0 B",
            "999 B",
            "1,5 KB",
            "24 MB",
            "3200 GB",
        ]
        assert [formats.percent(n) for n in (None, 0.0, 0.425, 1.0)] == ["–", "0 %", "42,5 %", "100 %"]


def test_times_are_marked_up_for_the_script(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        moment = clock.now() - timedelta(hours=3)
        shown = formats.when(moment)
        assert "3 hours ago" in shown
        assert f'datetime="{moment.isoformat().replace("+", "&#43;")}"' in shown or moment.isoformat() in shown
        assert "just now" in formats.when(clock.now())
        assert "–" in formats.when(None)


def test_words_nobody_listed_are_shown_as_they_are(app: Flask) -> None:
    with app.test_request_context():
        assert formats.word("brand_new") == "brand_new"
        assert formats.tone("brand_new") == "calm"


ODD: list[tuple[dict[str, Any], str]] = [
    (
        {"actor": {"mbox": "mailto:a@b.c"}, "verb": {"id": "http://x/y#did%20it"}, "object": {"id": "http://o/p/"}},
        "a@b.c did it p",
    ),
    (
        {
            "actor": {"objectType": "Group", "member": [{"name": "A"}, {"openid": "http://b"}]},
            "verb": {"id": "http://x", "display": {"de": "tat"}},
            "object": {"objectType": "Agent", "name": "C"},
        },
        "A, http://b tat C",
    ),
    (
        {
            "actor": {"name": "A"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
            "object": {"objectType": "StatementRef", "id": "12345678-0000"},
        },
        "A voided the statement 12345678",
    ),
    (
        {
            "actor": {"name": "A"},
            "verb": {"id": "http://x/planned"},
            "object": {
                "objectType": "SubStatement",
                "actor": {"name": "B"},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": "http://o/p"},
            },
            "result": {"score": {"raw": 7, "max": 10}, "success": False},
        },
        "A planned “B completed p” · score 7 of 10 · not successful",
    ),
    (
        {
            "actor": {"mbox_sha1sum": "0123456789abcdef"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
            "object": {"id": "o:1"},
            "result": {"success": True, "score": {"raw": 3}},
        },
        "0123456789ab… passed o:1 · score 3",
    ),
]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a text", "a text"),
        (5, "5"),
        (False, "false"),
        ({"stored": 5, "known": {"old": 0}}, "known old 0, stored 5"),
        (["rest/read", {"a": 1}], "rest/read, a 1"),
    ],
)
def test_json_in_words(value: Any, said: str) -> None:
    assert formats.in_words(value) == said


@pytest.mark.parametrize(("statement", "said"), ODD)
def test_sentences_of_odd_statements(app: Flask, statement: dict[str, Any], said: str) -> None:
    with app.test_request_context(), force_locale("en"):
        shown = sentence(statement)
        assert isinstance(shown, Markup)
        assert shown.striptags() == said


def test_per_cent_signs_of_names_are_no_gaps(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        found = sentence(
            {
                "actor": {"name": "100%(object)s"},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": "http://o/50%"},
            }
        )
        assert found.striptags() == "100%(object)s completed 50%"


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("/courses?q=a", "/courses?q=a"),
        (None, "/"),
        ("//x", "/"),
        ("http://x", "/"),
        ("/\\x", "/"),
        ("x", "/"),
        ("/a\nb", "/"),
    ],
)
def test_targets_stay_here(app: Flask, target: str | None, leads: str) -> None:
    with app.test_request_context():
        assert local_target(target) == leads
