"""Hostile uploads by the thousand: generated, mutated, uploaded by REST and imported (`make fuzz-packages`).

Whatever is in them, the upload is answered without a 5xx, the job ends as COMPLETE or as ERROR with a reason of the package,
nothing is written outside the data folder, memory stays under 512 MiB and no file takes ten seconds.
"""

from __future__ import annotations

import argparse
import base64
import io
import random
import resource
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from core.db import session
from core.settings import Settings
from course_packages import importing
from course_packages.models import JobStatus
from server.app import create_app
from server.database import upgrade
from tests.conftest import TestTenant, make_tenant
from tests.course_packages.building import manifest_12, manifest_2004, package, zipped

SECONDS = 10.0
MEBIBYTES = 512
_LIMITS = {"upload_limit": 64 << 20, "package_size_limit": 256 << 20}

_CMI5 = (
    '<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"><course id="http://e.org/c">'
    '<title><langstring lang="en">C</langstring></title><description><langstring lang="en">D</langstring></description></course>'
    '<au id="http://e.org/a" moveOn="Passed" masteryScore="0.5"><title><langstring lang="en">A</langstring></title>'
    '<description><langstring lang="en">D</langstring></description><url>index.html?x=1</url></au></courseStructure>'
)
_TINCAN = (
    '<tincan xmlns="http://projecttincan.com/tincan.xsd"><activities><activity id="http://e.org/a" type="course">'
    '<name lang="en">A</name><launch lang="en">index.html</launch></activity></activities></tincan>'
)
_AICC = {
    "c.crs": "[Course]\r\nCourse_ID=1\r\nCourse_Title=C\r\nLevel=1\r\n[Course_Description]\r\nD\r\n",
    "c.au": '"system_id","type","command_line","file_name","max_score","mastery_score"\r\n"A1","l","","index.html","100","80"\r\n',
    "c.des": '"system_id","developer_id","title","description"\r\n"A1","1","Lesson","D"\r\n',
    "c.cst": '"block","member"\r\n"root","A1"\r\n',
    "index.html": "x",
}
_SEQUENCED = manifest_2004(
    '<item identifier="i1" identifierref="r1" parameters="?a=1"><title>One</title><imsss:sequencing><imsss:controlMode flow="true"/>'
    '<imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="attempted"/>'
    '</imsss:ruleConditions><imsss:ruleAction action="skip"/></imsss:preConditionRule></imsss:sequencingRules>'
    '<imsss:limitConditions attemptLimit="2"/></imsss:sequencing></item>'
)
_SEEDS: list[dict[str, str]] = [
    {"imsmanifest.xml": manifest_12(), "index.html": "x"},
    {"imsmanifest.xml": _SEQUENCED, "index.html": "x", "js/a.js": "let a;" * 50},
    {"cmi5.xml": _CMI5, "index.html": "x"},
    {"tincan.xml": _TINCAN, "index.html": "x"},
    _AICC,
]
_NASTY = [
    "../../evil",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "\u202e.lmth",
    "a" * 5000,
    "",
    ".",
    "..",
    "%2e%2e/x",
    "con",
    "﷽",
    "{x}",
    "%s%n",
]
_VALUES = [
    "",
    "-1",
    "1e999",
    "NaN",
    "99999999999999999999",
    "PT",
    "P9999999999Y",
    "true",
    "﷽" * 50,
    "javascript:alert(1)",
    "&#0;",
    "<b>",
]


def _mutated(chance: random.Random) -> bytes:
    data = bytearray(zipped(chance.choice(_SEEDS), method=chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data)) if data else 0
        what = chance.randrange(6)
        if what == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            del data[at : at + chance.choice((1, 2, 4, 16, 200))]
        elif what == 2:
            data[at:at] = chance.randbytes(chance.choice((1, 2, 4, 30, 46)))
        elif what == 3:
            data[at : at + 4] = struct.pack("<I", chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFF, len(data))))
        elif what == 4:
            data[at:at] = data[: chance.randrange(len(data) + 1)]
        else:
            del data[at:]
    return bytes(data)


