"""Every command of ``rekam``: what it does, its JSON, its exit code."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine, create_engine, inspect, text

from core.blobs import BlobStore, blobs
from core.db import db, session, unit_of_work
from core.ids import new_id
from core.settings import Settings
from server import backup, people, verification
from server.app import create_app
from server.cli import operation
from server.cli.commands import main
from server.demo import build_zip
from tests.conftest import DATABASES, basic, drop_postgres_database, make_postgres_database
from tests.course_packages.building import manifest_12, package
from tests.course_packages.pictures import pdf
from tests.course_packages.test_course_structure import TWO
from tests.live import ROOT
from tests.serving import serving

HERE = Settings().base_url
LEAVES = {
    "backup", "bootstrap", "config", "credential create", "credential list", "credential revoke", "credential rotate",
    "db status", "db upgrade", "doctor", "import", "restore", "serve", "thumbnails", "user create", "user disable", "user enable",
    "user list", "user reset-password", "verify", "worker",
}  # fmt: skip


@dataclass
class Installation:
    """A data folder and a database, and the environment that names them."""

    folder: Path
    database_url: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        given = {"REKAM_DATA_DIR": str(self.folder), "REKAM_DATABASE_URL": self.database_url, **self.extra}
        return {name: value for name, value in given.items() if value}

    def run(self, *arguments: str, code: int = 0, given: str | None = None) -> str:
        """The output of the command, whose exit code must be ``code``."""
        ran = CliRunner().invoke(main, list(arguments), env=self.environment, input=given)
        assert ran.exit_code == code, (arguments, ran.output, ran.exception)
        return ran.stdout

    def json(self, *arguments: str, code: int = 0, given: str | None = None) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code, given=given))

    def app(self) -> Flask:
        return create_app(Settings.from_env(self.environment))

    def engine(self) -> Engine:
        return create_engine(Settings.from_env(self.environment).effective_database_url)

    def get(self, path: str, auth: dict[str, str]) -> Any:
        """What the application of this installation answers."""
        app = self.app()
        answer = app.test_client().get(path, base_url=HERE, headers={**auth, "X-Experience-API-Version": "2.0.0"})
        with app.app_context():
            db.engine.dispose()
        return answer


@pytest.fixture
def installation(tmp_path: Path, empty_database: str) -> Installation:
    return Installation(tmp_path / "data", empty_database)


@pytest.fixture(params=DATABASES)
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new database; for SQLite none, which means the one in the data folder."""
    if request.param == "sqlite":
        yield ""
        return
    url = make_postgres_database()
    yield url
    drop_postgres_database(url)


@pytest.fixture
def sqlite(tmp_path: Path) -> Installation:
    """For what does not depend on the database."""
    return Installation(tmp_path / "data")


def leaves(command: click.Command, name: str = "") -> set[str]:
    if isinstance(command, click.Group):
        return {leaf for key, sub in command.commands.items() for leaf in leaves(sub, f"{name} {key}".strip())}
    return {name}


def test_there_are_these_commands_and_each_has_help() -> None:
    assert leaves(main) >= LEAVES
    for leaf in sorted(leaves(main)):
        ran = CliRunner().invoke(main, [*leaf.split(), "--help"])
        assert ran.exit_code == 0
        assert "--json" in ran.output, leaf
        assert "--data-dir" in ran.output, leaf
    for group in {leaf.rpartition(" ")[0] for leaf in leaves(main)}:
        listed = CliRunner().invoke(main, [*group.split(), "--help"]).output.partition("Commands:")[2]
        assert "..." not in listed, f"what the commands do is cut off: {listed}"


def test_wrong_usage_is_exit_code_2(sqlite: Installation) -> None:
    for arguments in (
        ["nothing"],
        ["import"],
        ["credential", "create", "--scope", "everything"],
        ["serve", "--port", "x"],
    ):
        sqlite.run(*arguments, code=2)


