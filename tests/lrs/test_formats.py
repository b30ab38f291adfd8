"""String formats: what counts as a timestamp, duration, language tag, IRI."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.formats import FORMATS, PATTERNS, USUAL_TIMESTAMP, parse_timestamp

# RFC 5646 §2.1: tags of old that no rule makes.
IRREGULAR = ["en-GB-oed", "EN-gb-OED", "sgn-BE-FR", "sgn-be-nl", "sgn-CH-DE", "i-default", "i-enochian"]
GOOD = {
    "iri": ["http://a", "urn:x:y", "http://ü.example/ä?q#f", "mailto:a@b"],
    "uuid": ["7ccd3322-e1a5-411a-a67d-6a735c76f119", "7CCD3322-E1A5-411A-A67D-6A735C76F119"],
    "mailto": ["mailto:a@b.c"],
    "language": [
        "en",
        "en-US",
        "zh-Hant-TW",
        "i-klingon",
        "x-own",
        "de-CH-1996",
        "tlh",
        "es-419",
        "art-lojban",
        "zh-min-nan",
        *IRREGULAR,
    ],
    "duration": [
        "P1Y",
        "PT0S",
        "PT1234.567S",
        "P1Y2M3DT4H5M6.7S",
        "P3W",
        "P1.5W",
        "PT1H",
        "PT1,5M",
        "P1Y2.5M",
        "P1DT2H0.5M",
    ],
    "media-type": ["text/plain", "text/plain; charset=utf-8", "application/vnd.x+json"],
    "sha2": ["a" * 64, "A" * 128],
    "version": ["1.0", "1.0.3", "1.0.9", "2.0.0"],
    "version 1.0.x": ["1.0", "1.0.0", "1.0.3", "1.0.9"],
    "timestamp": [
        "2015-12-18T12:17:00Z",
        "2015-12-18T12:17:00+05:30",
        "2015-12-18T12:17:00.123456789Z",
        "20151218T121700Z",
        "2016-12-31T23:59:60Z",
    ],
}
BROKEN_DURATIONS = ["PT1.5H30M", "P1.5Y2M", "P1,5DT1S", "P0.5YT1H", "PT1.5M0.5S", "P1.0Y2.0M"]
BAD = {
    "iri": ["a", "//a", "http://a b", "1:x", "ab=c://x", "", "http://a\n"],
    "uuid": [
        "7ccd3322e1a5411aa67d6a735c76f119",
        "7ccd3322-e1a5-411a-a67d-6a735c76f11g",
        "7ccd3322-e1a5-411a-a67d-6a735c76f119\n",
    ],
    "mailto": ["a@b.c", "mailto:a", "mailto:a@b@c", "mailto:"],
    "language": ["", "e", "en_US", "123", "en-", "a-b-c", "en-GB-oe", "sgn-BE-DE-x", "\u017fgn-BE-FR"],
    "duration": ["", "P", "PT", "1Y", "P1H", "P1Y2W", "PT1.5H2M" * 2, "P-1Y", *BROKEN_DURATIONS],
    "media-type": ["text", "text/", "/plain", "text plain/x", "a/b; x\ry", "a/b; x\r\ny", "a/b;\u2028", "a/b; \u2029x"],
    "sha2": ["a" * 63, "g" * 64, ""],
    "version": ["1", "1.1.0", "0.9", "3.0", "1.0.x"],
    "version 1.0.x": ["2.0.0", "2.0", "1.0.", "1.0.x"],
    "timestamp": [
        "2015-12-18",
        "2015-13-18T12:17:00Z",
        "2015-02-30T12:17:00Z",
        "2015-12-18T25:17:00Z",
        "2015-12-18T12:17:00-00:00",
        "2015-12-18T12:17:00-0000",
        "2015-12-18T12:17:00-00",
        "2015-12-18T12:17:00+24:00",
        "2015-12-18T12:17:00Zjunk",
        "now",
    ],
}


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, ts in GOOD.items() for t in ts])
def test_good(name: str, text: str) -> None:
    assert FORMATS[name](text)


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, ts in BAD.items() for t in ts])
def test_bad(name: str, text: str) -> None:
    assert not FORMATS[name](text)


def test_offsets_become_utc() -> None:
    assert parse_timestamp("2015-12-18T12:17:00.5+05:30") == datetime(2015, 12, 18, 6, 47, 0, 500_000, UTC)
    assert parse_timestamp("2015-12-18T12:17:00-01:00") == datetime(2015, 12, 18, 13, 17, 0, 0, UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_is_read_back(moment: datetime) -> None:
    assert parse_timestamp(moment.isoformat()) == moment


@given(st.from_regex(f"^(?:{USUAL_TIMESTAMP})\\Z") | st.sampled_from(GOOD["timestamp"] + BAD["timestamp"]))
def test_what_looks_like_a_usual_timestamp_is_one(text: str) -> None:
    compiled = jsonschema_rs.Draft7Validator({"pattern": f"^{USUAL_TIMESTAMP}$"})
    assert parse_timestamp(text) is not None or not compiled.is_valid(text)


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_what_clients_send_is_usual(moment: datetime) -> None:
    usual = re.compile(USUAL_TIMESTAMP)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert usual.fullmatch(text) is not None or (moment.month, moment.day) == (2, 29)


@given(st.text())
def test_no_text_makes_a_predicate_fail(text: str) -> None:
    for good in FORMATS.values():
        good(text)


@pytest.mark.parametrize("name", PATTERNS)
def test_compiled_pattern_decides_as_the_predicate(name: str) -> None:
    compiled = jsonschema_rs.Draft7Validator({"pattern": f"^(?:{PATTERNS[name]})$"})
    texts = [t for table in (GOOD, BAD) for ts in table.values() for t in ts]
    texts += [f"{t}\n" for t in texts] + [
        "P\u0661Y",
        "1.0.\u0663",
        "http://a\u00a0b",
        "http://a\u0085",
        *(f"text/plain; x{c}y" for c in "\r\n\u2028\u2029\u0085\v\f\x1c"),
    ]
    texts += [f"mailto:a{c}@b" for c in "\u0085\ufeff\u1680"] + [f"http://{c}" for c in "\u0085\ufeff\u1680"]
    assert [t for t in texts if compiled.is_valid(t) != FORMATS[name](t)] == []