def _headers(chance: random.Random) -> bytes:
    """Fields of real headers set to what they must not be."""
    data = bytearray(zipped(chance.choice(_SEEDS)))
    for _ in range(chance.randint(1, 3)):
        mark, length = chance.choice(((b"PK\x03\x04", 30), (b"PK\x01\x02", 46), (b"PK\x05\x06", 22)))
        places = [i for i in range(len(data)) if data[i : i + 4] == mark]
        if not places:
            break
        at = chance.choice(places) + chance.randrange(4, length - 1)
        width = chance.choice(("<H", "<I"))
        value = chance.choice((0, 1, 8, 9, 99, 0xFFFF, 0xFFFE))
        data[at : at + struct.calcsize(width)] = struct.pack(width, value)
    return bytes(data)


def _names(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        # The library warns of names that appear twice, which is the purpose here.
        warnings.simplefilter("ignore")
        for name, text in chance.choice(_SEEDS).items():
            archive.writestr(zipfile.ZipInfo(name), text)
        for _ in range(chance.randint(1, 4)):
            info = zipfile.ZipInfo(
                chance.choice(_NASTY).replace("\0", "_") + chance.choice(("", "/x.html", "/")) or "x"
            )
            info.external_attr = chance.choice((0, 0o120777, 0o010644, 0o100644, 0o040755)) << 16
            archive.writestr(info, "evil")
    return buffer.getvalue()


def _bomb(chance: random.Random) -> bytes:
    content = b"\0" * chance.choice((2 << 20, 20 << 20))
    files: dict[str, bytes | str] = {"imsmanifest.xml": manifest_12(), "index.html": "x"}
    files[chance.choice(("imsmanifest.xml", "zero.bin", "index.html"))] = content
    return zipped(files)


def _words(chance: random.Random) -> bytes:
    """Manifests with words out of place: values, tags torn apart, entities, depth, repetition."""
    files: dict[str, bytes | str] = dict(chance.choice(_SEEDS))
    name = next(iter(files))
    text = str(files[name])
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(text) + 1)
        quoted = [i for i, c in enumerate(text) if c == '"']
        what = chance.randrange(5)
        if what == 0 and len(quoted) > 1:
            start = chance.choice(quoted[:-1])
            end = quoted[quoted.index(start) + 1]
            text = text[: start + 1] + chance.choice(_VALUES + _NASTY) + text[end:]
        elif what == 1:
            text = (
                text[:at]
                + chance.choice(("<", ">", "&", "</item>", "<item>", "]]>", "<!--", "\ufffe", "\n" * 9))
                + text[at:]
            )
        elif what == 2:
            text = text[:at] + text[at + chance.randint(1, 60) :]
        elif what == 3:
            piece = text[at : at + chance.randint(1, 300)]
            text = text[:at] + piece * chance.choice((2, 50, 1000)) + text[at:]
        else:
            text = (
                '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>' + text
            )
    files[name] = text.encode(chance.choice(("utf-8", "utf-16", "utf-8-sig")), "surrogatepass")
    return zipped(files)


def _deep(chance: random.Random) -> bytes:
    depth = chance.choice((50, 200, 1000, 5000))
    items = "".join(f'<item identifier="d{i}"><title>t</title>' for i in range(depth))
    return package(manifest_12(items + "</item>" * depth))


def _media(chance: random.Random) -> bytes:
    head = chance.choice(
        (b"%PDF-1.7", b"\x00\x00\x00\x20ftypisom", b"\x1aE\xdf\xa3webm", b"ID3", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"")
    )
    return head + chance.randbytes(chance.randrange(2000))