def test_an_unknown_variable_stops_every_command(sqlite: Installation) -> None:
    sqlite.extra["REKAM_DATABSE_URL"] = "x"
    for arguments in (["config"], ["db", "status"], ["doctor"], ["serve"], ["worker"], ["verify"]):
        error = sqlite.json(*arguments, code=1)["error"]
        assert error == {
            "code": "invalid",
            "message": "unknown setting REKAM_DATABSE_URL; did you mean REKAM_DATABASE_URL?",
        }


def test_config_masks_secrets(sqlite: Installation) -> None:
    sqlite.extra.update(REKAM_SECRET_KEY="s3cr3t" * 6, REKAM_REDIS_URL="redis://:hunter2@h/0", REKAM_LOG_LEVEL="ERROR")
    rows = {row["variable"]: row["value"] for row in sqlite.json("config")}
    assert (rows["REKAM_SECRET_KEY"], rows["REKAM_REDIS_URL"], rows["REKAM_LOG_LEVEL"]) == ("********",) * 2 + (
        "ERROR",
    )
    shown = sqlite.run("config")
    assert "s3cr3t" not in shown
    assert "hunter2" not in shown
    assert "REKAM_LOG_LEVEL" in shown


def test_bootstrap_by_environment(installation: Installation) -> None:
    """An unattended first start, and a second one that changes nothing."""
    assert installation.json("db", "status", code=1)["pending"]
    for command in (("serve", "--port", "0"), ("verify",), ("user", "list"), ("statements", "export", "nowhere")):
        message = installation.json(*command, code=1)["error"]["message"]
        assert "not up to date" in message
        # Which one: with a misspelt data folder it is a new one.
        assert message.startswith("the database /" if not installation.database_url else "the database rekam_test_")
    installation.extra = {
        "REKAM_ADMIN_EMAIL": "ops@example.org",
        "REKAM_ADMIN_PASSWORD": "a sentence of few words",
        "REKAM_BOOTSTRAP_KEY": "lms",
        "REKAM_BOOTSTRAP_SECRET": "s" * 43,
    }
    made = installation.json("bootstrap")
    assert (made["administrator"], made["password"]) == ("ops@example.org", None)
    assert (made["key"], made["secret"], made["course"]) == ("lms", None, "demo-ergonomics")
    again = installation.json("bootstrap")
    assert [again[name] for name in ("administrator", "key", "course")] == [None] * 3
    assert installation.json("db", "status") == {"pending": []}
    assert installation.json("db", "upgrade") == {"applied": []}
    for path in ("/api/v2/courses", "/xapi/statements"):
        assert installation.get(path, basic("lms", "s" * 43)).status_code == 200
    assert [row["email"] for row in installation.json("user", "list")] == ["ops@example.org"]


def test_half_a_bootstrap_credential_is_refused(sqlite: Installation) -> None:
    sqlite.extra["REKAM_BOOTSTRAP_KEY"] = "lms"
    assert "must be set together" in sqlite.json("bootstrap", code=1)["error"]["message"]


def test_generated_secrets_are_shown_once(sqlite: Installation) -> None:
    first = sqlite.run("bootstrap", "--no-demo")
    assert "Password" in first
    assert "Secret" in first
    second = sqlite.run("bootstrap", "--no-demo")
    assert "Password" not in second
    assert "Secret" not in second


def test_credentials(sqlite: Installation) -> None:
    first = sqlite.json("bootstrap", "--no-demo")
    made = sqlite.json("credential", "create", "--scope", "rest/read", "--name", "report", "--expires", "2099-12-31")
    assert made["scopes"] == ["rest/read"]
    auth = basic(made["key"], made["secret"])
    assert sqlite.get("/api/v2/courses", auth).status_code == 200
    assert sqlite.get("/xapi/statements", auth).status_code == 403
    new = sqlite.json("credential", "rotate", made["key"], "--grace", "0")["secret"]
    assert sqlite.get("/api/v2/courses", auth).status_code == 401
    auth = basic(made["key"], new)
    assert sqlite.get("/api/v2/courses", auth).status_code == 200
    rows = {row["key"]: row for row in sqlite.json("credential", "list")}
    assert set(rows) == {first["key"], made["key"]}
    assert (rows[made["key"]]["name"], rows[made["key"]]["state"]) == ("report", "active")
    assert "secret" not in json.dumps(list(rows.values()))
    assert sqlite.json("credential", "revoke", made["key"]) == {"key": made["key"], "state": "revoked"}
    assert sqlite.get("/api/v2/courses", auth).status_code == 401
    for command in ("rotate", "revoke"):
        assert sqlite.json("credential", command, "absent", code=1)["error"]["code"] == "not_found"
    table = sqlite.run("credential", "list")
    assert "revoked" in table
    own = sqlite.json("credential", "create", "--key", "mine", "--secret", "x" * 43)
    assert (own["key"], own["secret"]) == ("mine", "x" * 43)
    assert sqlite.json("credential", "create", "--key", "mine", code=1)["error"]["code"] == "conflict"
    assert "no application" in sqlite.json("credential", "list", "--tenant", "absent", code=1)["error"]["message"]


