from __future__ import annotations

import re
from pathlib import Path

import pytest

import course_packages
from course_packages.messages import MESSAGES
from course_packages.problems import MOST_PROBLEMS, Findings, Rejected, localized

FOLDER = Path(course_packages.__file__).parent


def test_every_code_in_use_has_words_and_every_word_is_in_use() -> None:
    source = "\n".join(p.read_text() for p in FOLDER.rglob("*.py") if p.name not in ("messages.py", "strictness.py"))
    used = set(re.findall(r'(?:\.add|\.fail|\.repair|BadZip|_replace|_outside_cdata)\(\s*"([a-z0-9_]+)"', source))
    assert len(used) > 60
    assert sorted(used - set(MESSAGES)) == []
    assert [code for code in MESSAGES if f'"{code}"' not in source] == []


@pytest.mark.parametrize("code", MESSAGES)
def test_both_languages_use_the_same_values_and_advise(code: str) -> None:
    text = MESSAGES[code]
    english, indonesian = (set(re.findall(r"{(\w+)}", words[0])) for words in (text.english, text.indonesian))
    assert english == indonesian
    assert text.english[0] != text.indonesian[0]
    assert bool(text.english[1]) == bool(text.indonesian[1]) == (text.severity != "repair")


def test_report_in_both_languages() -> None:
    findings = Findings()
    findings.add("launch_file_missing", file="m.xml", line=3, title="Satu {x}", path="a.html")
    findings.repair("xml_bom", file="m.xml")
    report = findings.report().to_json()
    assert report["errors"][0]["message"] == "The launch file a.html of “Satu {x}” is not in the zip."
    again = localized(report, "id")
    assert again["errors"][0]["message"] == "Berkas peluncur a.html untuk “Satu {x}” tidak ada dalam zip."
    assert again["errors"][0]["line"] == 3
    assert again["repairs"][0]["message"] == "Tanda urutan bita (BOM) dihapus."
    assert localized(again, "en") == report


def test_a_report_stays_small_and_keeps_the_reason() -> None:
    findings = Findings()
    for n in range(MOST_PROBLEMS * 2):
        findings.add("file_missing", path="x" * 5000, line=n)
    with pytest.raises(Rejected):
        findings.fail("nothing_to_launch")
    report = findings.report()
    assert len(report.problems) == MOST_PROBLEMS
    assert len(report.problems[0].message) < 400
    assert [e.code for e in report.errors] == ["nothing_to_launch"]