def _alone(chance: random.Random) -> bytes:
    """Something like a cmi5 course structure without a zip."""
    text = (
        '<?xml version="1.0"?><courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"><course id="urn:c">'
        '<title><langstring>T</langstring></title></course><au id="urn:a"><url>https://example.org/</url></au></courseStructure>'
    )
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(text))
        text = (
            text[:at]
            + chance.choice(("", "<", "&", "\0", "<!DOCTYPE x>", "é" * 9, text))
            + text[at + chance.randrange(9) :]
        )
    return text.encode(chance.choice(("utf-8", "utf-16", "utf-8-sig", "latin-1")))


def _many(chance: random.Random) -> bytes:
    return zipped({"imsmanifest.xml": manifest_12()} | {f"{i}": "" for i in range(chance.choice((100, 3000)))})


# How often each kind is made.
_KINDS: list[tuple[Callable[[random.Random], bytes], int]] = [
    (_mutated, 35),
    (_headers, 25),
    (_words, 20),
    (_names, 12),
    (_media, 4),
    (_alone, 4),
    (_bomb, 2),
    (_deep, 1),
    (_many, 1),
]


def hostile(number: int) -> bytes:
    """The same file for the same number, always."""
    chance = random.Random(number)
    (kind,) = chance.choices([k for k, _ in _KINDS], [weight for _, weight in _KINDS])
    return kind(chance)


def upload(app: Flask, tenant: TestTenant, number: int, data: bytes) -> str:
    """Upload and import one file; what became of it. AssertionError where the server did not keep its word."""
    token = base64.b64encode(f"{tenant.key}:{tenant.secret}".encode()).decode()
    response = app.test_client().post(
        f"/api/v2/courses/importJobs/upload?courseId=fuzz-{number}",
        data={"file": (io.BytesIO(data), f"{number}.zip")},
        headers={"Authorization": f"Basic {token}"},
        base_url=app.config["REKAM"].base_url,
    )
    assert response.status_code < 500, (number, response.status_code, response.text[:300])
    if response.status_code != 200:
        return str(response.status_code)
    job_id = response.json["result"]
    importing.run_import(tenant.id, job_id, last_try=True)
    session().rollback()
    job = importing.get_job(tenant.id, job_id)
    assert job.status in (JobStatus.COMPLETE, JobStatus.ERROR), (number, job.status)
    assert "error of this server" not in job.message, (number, job.message)
    assert "could not be used" not in job.message, (number, job.message)
    return str(job.status)


def run(app: Flask, tenant: TestTenant, first: int, count: int, *, tell: bool = False) -> Counter[str]:
    """Import files ``first`` to ``first + count``; how many ended how. The caller looks after what was written."""
    outcomes: Counter[str] = Counter()
    longest = (0.0, 0)
    for number in range(first, first + count):
        data = hostile(number)
        started = time.monotonic()
        outcomes[upload(app, tenant, number, data)] += 1
        longest = max(longest, (time.monotonic() - started, number))
        assert longest[0] < SECONDS, f"file {longest[1]} took {longest[0]:.1f} s"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        assert memory < MEBIBYTES or not tell, f"{memory:.0f} MiB after file {number}"
        if tell and number % 500 == 0:
            print(f"{number - first:6} {dict(outcomes)} slowest {longest[0]:.2f} s, {memory:.0f} MiB", flush=True)
    if tell:
        print(f"{count:6} {dict(outcomes)} slowest {longest[0]:.2f} s (file {longest[1]}), {memory:.0f} MiB")
    return outcomes


def outside(folder: Path, data: Path) -> list[str]:
    """What lies below ``folder``, but not in the data folder."""
    return [str(p) for p in folder.rglob("*") if p != data and data not in p.parents and p not in data.parents]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "a" / "b" / "data"
        app = create_app(Settings(data_dir=str(data), log_level="ERROR", **_LIMITS))  # type: ignore[arg-type]
        with app.app_context():
            upgrade()
            run(app, make_tenant(), options.seed, options.count, tell=True)
        found = outside(folder, data)
        assert found == [], found
    sys.exit(0)


if __name__ == "__main__":
    main()