def test_a_port_that_is_taken_is_said(sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """It used to end in lines of gunicorn's log."""
    monkeypatch.setattr(operation, "PORT_PATIENCE", 0.3)
    sqlite.json("bootstrap", "--no-demo")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        for ports in (("--port", str(number)), ("--port", "0", "--content-port", str(number))):
            message = sqlite.json("serve", *ports, code=1)["error"]["message"]
            assert message.startswith(
                f"cannot listen on port {number} of 127.0.0.1: Address already in use; is Rekam running"
            )
    message = sqlite.json("serve", "--host", "192.0.2.1", code=1)["error"]["message"]
    assert message == "cannot listen on port 8000 of 192.0.2.1: Cannot assign requested address"


def test_users(sqlite: Installation) -> None:
    sqlite.json("bootstrap", "--no-demo")
    made = sqlite.json("user", "create", "ina@example.org", "--role", "instructor", "--name", "Ina")
    assert made["password"]
    given = sqlite.json("user", "create", "budi@example.org", "--password-stdin", given="a sentence of few words\n")
    assert given == {"email": "budi@example.org", "role": "tenant_administrator"}
    rows = {row["email"]: row for row in sqlite.json("user", "list")}
    assert (rows["ina@example.org"]["role"], rows["ina@example.org"]["name"]) == ("instructor", "Ina")
    assert len(rows) == 3
    assert sqlite.json("user", "create", "ina@example.org", code=1)["error"]["code"] == "conflict"
    for wrong in (["no address"], ["x@example.org", "--role", "emperor"]):
        assert sqlite.json("user", "create", *wrong, code=1)["error"]["code"] == "invalid"
    assert sqlite.json("user", "create", "y@example.org", "--password-stdin", code=1, given="short\n")["error"]


def test_an_account_is_let_in_again_and_shut_out(sqlite: Installation) -> None:
    """Also the only administrator, who has nobody to ask in the console."""
    first = sqlite.json("bootstrap", "--no-demo")
    reset = sqlite.json("user", "reset-password", first["administrator"].upper())
    assert reset["email"] == first["administrator"]
    assert reset["password"] != first["password"]
    with sqlite.app().app_context():
        assert people.sign_in(first["administrator"], reset["password"], "127.0.0.1").must_change
    sqlite.json("user", "create", "ina@example.org", "--role", "instructor")
    for command, state in (("disable", "disabled"), ("enable", "active")):
        assert sqlite.json("user", command, "ina@example.org") == {"email": "ina@example.org", "state": state}
        assert {row["email"]: row["state"] for row in sqlite.json("user", "list")}["ina@example.org"] == state
    assert sqlite.json("user", "disable", first["administrator"], code=1)["error"]["code"] == "forbidden"
    for command in ("reset-password", "disable", "enable"):
        assert sqlite.json("user", command, "nobody@example.org", code=1)["error"]["code"] == "not_found"


def test_what_is_listed_can_be_copied(sqlite: Installation) -> None:
    """Keys were cut to the width of the terminal."""
    first = sqlite.json("bootstrap", "--no-demo")
    name = "The program of the regional office that sends what its learners do on paper"
    made = sqlite.json("credential", "create", "--name", name, "--scope", "statements/read/mine", "--scope", "state")
    table = sqlite.run("credential", "list")
    for whole in (first["key"], made["key"], name, "statements/read/mine, state"):
        assert whole in table


def test_a_credential_that_would_never_work_is_refused(sqlite: Installation) -> None:
    sqlite.json("bootstrap", "--no-demo")
    told = sqlite.json("credential", "create", "--expires", "2020-01-01", code=1)["error"]
    assert (told["code"], "has passed" in told["message"]) == ("invalid", True)


def test_import(installation: Installation, tmp_path: Path) -> None:
    installation.json("bootstrap", "--no-demo")
    good, bad = tmp_path / "Safe lifting.zip", tmp_path / "bad.zip"
    good.write_bytes(build_zip())
    bad.write_bytes(b"no zip")
    (row,) = installation.json("import", str(good))
    assert (row["course"], row["version"], row["status"]) == ("Safe-lifting", 1, "COMPLETE")
    rows = installation.json("import", str(good), str(bad), code=1)
    assert [(r["version"], r["status"]) for r in rows] == [(2, "COMPLETE"), (1, "ERROR")]
    assert installation.json("import", "--course-id", "other", str(good))[0]["course"] == "other"
    assert installation.json("import", "--no-new-version", str(good), code=1)["error"]["code"] == "course_exists"
    installation.run("import", "--course-id", "x", str(good), str(bad), code=2)
    installation.run("import", str(tmp_path / "absent.zip"), code=2)
    (tmp_path / "cmi5.xml").write_text(TWO)
    (row,) = installation.json("import", str(tmp_path / "cmi5.xml"))
    assert (row["course"], row["status"], row["warnings"]) == ("cmi5", "COMPLETE", [])
    assert installation.json("inspect", str(tmp_path / "cmi5.xml"))["package"]["standard"] == "cmi5"
    (tmp_path / "untitled.zip").write_bytes(package(manifest_12().replace("<title>Course</title>", "")))
    (row,) = installation.json("import", str(tmp_path / "untitled.zip"))
    assert (row["status"], len(row["warnings"])) == ("COMPLETE", 1)
    (row,) = installation.json("import", "--strict", str(tmp_path / "untitled.zip"), code=1)
    assert (row["status"], "has no title" in row["message"]) == ("ERROR", True)
    table = installation.run("import", str(good))
    assert "COMPLETE" in table
    with serving(good.read_bytes()) as address:
        url = f"{address}On%20the%20web.zip?token=1"
        (row,) = installation.json("import", "--allow-private", url)
        assert (row["file"], row["course"], row["status"]) == (url, "On-the-web", "COMPLETE")
        # This machine is no public address; the package beside it is imported all the same.
        rows = installation.json("import", url, str(good), code=1)
        assert [(r["status"], "not public" in r["message"]) for r in rows] == [("ERROR", True), ("COMPLETE", False)]
    with serving(b"gone", status=404) as address:
        (row,) = installation.json("import", "--allow-private", f"{address}a.zip", code=1)
        assert (row["version"], row["message"]) == (None, "could not be fetched: the server answered 404")
    with serving(b"") as address:
        assert "empty" in installation.run("import", "--allow-private", f"{address}a.zip", code=1)
    installation.run("import", "ftp://example.org/a.zip", code=2)


def test_thumbnails_of_versions_imported_before_there_were_any(installation: Installation, tmp_path: Path) -> None:
    installation.json("bootstrap", "--no-demo")
    (tmp_path / "leaflet.pdf").write_bytes(pdf())
    (tmp_path / "plain.zip").write_bytes(build_zip())
    assert len(installation.json("import", str(tmp_path / "leaflet.pdf"), str(tmp_path / "plain.zip"))) == 2
    with installation.app().app_context():
        with unit_of_work() as current:
            current.execute(text("UPDATE course_versions SET thumbnail = NULL"))
        db.engine.dispose()
    rows = {row["course"]: row["status"] for row in installation.json("thumbnails")}
    assert (rows["leaflet"], len(rows)) == ("made", 2)
    assert "leaflet" not in {row["course"] for row in installation.json("thumbnails")}
    assert installation.json("thumbnails", "--tenant", "nobody", code=1)["error"]["code"] == "invalid"


def test_commands_before_the_first_start_say_what_to_do(sqlite: Installation, tmp_path: Path) -> None:
    package = tmp_path / "x.zip"
    package.write_bytes(build_zip())
    for arguments in (["credential", "create"], ["user", "list"], ["import", str(package)]):
        error = sqlite.json(*arguments, code=1)["error"]
        assert error["message"], arguments
    assert "REKAM_REDIS_URL is not set" in sqlite.json("worker", code=1)["error"]["message"]


def test_an_unreachable_database_is_said(sqlite: Installation) -> None:
    sqlite.database_url = "postgresql://nobody@127.0.0.1:1/none"
    error = sqlite.json("db", "status", code=1)["error"]
    assert error["code"] == "database"
    assert "the database cannot be used" in error["message"]


def test_doctor(sqlite: Installation) -> None:
    sqlite.json("bootstrap", "--no-demo")
    checks = {check["name"]: check for check in sqlite.json("doctor")}
    assert checks["database"]["state"] == "ok"
    assert checks["migrations"]["state"] == "ok"
    assert "broken" not in {check["state"] for check in checks.values()}
    sqlite.extra["REKAM_REDIS_URL"] = "redis://127.0.0.1:1/0"
    broken = {check["name"]: check["state"] for check in sqlite.json("doctor", code=1)}
    assert broken["redis"] == "broken"
    assert "redis" in sqlite.run("doctor", code=1)


STATEMENT = {
    "actor": {"mbox": "mailto:ayu@example.org"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://example.org/course"},
}
ATTACHED = "bytes of an attachment"


def statement_with_attachment(installation: Installation, auth: dict[str, str]) -> str:
    sha2 = hashlib.sha256(ATTACHED.encode()).hexdigest()
    attachment = {
        "usageType": "https://example.org/usage", "display": {"en": "A file"}, "contentType": "text/plain",
        "length": len(ATTACHED), "sha2": sha2,
    }  # fmt: skip
    first = json.dumps({**STATEMENT, "attachments": [attachment]})
    body = (
        f"--b\r\nContent-Type: application/json\r\n\r\n{first}\r\n--b\r\nContent-Type: text/plain\r\n"
        f"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n{ATTACHED}\r\n--b--\r\n"
    )
    app = installation.app()
    headers = {**auth, "X-Experience-API-Version": "2.0.0", "Content-Type": "multipart/mixed; boundary=b"}
    answer = app.test_client().post("/xapi/statements", base_url=HERE, data=body.encode(), headers=headers)
    assert answer.status_code == 200, answer.text
    with app.app_context():
        db.engine.dispose()
    statement: str = answer.json[0]
    return statement


@pytest.fixture(params=DATABASES)
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    """An installation and the place where it is brought back to, on each database."""
    urls = ["", ""] if request.param == "sqlite" else [make_postgres_database(), make_postgres_database()]
    yield Installation(tmp_path / "first", urls[0]), Installation(tmp_path / "second", urls[1])
    for url in filter(None, urls):
        drop_postgres_database(url)


def test_backup_restore_verify(two: tuple[Installation, Installation], tmp_path: Path) -> None:
    first, second = two
    made = first.json("bootstrap")
    auth = basic(made["key"], made["secret"])
    statement = statement_with_attachment(first, auth)
    archive = tmp_path / "all.tar"
    backup = first.json("backup", str(archive))
    assert (backup["rows"]["statements"], backup["archive"]) == (1, str(archive))
    assert archive.stat().st_mode & 0o077 == 0, "it holds the secret key"
    assert first.json("backup", str(archive), code=1)["error"]["code"] == "conflict"
    assert first.json("verify", str(archive))["problems"] == []
    assert first.json("restore", str(archive), code=1)["error"]["code"] == "conflict", "not over what is there"

    restored = second.json("restore", str(archive))
    assert restored["different"] == {}
    assert restored["rows"] == backup["rows"]
    assert second.json("verify")["problems"] == []
    assert second.json("db", "status") == {"pending": []}
    path = f"/xapi/statements?statementId={statement}&attachments=true"
    before, after = first.get(path, auth), second.get(path, auth)
    assert ATTACHED in after.text
    assert before.text.split("\r\n\r\n", 1)[1].count(statement) == after.text.split("\r\n\r\n", 1)[1].count(statement)
    assert second.get("/api/v2/courses", auth).json == first.get("/api/v2/courses", auth).json
    assert second.json("bootstrap")["course"] is None


def other_name(installation: Installation) -> None:
    """What a server beside us may do at any moment."""
    engine = installation.engine()
    row = {"key": new_id()[:32], "text": "x"}
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO agent_names VALUES (1, :key, :key, :text, :text)"), row)
    engine.dispose()


def test_a_backup_counts_what_it_holds_while_others_write(
    two: tuple[Installation, Installation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    first.json("bootstrap")
    name = "_postgres_tool" if first.database_url else "_copy_sqlite"
    genuine = getattr(backup, name)

    def under_load(*arguments: Any) -> Any:
        other_name(first)
        result = genuine(*arguments)
        other_name(first)
        return result

    with monkeypatch.context() as patched:
        patched.setattr(backup, name, under_load)
        first.json("backup", str(tmp_path / "all.tar"))
    assert second.json("restore", str(tmp_path / "all.tar"))["different"] == {}


def test_nobody_else_may_read_a_backup_while_it_is_written(
    sqlite: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.json("bootstrap")
    part, modes = tmp_path / "all.tar.part", []
    genuine = backup._add_blob

    def looking(*arguments: Any) -> None:
        modes.append(part.stat().st_mode & 0o777)
        genuine(*arguments)

    monkeypatch.setattr(backup, "_add_blob", looking)
    sqlite.json("backup", str(tmp_path / "all.tar"))
    assert set(modes) == {0o600}
    # Another one may be writing it: its file is left alone.
    part.write_bytes(b"half")
    (tmp_path / "all.tar").unlink()
    assert (
        "another backup is writing it" in sqlite.json("backup", str(tmp_path / "all.tar"), code=1)["error"]["message"]
    )
    assert part.read_bytes() == b"half"


def rewritten(archive: Path, target: Path, *, cut: dict[str, int], without: tuple[str, ...] = ()) -> Path:
    """The archive with bytes missing at the end of some files, and without some facts of its manifest."""
    with tarfile.open(archive) as source, tarfile.open(target, "w") as copy:
        for member in source:
            content = source.extractfile(member)
            assert content is not None
            data = content.read()
            data = data[: len(data) - cut.get(member.name, 0)]
            if member.name == backup.MANIFEST:
                data = json.dumps({k: v for k, v in json.loads(data).items() if k not in without}).encode()
            member.size = len(data)
            copy.addfile(member, io.BytesIO(data))
    return target


def test_damage_of_the_database_is_found_before_anything_is_restored(
    two: tuple[Installation, Installation], tmp_path: Path
) -> None:
    first, second = two
    first.json("bootstrap")
    archive = tmp_path / "all.tar"
    name = first.json("backup", str(archive))["database"]
    sound = archive.read_bytes()
    with tarfile.open(archive) as tar:
        member, secret = tar.getmember(name), tar.getmember("secret_key")
    for place, size, damaged in (
        (member.offset_data + member.size // 2, 20_000, name),
        (secret.offset_data, 4, "secret_key"),
    ):
        content = bytearray(sound)
        size = min(size, member.size // 4)
        content[place : place + size] = bytes(b ^ 1 for b in content[place : place + size])
        archive.write_bytes(content)
        assert first.json("verify", str(archive), code=1)["problems"] == [f"{damaged} is damaged"]
        assert f"{damaged} is damaged" in second.json("restore", str(archive), code=1)["error"]["message"]
    archive.write_bytes(sound)
    assert second.json("restore", str(archive))["different"] == {}


def test_archives_of_earlier_versions_are_restored(two: tuple[Installation, Installation], tmp_path: Path) -> None:
    first, second = two
    first.json("bootstrap")
    first.json("backup", str(tmp_path / "new.tar"))
    old = rewritten(tmp_path / "new.tar", tmp_path / "old.tar", cut={}, without=("files", "key_fingerprint"))
    assert first.json("verify", str(old))["problems"] == []
    assert second.json("restore", str(old))["warnings"] == []


def test_a_restore_that_stops_midway_leaves_the_database_empty(tmp_path: Path) -> None:
    urls = [make_postgres_database(), make_postgres_database()]
    first, second = (Installation(tmp_path / str(n), url) for n, url in enumerate(urls))
    first.json("bootstrap")
    first.json("backup", str(tmp_path / "all.tar"))
    broken = rewritten(
        tmp_path / "all.tar", tmp_path / "broken.tar", cut={backup.POSTGRES_DUMP: 100}, without=("files",)
    )
    assert "pg_restore failed" in second.json("restore", str(broken), code=1)["error"]["message"]
    engine = second.engine()
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert second.json("restore", str(tmp_path / "all.tar"))["different"] == {}
    for url in urls:
        drop_postgres_database(url)


def test_differences_are_told_to_people_too(sqlite: Installation, tmp_path: Path) -> None:
    sqlite.json("bootstrap")
    sqlite.json("backup", str(tmp_path / "all.tar"))
    less = tmp_path / "less.tar"
    with tarfile.open(tmp_path / "all.tar") as source:
        content = source.extractfile(backup.MANIFEST)
        assert content is not None
        rows = json.loads(content.read())["rows"]
    rewritten(tmp_path / "all.tar", less, cut={})
    less.write_bytes(
        less.read_bytes().replace(b'"tenants": %d' % rows["tenants"], b'"tenants": %d' % (rows["tenants"] + 1))
    )
    again = Installation(tmp_path / "again")
    assert f"tenants: {rows['tenants']} rows, {rows['tenants'] + 1} in the backup" in again.run(
        "restore", str(less), code=1
    )


def test_a_restore_under_another_secret_key_says_what_will_not_work(sqlite: Installation, tmp_path: Path) -> None:
    sqlite.extra["REKAM_SECRET_KEY"] = "k" * 40
    sqlite.json("bootstrap")
    archive = tmp_path / "all.tar"
    sqlite.json("backup", str(archive))
    old = rewritten(archive, tmp_path / "old.tar", cut={}, without=("key_fingerprint",))
    cases = (
        ("", archive, "is not the one"),
        ("j" * 40, archive, "is not the one"),
        ("k" * 40, archive, ""),
        ("", old, "may be another"),
    )
    for number, (key, source, warning) in enumerate(cases):
        into = Installation(tmp_path / f"into{number}", extra={"REKAM_SECRET_KEY": key})
        found = into.json("restore", str(source))["warnings"]
        assert [w for w in found if warning in w and "no credential works" in w] if warning else found == []
    ran = CliRunner().invoke(main, ["restore", str(archive)], env=Installation(tmp_path / "people").environment)
    assert (ran.exit_code, "Warning: The backup was made with REKAM_SECRET_KEY set" in ran.stderr) == (0, True)


def test_a_blob_that_is_swept_while_a_backup_is_made(
    two: tuple[Installation, Installation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missed only where the copied database speaks of it."""
    first, second = two
    made = first.json("bootstrap")
    statement_with_attachment(first, basic(made["key"], made["secret"]))
    with (app := first.app()).app_context():
        orphan = blobs().put(io.BytesIO(b"nobody names it")).sha256
        attached = blobs().put(io.BytesIO(ATTACHED.encode())).sha256
        db.engine.dispose()
    del app
    genuine, going = backup._add_blob, [orphan]

    def swept_before(archive: tarfile.TarFile, store: BlobStore, sha256: str) -> None:
        if sha256 in going:
            store.delete(sha256)
        genuine(archive, store, sha256)

    monkeypatch.setattr(backup, "_add_blob", swept_before)
    count = first.json("backup", str(tmp_path / "all.tar"))["blobs"]
    assert second.json("verify", str(tmp_path / "all.tar"))["problems"] == []
    assert second.json("restore", str(tmp_path / "all.tar"))["different"] == {}
    assert second.json("verify")["problems"] == []
    assert count == sum(len(path.name) == 64 for path in (first.folder / "blobs").rglob("*"))
    going.append(attached)
    told = first.json("backup", str(tmp_path / "again.tar"), code=1)["error"]["message"]
    assert f"the blob {attached} was deleted while the backup was made" in told
    assert not (tmp_path / "again.tar").exists()


def test_verify_finds_damage(sqlite: Installation, tmp_path: Path) -> None:
    made = sqlite.json("bootstrap")
    statement_with_attachment(sqlite, basic(made["key"], made["secret"]))
    archive = tmp_path / "all.tar"
    sqlite.json("backup", str(archive))
    assert sqlite.json("verify")["problems"] == []
    damaged = bytearray(archive.read_bytes())
    place = damaged.index(ATTACHED.encode())
    damaged[place] ^= 1
    archive.write_bytes(damaged)
    assert "is damaged" in sqlite.json("verify", str(archive), code=1)["problems"][0]
    archive.write_bytes(damaged[: len(damaged) // 2])
    assert sqlite.json("verify", str(archive), code=1)

    blobs = [path for path in (sqlite.folder / "blobs").rglob("*") if path.is_file()]
    attached = next(path for path in blobs if path.read_bytes() == ATTACHED.encode())
    page = next(path for path in blobs if path.read_bytes().startswith(b"<!doctype html"))
    attached.unlink()
    page.chmod(0o600)
    page.write_bytes(b"something else")
    with (app := sqlite.app()).app_context():
        session().execute(text("DELETE FROM statement_references"))
        session().commit()
        assert verification.verify()[-1].endswith("is not found by everything it says")
        session().execute(text("UPDATE statements SET body = '{'"))
        session().commit()
        db.engine.dispose()
    del app
    problems = sqlite.json("verify", code=1)["problems"]
    assert [p for p in problems if attached.name in p and "attachment" in p and "missing" in p]
    assert [p for p in problems if page.name in p and "damaged" in p]
    assert [p for p in problems if p.startswith("application ") and "cannot be read" in p]


def test_the_installed_command(sqlite: Installation) -> None:
    """As a program of its own: errors on stderr for people, JSON on stdout for machines."""
    program = Path(sys.executable).parent / "rekam"
    environment = {**os.environ, **sqlite.environment, "REKAM_TYPO": "1"}
    for arguments in ([], ["--json"]):
        ran = subprocess.run(
            [program, *arguments, "config"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 1
        told, silent = (ran.stdout, ran.stderr) if arguments else (ran.stderr, ran.stdout)
        assert "unknown setting REKAM_TYPO" in told
        assert silent == ""


# --- Ctrl-C -------------------------------------------------------------------------------------------------------


def listen_to_ctrl_c() -> None:
    """What runs the tests may itself be in the background, where Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 1.0, 2.0])
def test_ctrl_c_ends_with_130_and_no_traceback_whenever_it_comes(tmp_path: Path, seconds: float) -> None:
    read, write = os.pipe()  # standard input that never ends
    with os.fdopen(read), os.fdopen(write, "w"):
        process = subprocess.Popen(
            [sys.executable, "-c", "from server.cli import main; print('begun', flush=True); main()",
             "--data-dir", str(tmp_path), "migrate", "--from", "http://localhost:9", "--key", "k", "--secret-stdin"],
            cwd=ROOT, text=True, stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=listen_to_ctrl_c,
        )  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == ""


def test_ctrl_c_before_gunicorn_handles_signals() -> None:
    process = subprocess.Popen(
        [sys.executable, "-v", "-m", "server.cli.gunicorn", "--check-config", "wsgi:app"],
        cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        preexec_fn=listen_to_ctrl_c,
    )  # fmt: skip
    assert process.stderr
    while "gunicorn.app" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
