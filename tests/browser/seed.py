"""A training centre in the middle of its month: people to look at in pictures and for whoever checks how pages look.

Everything goes through the doors of production (import, launch links, the runtime endpoint, the outbox); only the clock is moved.
"""

from __future__ import annotations

import base64
import io
import json
import random
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select

from core import clock, credentials, tenants
from core.credentials import Credential
from core.db import db, unit_of_work
from core.settings import Settings, get_settings
from course_packages import catalogue, importing
from lrs import store
from registrations import learners, registrations
from server import demo, forwarding, jobs, people
from server.app import create_app
from server.database import upgrade
from server.webhooks import subscriptions
from tests.browser.player import RIGHT
from tests.course_packages.pictures import pdf
from tests.live import LiveServer
from tests.scorm_runtime.packages import MANIFEST_12, Player, launch, package

PASSWORD = "a sentence of few words"
SYSTEM, ADMIN, INSTRUCTOR, LEARNER = "root@example.org", "dewi@example.org", "agus@example.org", "sari@example.org"
FIRST = [
    "Sari",
    "Budi",
    "Putri",
    "Agung",
    "Rina",
    "Eko",
    "Maya",
    "Joko",
    "Intan",
    "Bayu",
    "Wulan",
    "Fajar",
    "Ratna",
    "Hendra",
]
LAST = [
    "Wijaya",
    "Santoso",
    "Lestari",
    "Pratama",
    "Hidayat",
    "Siregar",
    "Nugroho",
    "Kusuma",
    "Simanjuntak",
    "Wibowo",
    "Rahayu",
    "Halim",
]
# Learners whose launches are recorded.
TRACED = ("P-1001", "P-1002")
MEDIA_COURSE = "exit-plan"
LESSONS = {
    "lifting": ["why", "think", "lift", "practice", "summary"],
    "workstation": ["sit", "screen", "move", "practice"],
}


@dataclass
class Story:
    """One learner's way: how far they come (0 to 3 parts), how many of six questions are right, when they begin."""

    learner: str
    first: str
    last: str
    parts: int
    right: int
    begins: datetime

    @property
    def email(self) -> str:
        return f"{self.first}.{self.last}@example.org".lower()


def seed(app: Flask, tenant_id: int, *, learners_count: int = 200, days: int = 13, troubles: bool = True) -> None:
    """Fill the tenant with ``days`` days of life that end now; ``troubles``: with packages that were rejected."""
    dice = random.Random(20)
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    with clock.frozen(start - timedelta(hours=20)):
        _courses(tenant_id)
        if troubles:
            _rejected(tenant_id)
        _people(tenant_id)
        _credentials(tenant_id)
    with _receiver() as (good, bad), clock.frozen(start - timedelta(hours=19)):
        _webhooks(tenant_id, good, bad)
        _forwarders(tenant_id)
        now = clock.now()
        for story in sorted(_stories(learners_count, start, days, dice), key=lambda s: s.begins):
            # The outbox is worked on every simulated half day, so that retries and the end of patience happen too.
            if story.begins - now > timedelta(hours=12):
                now = story.begins
                with clock.frozen(now - timedelta(minutes=1)):
                    _drain()
            _live(app, tenant_id, story)
    with clock.frozen(clock.now() - timedelta(hours=2)):
        _new_version(tenant_id)
        _document(tenant_id)
    with clock.frozen(clock.now() - timedelta(minutes=3)):
        _other_statements(tenant_id, dice)
        if troubles:
            _rejections(app, tenant_id)
        _drain()


def _drain() -> None:
    while jobs.drain(100):
        pass


