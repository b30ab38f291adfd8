"""What other parts of the server say in English is complete in Bahasa Indonesia."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.db import unit_of_work
from core.settings import Settings
from lrs import rejections
from registrations.settings import SETTINGS
from server import doctor, forwarding
from server.console import indonesian
from tests.conftest import TestTenant
from tests.server.console.conftest import ORIGIN, Browser, present
from tests.server.test_rejected import BAD, full_bucket, send

__all__ = ["full_bucket"]
INDONESIAN = {"Accept-Language": "id"}


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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"verb": "saw"}, "Kata kerja itu bukan IRI."),
        ({"registration": "x"}, "Pendaftaran itu bukan UUID."),
        ({"agent": "{"}, "Peserta harus berupa alamat surel"),
        ({"agent": "{}"}, "Peserta harus berupa alamat surel"),
        ({"related_agents": "yes"}, "memerlukan peserta"),
        ({"key": "a:b"}, "tanpa titik dua"),
    ],
)
def test_why_a_forwarder_cannot_be_saved(admin: Browser, given: dict[str, str], said: str) -> None:
    form = {"url": "https://other.example/xapi", "key": "k", "secret": "s", "version": "2.0.0"} | given
    answer = admin.post("/forwarders", form, headers=INDONESIAN | {"Origin": ORIGIN})
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://[x", "Ini bukan URL."),
        ("ftp://example.org", "Alamat harus dimulai dengan https:// atau http://"),
        ("https://ada:secret@example.org", "nama pengguna atau kata sandi"),
        ("https://example.org/a b", "karakter atau port yang tidak dapat dipakai"),
        ("https://example.org/ü", "Alamat memuat huruf di luar ASCII."),
    ],
)
def test_why_an_address_is_refused(admin: Browser, url: str, said: str) -> None:
    for path, label in (("/webhooks", "Webhook ini"), ("/forwarders", "Penerus ini"), ("/courses/fetch", "")):
        form = {"url": url, "key": "k", "secret": "s", "version": "2.0.0"}
        answer = admin.post(path, form, headers=INDONESIAN | {"Origin": ORIGIN})
        assert (answer.status_code, label in answer.text, said in answer.text) == (422, True, True), path
        assert "the address" not in answer.text


def test_why_an_address_cannot_be_reached(tenant: TestTenant, admin: Browser) -> None:
    headers = INDONESIAN | {"Origin": ORIGIN}
    for url, said in (
        ("http://127.0.0.1/a.zip", "127.0.0.1 memiliki alamat 127.0.0.1, yang tidak publik."),
        ("http://nobody.invalid/a.zip", "Server dengan nama nobody.invalid tidak dapat ditemukan."),
    ):
        assert said in admin.post("/courses/fetch", {"url": url}, headers=headers).text
    with unit_of_work():
        id_ = forwarding.create(tenant.id, url="http://127.0.0.1:9/xapi", key="k", secret="s").id
    admin.post("/forwarder/test", {"id": id_}, headers=headers)
    page = admin.get(f"/forwarder?id={id_}", headers=INDONESIAN).text
    assert "Alamat ini tidak diizinkan: 127.0.0.1 memiliki alamat" in page
    long = admin.post("/webhooks", {"url": f"https://example.org/{'x' * 2000}"}, headers=headers)
    assert "Alamatnya lebih dari 2000 karakter." in long.text


@pytest.mark.parametrize("path", ["/forwarder?id=nope", "/webhook?id=nope", "/rejected-request?id=nope"])
def test_what_is_not_there(admin: Browser, path: str) -> None:
    answer = admin.get(path, headers=INDONESIAN)
    assert (answer.status_code, "Tidak ada di sini" in answer.text, "no " in answer.text.split("<main")[1]) == (
        404,
        True,
        False,
    )


def test_why_a_statement_is_refused_again(client: FlaskClient, tenant: TestTenant, admin: Browser) -> None:
    assert send(client, tenant, BAD) == 400
    present()
    (one,) = rejections.find(tenant.id)
    for body, said in (
        (None, "Ditolak lagi: pernyataan nomor 2, $.verb.id: bentuknya tidak seperti yang diharuskan"),
        ("{}", "pernyataan nomor 1, $: ada properti yang kurang"),
        ("{", "Ini bukan JSON yang dapat dibaca"),
    ):
        form = {"id": one.id} | ({"body": body} if body is not None else {})
        answer = admin.post("/rejected-request/replay", form, headers=INDONESIAN | {"Origin": ORIGIN})
        assert (answer.status_code, "statement 1:" in answer.text) == (422, False)
        assert said in answer.text