def _stories(count: int, start: datetime, days: int, dice: random.Random) -> Iterator[Story]:
    for number in range(count):
        first, last = FIRST[number % len(FIRST)], LAST[(number * 7 + number // len(FIRST)) % len(LAST)]
        day = dice.choices(range(days), [1 + d % 7 % 5 for d in range(days)])[0]
        begins = start + timedelta(days=day, minutes=dice.randrange(60, 1300))
        parts = dice.choices([0, 1, 2, 3], [4, 3, 3, 10])[0]
        yield Story(f"P-{1001 + number}", first, last, parts, dice.choice([3, 4, 5, 5, 6, 6]), begins)


def _load(tenant_id: int, data: bytes, course_id: str, filename: str) -> None:
    blob = importing.stage(io.BytesIO(data))
    with unit_of_work():
        job = importing.start_import(tenant_id, course_id, blob, filename).id
    jobs.run_import(tenant_id, job)


def _without(data: bytes, name: str) -> bytes:
    """The zip without one of its files."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
    return made.getvalue()


def _courses(tenant_id: int) -> None:
    _load(tenant_id, demo.build_zip(), demo.COURSE_ID, "demo.zip")
    _load(tenant_id, _fire_safety("intro", "routes", "drill"), "fire-safety", "fire-safety.zip")
    _load(tenant_id, _picture(), MEDIA_COURSE, "Exit plan.png")


def _picture() -> bytes:
    """A green PNG of 64 by 48 points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x2e\x8b\x57" * 64 for _ in range(48))
    header = struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _fire_safety(*parts: str) -> bytes:
    return package(MANIFEST_12.replace("Safety", "Fire safety for everyone"), dict.fromkeys(parts, ""))


def _document(tenant_id: int) -> None:
    """A single PDF with a page of its own colour, so that lists have a picture to show."""
    _load(tenant_id, pdf((31, 111, 104)), "evacuation-plan", "Evacuation plan.pdf")


def _new_version(tenant_id: int) -> None:
    """The course got a part more while learners were on the way."""
    _load(tenant_id, _fire_safety("intro", "routes", "extinguishers", "drill"), "fire-safety", "fire-safety 2.zip")
    with unit_of_work():
        catalogue.set_tags(tenant_id, "fire-safety", ["fire", "everyone"])
        about = "What everybody has to know about alarms, ways out and meeting points."
        catalogue.set_facts(tenant_id, "fire-safety", description=about, duration=1500)


def _rejected(tenant_id: int) -> None:
    items = {"intro": "", "routes": ""}
    incomplete = _without(package(MANIFEST_12.replace("Safety", "Data protection"), items), "routes.html")
    _load(tenant_id, incomplete, "data-protection", "data protection 2026.zip")
    broken = package(MANIFEST_12.replace("</organization>", "</organisation>", 1), items)
    _load(tenant_id, broken, "forklifts", "forklifts.zip")
    _load(tenant_id, b"This is a letter, not a package.", "first-aid", "first aid.zip")


def _people(tenant_id: int) -> None:
    for email, role, name, more in (
        (ADMIN, "tenant_administrator", "Dewi Anggraini", {}),
        (INSTRUCTOR, "instructor", "Agus Salim", {}),
        (LEARNER, "learner", "Sari Wijaya", {"learner_id": "P-1001"}),
        ("old@example.org", "instructor", "Bambang Irawan", {}),
    ):
        with unit_of_work():
            person, _word = people.create_person(email, role, tenant_id, password=PASSWORD, name=name, **more)
            if email.startswith("old"):
                people.set_disabled(person, True, by=f"person:{ADMIN}")


def _credentials(tenant_id: int) -> None:
    with unit_of_work():
        for name, scopes, days in (
            ("Mobile app", ["statements/write", "state"], 365),
            ("Nightly report", ["statements/read", "rest/read"], None),
            ("Old LMS", ["all"], 2),
            ("Pilot 2025", ["rest"], None),
        ):
            expires = clock.now() + timedelta(days=days) if days else None
            made, _secret = credentials.create(tenant_id, scopes, name=name, expires=expires)
            if name == "Pilot 2025":
                credentials.revoke(tenant_id, made.key)


def _webhooks(tenant_id: int, good: str, bad: str) -> None:
    with unit_of_work():
        subscriptions.create(tenant_id, good, description="Certificates", events=["registration.completed"])
        subscriptions.create(
            tenant_id, bad, description="Old LMS", events=["registration.passed", "registration.failed"]
        )
        subscriptions.create(tenant_id, f"{good}/all", description="")


def _forwarders(tenant_id: int) -> None:
    """Nobody is at these addresses: one waits for its next try, the other is paused."""
    with unit_of_work():
        forwarding.create(
            tenant_id, url="https://lrs.ministry.example/xapi", key="training-centre", secret="s", name="Ministry",
            filters={"verb": "http://adlnet.gov/expapi/verbs/passed"},
        )  # fmt: skip
        paused = forwarding.create(tenant_id, url="https://archive.example/xapi", key="archive", secret="s")
        forwarding.change(paused, enabled=False)


def _rejections(app: Flask, tenant_id: int) -> None:
    """What a program sent and the record store refused."""
    one = {
        "actor": {"mbox": "mailto:sari@example.org", "name": "Sari Wijaya"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": "https://centre.example/classes/7"},
    }
    bad = (
        ("Mobile app", [one, one | {"verb": {"id": "attended"}}]),
        ("Mobile app", one | {"result": {"score": {"scaled": 80}}}),
        ("Mobile app", one | {"actor": {"mbox": "sari@example.org"}}),
        # A reason with a word that is longer than most.
        ("Mobile app", one | {"object": {"id": "no-iri-" + "0123456789abcdef" * 5}}),
    )
    for name, body in bad:
        with unit_of_work() as current:
            key = current.scalar(
                select(Credential.key).where(Credential.tenant_id == tenant_id, Credential.name == name)
            )
            secret = credentials.rotate(tenant_id, key or "")
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
        base = get_settings().base_url
        answer = app.test_client().post("/xapi/statements", base_url=base, json=body, headers=headers)
        assert answer.status_code == 400, answer.text


@contextmanager
def _receiver() -> Iterator[tuple[str, str]]:
    """Two addresses: one takes what it is sent, the other has a fault of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500 if self.path.startswith("/old") else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield f"{address}/hooks/certificates", f"{address}/old/lms"
    server.shutdown()
    server.server_close()


# --- learning -------------------------------------------------------------------------------------------------------------


def _live(app: Flask, tenant_id: int, story: Story) -> None:
    with clock.frozen(story.begins - timedelta(hours=2)), unit_of_work():
        learner = learners.put(
            tenant_id, story.learner, first_name=story.first, last_name=story.last, email=story.email
        )
        registration = registrations.create(tenant_id, course_id=demo.COURSE_ID, learner=learner).id
        if story.parts == 1:
            registrations.create(tenant_id, course_id="fire-safety", learner=learner)
        if story.learner in TRACED:
            registrations.configure(registrations.get(tenant_id, registration), {"traceCalls": True})
    if not story.parts:
        return
    when = story.begins
    with clock.frozen(when):
        player = launch(app, tenant_id, registration)
    for lesson in list(LESSONS)[: story.parts]:
        finished = story.parts > list(LESSONS).index(lesson) + 1 or story.parts == 2
        when = _lesson(player, lesson, when, finished)
    if story.parts == 3:
        _quiz(player, story, when)


def _lesson(player: Player, lesson: str, when: datetime, finished: bool) -> datetime:
    pages = LESSONS[lesson] if finished else LESSONS[lesson][:2]
    for number in range(1, len(pages) + 1):
        when += timedelta(seconds=40 + 13 * number)
        share = number / len(LESSONS[lesson])
        said = {
            "cmi.location": pages[number - 1],
            "cmi.suspend_data": json.dumps({"seen": pages[:number], "answers": {}}),
            "cmi.progress_measure": f"{share:.2f}",
            "cmi.completion_status": "completed" if share == 1 else "incomplete",
        }
        with clock.frozen(when):
            player.send(said)
    said = {"cmi.session_time": f"PT{60 * len(pages)}S", "cmi.exit": "suspend"}
    with clock.frozen(when):
        player.send(said, end="terminate", navigate="continue" if finished else "suspendAll")
    return when


def _quiz(player: Player, story: Story, when: datetime) -> None:
    for number, question in enumerate(RIGHT):
        when += timedelta(seconds=35)
        with clock.frozen(when):
            player.send(_answer(number, question, number < story.right))
    score = story.right / len(RIGHT)
    said = {
        "cmi.score.min": "0", "cmi.score.max": "6", "cmi.score.raw": str(story.right), "cmi.score.scaled": f"{score:.3f}",
        "cmi.success_status": "passed" if score >= 0.7 else "failed", "cmi.completion_status": "completed",
        "cmi.progress_measure": "1", "cmi.session_time": "PT3M30S", "cmi.exit": "suspend",
        "cmi.objectives.0.score.scaled": f"{min(1.0, story.right / 4):.2f}",
        "cmi.objectives.0.success_status": "passed" if story.right >= 3 else "failed",
        "cmi.objectives.0.completion_status": "completed",
    }  # fmt: skip
    with clock.frozen(when + timedelta(seconds=20)):
        player.send(said, end="terminate", navigate="exitAll")


RESPONSES = {
    "distance": ("choice", "belt", "arms"),
    "twist": ("true-false", "false", "true"),
    "order": ("sequencing", "think[,]grip[,]rise[,]turn", "grip[,]think[,]rise[,]turn"),
    "help": ("choice", "sore[,]unknown[,]view", "sore[,]colour"),
    "setup": ("matching", "elbows[.]desk[,]eyes[.]screen-top[,]feet[.]floor", "elbows[.]floor[,]eyes[.]desk[,]feet[.]floor"),
    "eyes": ("numeric", "20", "60"),
}  # fmt: skip
QUESTIONS = {
    "distance": "Where do you hold a load while you lift it?",
    "twist": "With a load in your hands it is fine to twist your back, as long as your knees are bent.",
    "order": "Put the steps of a lift into their order.",
    "help": "Which of these are good reasons not to lift alone?",
    "setup": "What goes with what?",
    "eyes": "After how many minutes should your eyes look into the distance?",
}


def _answer(number: int, question: str, right: bool) -> dict[str, str]:
    kind, good, bad = RESPONSES[question]
    at = f"cmi.interactions.{number}"
    return {
        f"{at}.id": f"urn:rekam:demo:ergonomics:quiz:{question}:1",
        f"{at}.type": kind,
        f"{at}.timestamp": clock.now().strftime("%Y-%m-%dT%H:%M:%S.0Z"),
        f"{at}.weighting": "1",
        f"{at}.correct_responses.0.pattern": "15[:]20" if kind == "numeric" else good,
        f"{at}.learner_response": good if right else bad,
        f"{at}.result": "correct" if right else "incorrect",
        f"{at}.latency": "PT18S",
        f"{at}.description": f"{{lang=en}}{QUESTIONS[question]}",
        "cmi.location": question,
        "cmi.progress_measure": f"{(number + 1) / len(RIGHT):.2f}",
    }


def _other_statements(tenant_id: int, dice: random.Random) -> None:
    """What other programs report to the record store."""
    authority = {"objectType": "Agent", "account": {"homePage": "https://rekam.example", "name": "Mobile app"}}
    verbs = {
        "http://adlnet.gov/expapi/verbs/experienced": {"en-US": "experienced", "id": "mengalami"},
        "http://activitystrea.ms/schema/1.0/watch": {"en-US": "watched"},
        "http://adlnet.gov/expapi/verbs/attended": {"en-US": "attended"},
    }
    make: Callable[[], dict[str, Any]] = lambda: {  # noqa: E731
        "actor": {
            "objectType": "Agent",
            "name": dice.choice(FIRST),
            "mbox": f"mailto:{dice.choice(FIRST)}@example.org",
        },
        "verb": (lambda v: {"id": v, "display": verbs[v]})(dice.choice(list(verbs))),
        "object": {
            "objectType": "Activity",
            "id": f"https://centre.example/videos/{dice.randrange(20)}",
            "definition": {"name": {"en": "Forklift training, morning group"}},
        },
    }
    with unit_of_work():
        store.store(tenant_id, [make() for _ in range(30)], authority)


@contextmanager
def seeded_server(data_dir: Path, *, learners_count: int, troubles: bool = True) -> Iterator[LiveServer]:
    """A running server on SQLite with one tenant that :func:`seed` has filled; everybody's password is PASSWORD."""
    server = LiveServer(f"sqlite:///{data_dir / 'rekam.sqlite3'}", data_dir)
    app = create_app(Settings.from_env(server.environment))
    with app.app_context():
        upgrade()
        with unit_of_work():
            tenant_id = tenants.create("Balai Latihan Kerja").id
            people.create_person(SYSTEM, "system_administrator", password=PASSWORD, name="Administrator")
        seed(app, tenant_id, learners_count=learners_count, troubles=troubles)
        db.engine.dispose()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def sign_in(page: Page, server: LiveServer, email: str) -> None:
    """Sign ``email`` in and wait for the first page."""
    page.goto(f"{server.base}/login")
    page.fill("#f-email", email)
    page.fill("#f-password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".side nav").wait_for(state="attached")
