"""Purging and erasing: what goes, what stays, who finds what afterwards, and that it does not come back."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from core import clock, outbox, remembered
from core.audit import AuditEntry
from core.blobs import blobs
from core.db import session, unit_of_work
from core.events import Event
from core.outbox import OutboxRow
from lrs import documents, erasure, importing, metadata, query, rejections
from lrs.documents import Place
from lrs.identity import ifi
from lrs.models import AgentName, Attachment, Document, StatementReference, StatementRow, StatementTarget
from lrs.query import Filters
from server import cleansing, forwarding, outbound, removals, storage
from server.webhooks import subscriptions
from server.webhooks.models import Attempt
from tests.conftest import TestTenant, problems_of
from tests.lrs.builders import V2, agent, new_uuid, ref, statement, voiding
from tests.server.api.conftest import work
from tests.server.conftest import Run
from tests.server.test_transfer import found, post, post_with_attachment


def bodies(tenant: TestTenant) -> dict[str, Any]:
    session().rollback()
    rows = session().scalars(select(StatementRow).where(StatementRow.tenant_id == tenant.id))
    return {row.id: msgspec.json.decode(row.body) for row in rows if row.body is not None}


def purge(rekam: Run, tenant: TestTenant, *options: object) -> dict[str, Any]:
    done = rekam("statements", "purge", "--tenant", tenant.app_id, "--json", "--yes", *options)
    assert done.exit_code == 0, done.output
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def erase(rekam: Run, tenant: TestTenant, *options: object) -> dict[str, Any]:
    done = rekam("erase", "--tenant", tenant.app_id, "--json", "--yes", *options)
    assert done.exit_code == 0, done.output
    value: dict[str, Any] = json.loads(done.stdout)
    return value


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the webhooks of these tests are sent goes nowhere, and at once."""

    def request(*_: Any, **__: Any) -> Any:
        raise outbound.Failed("nobody listens")

    monkeypatch.setattr(outbound, "request", request)


# --- purge --------------------------------------------------------------------------------------------------------


def test_purge_by_time(rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant) -> None:
    old = [statement(id=new_uuid(), stored=f"20{n}-01-01T00:00:00Z") for n in (18, 19, 20)]
    path = tmp_path / "old"
    path.write_text("\n".join(map(json.dumps, old)))
    assert rekam("statements", "import", path, "--tenant", tenant.app_id).exit_code == 0
    new = new_uuid()
    post(client, tenant, statement(id=new))
    dry = purge(rekam, tenant, "--until", "2019-06-30", "--dry-run")
    assert (dry["statements"], dry["oldest"][:4], dry["newest"][:4]) == (2, "2018", "2019")
    assert len(bodies(tenant)) == 4
    assert purge(rekam, tenant, "--until", "2019-06-30")["statements"] == 2
    assert set(bodies(tenant)) == {old[2]["id"], new}
    assert problems_of(tenant.id) == []
    actions = session().scalars(select(AuditEntry.action).where(AuditEntry.tenant_id == tenant.id)).all()
    assert {"purge.started", "purge.purged"} <= set(actions)


def test_purge_of_more_than_a_batch_by_query(
    rekam: Run, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrs.purging.BATCH", 3)
    post(client, tenant, *[statement(actor=agent("ben")) for _ in range(7)], statement())
    post(client, other_tenant, statement(actor=agent("ben")))
    assert purge(rekam, tenant, "--agent", "ben@example.com", "--dry-run")["statements"] == 7
    assert purge(rekam, tenant, "--agent", "ben@example.com")["statements"] == 7
    assert (len(found(tenant)), len(found(other_tenant))) == (1, 1)


def test_purge_keeps_what_points_at_it_true(rekam: Run, client: FlaskClient, tenant: TestTenant) -> None:
    target, pointer = new_uuid(), new_uuid()
    post(client, tenant, statement(id=target, actor=agent("ben")), statement(id=pointer, object=ref(target)))
    assert found(tenant, agent=agent("ben")) == [pointer, target]
    assert purge(rekam, tenant, "--id", target)["statements"] == 1
    assert found(tenant, agent=agent("ben")) == []
    assert problems_of(tenant.id) == []
    # Stored again it is pointed at again.
    post(client, tenant, statement(id=target, actor=agent("ben")))
    assert found(tenant, agent=agent("ben")) == [target, pointer]
    assert problems_of(tenant.id) == []


def test_a_voiding_statement_goes_only_with_its_target(rekam: Run, client: FlaskClient, tenant: TestTenant) -> None:
    target, void = new_uuid(), new_uuid()
    post(client, tenant, statement(id=target), voiding(target, id=void))
    value = purge(rekam, tenant, "--verb", "http://adlnet.gov/expapi/verbs/voided")
    assert (value["statements"], value["kept"]) == (0, 1)
    assert purge(rekam, tenant, "--id", target, "--id", void, "--dry-run")["statements"] == 2
    assert purge(rekam, tenant, "--id", target, "--id", void)["statements"] == 2
    for table in (StatementRow, StatementReference, StatementTarget):
        assert session().scalar(select(func.count()).where(table.tenant_id == tenant.id)) == 0


@pytest.mark.parametrize("nested", [False, True])
def test_bytes_that_nothing_declares_go_with_the_next_sweep(
    rekam: Run, app: Flask, client: FlaskClient, tenant: TestTenant, nested: bool
) -> None:
    kept = post_with_attachment(client, tenant, b"kept" + tenant.app_id.encode(), nested=nested)
    keeper = found(tenant)[0]
    gone = post_with_attachment(client, tenant, b"gone" + tenant.app_id.encode(), nested=nested)
    goner = found(tenant)[0]
    assert purge(rekam, tenant, "--id", goner)["attachments"] == 1
    left = session().scalars(select(Attachment.sha2).where(Attachment.tenant_id == tenant.id)).all()
    assert (list(left), blobs().exists(gone)) == ([kept], True)
    storage.sweep(0)
    assert (blobs().exists(kept), blobs().exists(gone)) == (True, False)
    assert keeper in bodies(tenant)


def test_purge_refuses_everything_and_asks(rekam: Run, tenant: TestTenant) -> None:
    assert rekam("statements", "purge", "--tenant", tenant.app_id, "--yes").exit_code == 1
    assert rekam("statements", "purge", "--tenant", tenant.app_id, "--until", "2020-01-01").exit_code == 2
    assert rekam("statements", "purge", "--tenant", tenant.app_id, "--yes", "--until", "soon").exit_code == 1


def test_what_only_says_how_a_filter_is_meant_is_none(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant
) -> None:
    post(client, tenant, statement())
    for option, word in (("--related-agents", "agent"), ("--related-activities", "activity")):
        for command in (("statements", "purge", "--yes"), ("statements", "export", tmp_path / "out")):
            done = rekam(*command, "--tenant", tenant.app_id, option, "--verb", "http://example.com/verbs/did")
            assert (done.exit_code, f"the {word} is missing" in done.output) == (1, True), done.output
    for body in ({"relatedAgents": True}, {"relatedActivities": True, "until": "2999-01-01T00:00:00Z"}):
        answer = client.post("/api/v2/statements/purge", json=body | {"dryRun": False}, headers=tenant.auth)
        assert (answer.status_code, "is missing" in answer.json["message"]) == (400, True)
        given = {"url": "https://other.example/xapi", "key": "k", "secret": "s", "filter": body}
        assert client.post("/api/v2/forwarders", json=given, headers=tenant.auth).status_code == 400
    assert len(bodies(tenant)) == 1


def test_who_is_asked_is_told_how_many(
    rekam: Run, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal the question comes after a dry run."""
    monkeypatch.setattr("server.cli.statements._must_answer", lambda *_: None)
    post(client, tenant, statement(actor=agent("ben")), statement(actor=agent("ben")), statement())
    options = ("statements", "purge", "--tenant", tenant.app_id, "--agent", "ben@example.com")
    asked = rekam(*options, input="n\n")
    assert (asked.exit_code, "2 statements would be deleted (stored 2" in asked.output) == (1, True)
    assert len(bodies(tenant)) == 3
    assert "2 statements were deleted" in rekam(*options, input="y\n").output
    assert rekam(*options, "--dry-run").output.strip() == "0 statements would be deleted"
    erasing = ("erase", "--tenant", tenant.app_id, "--agent", "Ada@example.com")
    asked = rekam(*erasing, input="n\n")
    assert "would be: 1 statement deleted, 0 pseudonymised" in asked.output
    assert (asked.exit_code, len(bodies(tenant))) == (1, 1)
    assert "1 other spelling found" in rekam(*erasing, input="y\n").output
    assert bodies(tenant) == {}


# --- erasure ------------------------------------------------------------------------------------------------------

SHA1 = hashlib.sha1(b"mailto:ada@example.com").hexdigest()
ACCOUNT = {"account": {"homePage": "https://lms.example.com", "name": "ada-no-7"}}
PHOTO = {
    "usageType": "http://adlnet.gov/expapi/attachments/signature", "display": {"en": "s"}, "length": 3,
    "contentType": "application/octet-stream", "sha2": "0" * 64, "fileUrl": "https://e.com/s",
}  # fmt: skip


@pytest.fixture
def life(client: FlaskClient, tenant: TestTenant) -> dict[str, str]:
    """A person in every role, under every identifier; the statements by name."""
    with unit_of_work():
        subscriptions.create(tenant.id, "https://hooks.example.com/", events=["statements.*"])
    ids = {name: new_uuid() for name in (
        "did", "hashed", "account", "alone", "object", "team", "member", "instructor", "sub", "told", "other", "pointer", "void",
    )}  # fmt: skip
    ada = agent() | {"name": "Ada Lovelace"}
    team = {"objectType": "Group", "name": "Team", "member": [ada, agent("ben")]}
    sent = {
        "did": statement(actor=ada),
        "hashed": statement(actor={"mbox_sha1sum": SHA1}),
        "account": statement(actor=ACCOUNT),
        "alone": statement(actor={"objectType": "Group", "member": [ada]}),
        "object": statement(actor=agent("ben"), object=ada | {"objectType": "Agent"}),
        "team": statement(actor=agent("ben"), context={"team": team}),
        "member": statement(actor={"objectType": "Group", "mbox": "mailto:team@example.com", "member": [ada, agent("ben")]}),
        "instructor": statement(actor=agent("ben"), context={"instructor": ada}),
        "sub": statement(actor=agent("ben"), object=statement(objectType="SubStatement", actor=ada, attachments=[PHOTO])),
        "told": statement(
            actor=agent("ben"), context={"instructor": ada}, attachments=[PHOTO],
            result={"response": "mail Ada@Example.com", "score": {"raw": 1.10}},
        ),
        "other": statement(actor=agent("ben")),
        "pointer": statement(actor=agent("ben"), object=ref(ids["did"])),
        "void": voiding(ids["hashed"], actor=agent("admin")),
    }  # fmt: skip
    for name, one in sent.items():
        post(client, tenant, one | {"id": ids[name]})
    with unit_of_work():
        documents.put(Place(tenant.id, "state", "http://e.com/a", ifi(agent())), "s", b"1", "text/plain")
        documents.put(Place(tenant.id, "agent_profile", None, ifi(ACCOUNT)), "p", b"1", "text/plain")
        documents.put(Place(tenant.id, "agent_profile", None, ifi(agent("ben"))), "p", b"1", "text/plain")
    return ids


OPTIONS = ("--agent", "ada@example.com", "--agent", json.dumps(ACCOUNT))
THEIRS = {"did", "hashed", "account", "alone"}
OTHERS = {"object", "team", "member", "instructor", "sub", "told"}


TABLES: tuple[type[Any], ...] = (
    StatementRow, Document, AgentName, Event, AuditEntry, removals.Removal, erasure.ErasedIdentifier, rejections.Rejection,
    forwarding.Forwarder, forwarding.Refusal, Attempt, OutboxRow,
)  # fmt: skip


def everything(tenant: TestTenant) -> str:
    """All that the database says of the tenant, in one text."""
    session().rollback()
    found = []
    for table in TABLES:
        for row in session().scalars(select(table).where(table.tenant_id == tenant.id)):
            found += [repr(getattr(row, c.name)) for c in table.__table__.columns]
    return "\n".join(found).lower()


@pytest.mark.parametrize("mode", ["delete", "pseudonymise"])
def test_a_person_is_forgotten(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, life: dict[str, str], mode: str
) -> None:
    assert rekam("statements", "export", tmp_path / "out", "--tenant", tenant.app_id).exit_code == 0
    before = bodies(tenant)
    dry = erase(rekam, tenant, *OPTIONS, "--mode", mode, "--dry-run")
    assert bodies(tenant) == before
    value = erase(rekam, tenant, *OPTIONS, "--mode", mode, "--receipt", tmp_path / "receipt.json")
    expected = (4, 6) if mode == "delete" else (0, 10)
    assert (value["deleted"], value["pseudonymised"]) == expected
    assert (dry["deleted"], dry["pseudonymised"]) == expected
    assert (value["documents"], value["names"]) == (dry["documents"], dry["names"]) == (2, 1)
    assert value["events"] >= 4
    assert {"object", "team.member", "actor.member", "instructor", "subStatement.actor"} <= value["roles"].keys()
    assert json.loads((tmp_path / "receipt.json").read_text())["erasure"] == value["erasure"]

    after = bodies(tenant)
    gone = {life[n] for n in THEIRS} if mode == "delete" else set()
    assert set(after) == set(before) - gone
    text = everything(tenant)
    for word in ("ada@", "ada-no-7", SHA1, "lovelace"):
        assert word not in text, word
    # What is left is somebody else's, whole, and says 1.10 as it came.
    assert after[life["other"]] == before[life["other"]]
    assert "signature" not in (session().get_one(StatementRow, (tenant.id, life["sub"])).body or "")
    told = session().get_one(StatementRow, (tenant.id, life["told"])).body or ""
    assert ('"mail erased"' in told, '"raw":1.1' in told.replace(" ", ""), "signature" in told) == (True, True, False)
    assert problems_of(tenant.id) == []
    assert found(tenant, agent=agent(), related_agents=True) == []
    pseudonyms = {after[life[n]]["context"]["instructor"]["account"]["name"] for n in ("instructor", "told")}
    assert len(pseudonyms) == 1
    pseudonym = {"account": {"homePage": erasure.HOME, "name": pseudonyms.pop()}}
    wanted = OTHERS if mode == "delete" else OTHERS | THEIRS | {"pointer"}
    visible = {life[n] for n in wanted} - {life["hashed"]}
    assert set(found(tenant, agent=pseudonym, related_agents=True)) == visible | (
        {life["void"]} if mode != "delete" else set()
    )

    # A re-import neither resurrects nor conflicts.
    back = rekam("statements", "import", tmp_path / "out", "--tenant", tenant.app_id, "--json")
    assert back.exit_code == 0, back.output
    totals = json.loads(back.stdout)
    assert (totals["statements"]["erased"], totals["statements"]["stored"]) == (4 if mode == "delete" else 0, 0)
    assert totals["documents"]["erased"] == 2
    assert bodies(tenant) == after
    assert "ada@" not in everything(tenant)


def test_import_elsewhere_after_an_erasure(
    rekam: Run, tmp_path: Path, tenant: TestTenant, other_tenant: TestTenant, life: dict[str, str]
) -> None:
    """A tombstone stands in its own application only, and also for statements never seen before."""
    assert rekam("statements", "export", tmp_path, "--tenant", tenant.app_id).exit_code == 0
    erase(rekam, other_tenant, *OPTIONS)
    back = rekam("statements", "import", tmp_path, "--tenant", other_tenant.app_id, "--json")
    assert json.loads(back.stdout)["statements"] == {"stored": 9, "known": 0, "erased": 4}
    assert "ada@" not in everything(other_tenant)
    assert "ada@" in everything(tenant)


def test_a_name_is_noted_anew_after_an_erasure(rekam: Run, client: FlaskClient, tenant: TestTenant) -> None:
    """This process has seen the name; the erasure is another one's."""
    ada = agent() | {"name": "Ada"}
    post(client, tenant, statement(actor=ada))
    assert metadata.agent_names(tenant.id, ifi(ada) or "") == ["Ada"]
    erase(rekam, tenant, "--agent", "ada@example.com")
    assert metadata.agent_names(tenant.id, ifi(ada) or "") == []
    post(client, tenant, statement(actor=agent("ben")))
    assert metadata.agent_names(tenant.id, ifi(ada) or "") == []
    post(client, tenant, statement(actor=ada))
    session().rollback()
    assert metadata.agent_names(tenant.id, ifi(ada) or "") == ["Ada"]


def test_a_name_erased_on_another_machine_is_noted_after_a_while(
    client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = agent() | {"name": "Ada"}
    post(client, tenant, statement(actor=ada))
    with unit_of_work() as current:
        current.execute(delete(AgentName).where(AgentName.tenant_id == tenant.id))
    post(client, tenant, statement(actor=ada))
    assert metadata.agent_names(tenant.id, ifi(ada) or "") == []
    monkeypatch.setattr(remembered.time, "monotonic", lambda: time.monotonic_ns() / 1e9 + metadata.TRUST + 1)
    post(client, tenant, statement(actor=ada))
    session().rollback()
    assert metadata.agent_names(tenant.id, ifi(ada) or "") == ["Ada"]


def sha1(address: str) -> dict[str, str]:
    return {"mbox_sha1sum": hashlib.sha1(f"mailto:{address}".encode()).hexdigest()}


SPELLINGS: tuple[dict[str, Any], ...] = (
    {"mbox": "mailto:ada@example.com"}, {"mbox": "mailto:Ada@Example.COM"}, {"mbox": "mailto:ADA@example.com"},
    sha1("ada@example.com"), sha1("Ada@Example.COM"), {"mbox_sha1sum": sha1("ADA@example.com")["mbox_sha1sum"].upper()},
)  # fmt: skip
ELSE: tuple[dict[str, Any], ...] = (
    {"mbox": "mailto:nada@example.com"}, {"mbox": "mailto:ada@example.com.id"}, sha1("nada@example.com"),
    {"account": {"homePage": "https://lms.example.com/", "name": "ada-no-7"}},
    {"account": {"homePage": "https://lms.example.com", "name": "Ada-7"}},
    {"account": {"homePage": "https://LMS.example.com", "name": "ada-no-7"}},
    {"openid": "https://example.com/Ada"}, {"account": {"homePage": "mailto:ada@example.com", "name": "ada@example.com"}},
)  # fmt: skip


@pytest.mark.parametrize("known_as", [SPELLINGS[0], SPELLINGS[2], SPELLINGS[3], SPELLINGS[4], SPELLINGS[5]], ids=repr)
def test_every_spelling_of_a_mail_address(
    rekam: Run,
    tmp_path: Path,
    client: FlaskClient,
    tenant: TestTenant,
    monkeypatch: pytest.MonkeyPatch,
    known_as: dict[str, Any],
) -> None:
    monkeypatch.setattr("lrs.erasure.LOOK", 4)
    own = [statement(id=new_uuid(), actor=one) for one in SPELLINGS]
    instructed = [statement(id=new_uuid(), actor=agent("ben"), context={"instructor": one}) for one in SPELLINGS]
    # Met before what it is the same as.
    post(client, tenant, *instructed)
    others = [statement(id=new_uuid(), actor=one) for one in (*ELSE, ACCOUNT)]
    post(client, tenant, *others, *own)
    with unit_of_work():
        documents.put(
            Place(tenant.id, "agent_profile", None, "mbox\x1fmailto:aDa@example.com"), "p", b"1", "text/plain"
        )
    assert rekam("statements", "export", tmp_path, "--tenant", tenant.app_id).exit_code == 0

    options = ("--agent", json.dumps(known_as), "--agent", json.dumps(ACCOUNT))
    dry = erase(rekam, tenant, *options, "--dry-run")
    value = erase(rekam, tenant, *options)
    for done in (dry, value):
        assert (done["deleted"], done["pseudonymised"], done["documents"]) == (7, 6, 1)
        assert done["spellings"] >= 4
    left = bodies(tenant)
    assert {s["id"] for s in others[:-1]} | {s["id"] for s in instructed} == left.keys()
    pseudonyms = {left[s["id"]]["context"]["instructor"]["account"]["name"] for s in instructed}
    assert len(pseudonyms) == 1
    assert problems_of(tenant.id) == []

    back = json.loads(rekam("statements", "import", tmp_path, "--tenant", tenant.app_id, "--json").stdout)
    assert (back["statements"]["erased"], back["documents"]["erased"]) == (7, 1)
    assert bodies(tenant) == left


def test_a_short_account_name_is_not_everybody(client: FlaskClient, rekam: Run, tenant: TestTenant) -> None:
    """Rejected requests that speak of the person go, not those that merely contain the characters."""
    for name in ("7", "17"):
        actor = {"account": {"homePage": "https://lms.example.com", "name": name}}
        refused = client.post(
            "/xapi/statements", json=statement(actor=actor, verb={"id": "no"}), headers=tenant.auth | V2
        )
        assert refused.status_code == 400
    erase(rekam, tenant, "--agent", json.dumps({"account": {"homePage": "https://lms.example.com", "name": "7"}}))
    session().rollback()
    (kept,) = rejections.find(tenant.id)
    assert '"17"' in kept.body


class Interrupt:
    """Ctrl-C at the step of a removal with this number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left, self.step = at, removals.step
        monkeypatch.setattr(removals, "step", self)

    def __call__(self, tenant_id: int, removal_id: str) -> bool:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.step(tenant_id, removal_id)


def removals_of(tenant: TestTenant) -> list[removals.Removal]:
    session().rollback()
    return list(session().scalars(select(removals.Removal).where(removals.Removal.tenant_id == tenant.id)))


@pytest.mark.parametrize("at", [2, 3, 6, 8])
def test_an_erasure_that_was_interrupted_goes_on(
    rekam: Run, client: FlaskClient, tenant: TestTenant, life: dict[str, str], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("lrs.erasure.BATCH", 3)
    options = ("erase", "--tenant", tenant.app_id, *OPTIONS, "--yes")
    with monkeypatch.context() as patch:
        Interrupt(patch, at)
        assert rekam(*options).exit_code == 130
    late = new_uuid()
    post(client, tenant, statement(id=late, actor=agent()))
    # Another mode would be another erasure; a part of what the person is known as is covered.
    value = erase(rekam, tenant, *OPTIONS[:2])
    (row,) = removals_of(tenant)
    assert (row.status, row.request, row.id) == ("COMPLETE", {}, value["erasure"])
    assert (value["deleted"], value["pseudonymised"], value["documents"], value["names"]) == (5, 6, 2, 1)
    assert value["events"] >= 4
    text = everything(tenant)
    for word in ("ada@", "ada-no-7", SHA1, "lovelace"):
        assert word not in text, word
    assert problems_of(tenant.id) == []


def test_a_purge_that_was_interrupted_goes_on(
    rekam: Run, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrs.purging.BATCH", 2)
    target, void = new_uuid(), new_uuid()
    post(client, tenant, statement(id=target), voiding(target, id=void, actor=agent("ben")))
    post(client, tenant, *[statement(actor=agent("ben")) for _ in range(5)])
    options = ("statements", "purge", "--tenant", tenant.app_id, "--agent", "ben@example.com", "--yes")
    for extra, left in ((("--dry-run",), 0), ((), 1)):
        with monkeypatch.context() as patch:
            Interrupt(patch, 3)
            assert rekam(*options, *extra).exit_code == 130
        assert len(removals_of(tenant)) == left
    assert purge(rekam, tenant, "--agent", "eve@example.com")["statements"] == 0
    post(client, tenant, statement(actor=agent("ben")))
    done = rekam(*options)
    assert "Goes on with what was interrupted" in done.output
    assert "6 statements were deleted" in done.output
    assert "1 kept" in done.output
    assert [row.status for row in removals_of(tenant)] == ["COMPLETE"] * 2
    assert purge(rekam, tenant, "--agent", "ben@example.com")["statements"] == 0


def test_a_removal_that_was_given_up_goes_on_when_asked_again(
    client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client, tenant, statement())
    body = {"agents": [agent()], "dryRun": False}

    def ask() -> dict[str, Any]:
        made: dict[str, Any] = client.post("/api/v2/erasures", json=body, headers=tenant.auth).json
        return made

    made = ask()
    assert ask() == made, "its job is still to come"
    with unit_of_work() as current:
        (row,) = current.scalars(select(OutboxRow).where(*outbox.unfinished(tenant.id, removals.KIND)))
        row.tries = len(outbox.SCHEDULE)
    with monkeypatch.context() as broken:
        broken.setattr(removals, "step", lambda *_: 1 / 0)
        work()
    address = f"/api/v2/erasures/{made['jobId']}"
    assert client.get(address, headers=tenant.auth).json["status"] == "FAILED"
    assert ask() == made
    work()
    done = client.get(address, headers=tenant.auth).json
    assert (done["status"], done["result"]["deleted"], "error" in done["result"]) == ("COMPLETE", 1, False)


@pytest.mark.parametrize("known_as", ["ada@example.com", json.dumps({"mbox_sha1sum": SHA1})])
def test_an_import_that_runs_meanwhile_brings_nobody_back(
    rekam: Run, app: Flask, tenant: TestTenant, known_as: str
) -> None:
    """It has seen no tombstone, and commits when the erasure would have passed its place."""
    line = json.dumps(statement(id=new_uuid(), stored="2019-01-01T00:00:00Z", actor={"mbox": "mailto:ADA@example.com"}))
    told = {"objectType": "Agent", "account": {"homePage": "https://lms.example.com", "name": "import"}}
    paper = {"kind": "agent_profile", "id": "p", "contentType": "text/plain", "updated": "2019-01-01T00:00:00Z"}
    document = json.dumps(paper | {"agent": {"mbox": "mailto:ADA@example.com"}, "content": "1"})
    there = threading.Event()

    def bring() -> None:
        with app.app_context(), unit_of_work():
            importing.store_batch(tenant.id, [importing.read(line.encode(), "line 1", told)])
            importing.store_documents([importing.read_document(tenant.id, document.encode(), "line 1")])
            there.set()
            time.sleep(1.5)

    thread = threading.Thread(target=bring)
    thread.start()
    assert there.wait(10)
    session().rollback()
    value = erase(rekam, tenant, "--agent", known_as, "--agent", "ada@example.com")
    thread.join()
    assert (bodies(tenant), "ada@" in everything(tenant)) == ({}, False)
    assert (value["deleted"], value["documents"]) == (1, 1)


def test_a_dry_run_counts_a_statement_once(rekam: Run, client: FlaskClient, tenant: TestTenant) -> None:
    both = {"instructor": agent(), "team": {"objectType": "Group", "member": [ACCOUNT, {"mbox_sha1sum": SHA1}]}}
    post(client, tenant, statement(context=both), statement(actor=agent("ben"), context=both), statement(actor=ACCOUNT))
    for options in (("--dry-run",), ()):
        value = erase(rekam, tenant, *OPTIONS, *options)
        assert (value["deleted"], value["pseudonymised"]) == (2, 1), options


def test_a_receipt_that_cannot_be_written_is_known_before(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client, tenant, statement())
    options = ("erase", "--tenant", tenant.app_id, "--agent", "ada@example.com", "--yes", "--receipt")
    done = rekam(*options, tmp_path / "absent" / "ada.json")
    assert (done.exit_code, "cannot be written: No such file or directory" in done.output) == (1, True)
    assert (len(bodies(tenant)), removals_of(tenant)) == (1, [])
    # What was done is told, whatever becomes of the paper.
    with monkeypatch.context() as full:
        full.setattr("server.cli.statements.as_json", lambda value: 1 / 0)
        done = rekam(*options, tmp_path / "ada.json")
    assert (done.exit_code, "1 statement deleted" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


STRANGE: tuple[dict[str, Any], ...] = (
    {"account": {"homePage": "https://lms.example.com", "name": "José"}},
    {"account": {"homePage": "https://lms.example.com", "name": "CORP\\ada"}},
    {"account": {"homePage": "https://lms.example.com", "name": 'ada "7"'}},
    {"openid": "https://example.com/Jos%C3%A9"},
    {"mbox": "mailto:Ada@Example.com"},
)


@pytest.mark.parametrize("who", STRANGE, ids=repr)
def test_notes_of_a_person_however_json_writes_them(
    rekam: Run, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch, who: dict[str, Any]
) -> None:
    monkeypatch.setattr("server.cleansing.BATCH", 2)
    monkeypatch.setattr(rejections, "_bucket", rejections._Bucket())
    with unit_of_work():
        subscriptions.create(tenant.id, "https://hooks.example.com/", events=["statements.*"])
    other = {"account": {"homePage": "https://lms.example.com", "name": "Jose"}}
    post(client, tenant, statement(actor=who), *[statement(actor=other) for _ in range(4)])
    bad = statement(actor=who, verb={"id": "no"})
    ascii_, plain = json.dumps(bad), json.dumps(bad, ensure_ascii=False)
    # No client writes like this, but it is JSON.
    letters = re.sub(
        "(?<!\\\\)[a-zA-Zé]", lambda m: f"\\u{ord(m[0]):04X}", json.dumps([*who.values()], ensure_ascii=False)
    )
    kept = json.dumps(statement(actor=other, verb={"id": "no \\ no"}))
    sent = (ascii_, plain, ascii_[:-9], plain[:-9], letters, kept)
    for body in sent:
        headers = tenant.auth | V2 | {"Content-Type": "application/json"}
        assert client.post("/xapi/statements", data=body.encode(), headers=headers).status_code == 400
    assert len(rejections.find(tenant.id)) == 6
    assert erase(rekam, tenant, "--agent", json.dumps(who))["events"] == 1
    session().rollback()
    assert [one.body for one in rejections.find(tenant.id)] == [kept]
    (event,) = session().scalars(select(Event).where(Event.tenant_id == tenant.id, Event.type == "statements.stored"))
    assert cleansing.Person([ifi(who) or ""], erasure.Tombstones({})).is_in(json.dumps(event.payload)) is False


def test_what_was_noted_of_a_person_elsewhere(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, life: dict[str, str]
) -> None:
    """Audit log, purges that were asked for, filters of forwarders, what other servers answered."""
    who = json.dumps(ACCOUNT)
    assert rekam("statements", "export", tmp_path, "--tenant", tenant.app_id, "--agent", who).exit_code == 0
    purge(rekam, tenant, "--agent", who, "--until", "2020-01-01")
    purge(rekam, tenant, "--agent", "ada@example.com", "--dry-run", "--until", "2020-01-01")
    with unit_of_work() as current:
        id_ = forwarding.create(
            tenant.id, url="https://other.example/xapi", key="k", secret="s", filters={"agent": agent()}
        ).id
        current.get_one(forwarding.Forwarder, (tenant.id, id_)).last_error = "answered 500: not ADA@example.com"
        answer = f'no: {{"name":"ada-no-7"}} and {SHA1.upper()}'
        current.add(
            forwarding.Refusal(
                tenant_id=tenant.id,
                forwarder_id=id_,
                statement_id=life["did"],
                time=clock.now(),
                status=400,
                answer=answer,
            )
        )
    assert "ada@" in everything(tenant)
    erase(rekam, tenant, *OPTIONS)
    text = everything(tenant)
    for word in ("ada@", "ada-no-7", SHA1, "lovelace"):
        assert word not in text, word
    assert erasure.HOME in text


def test_an_erasure_ends_those_it_covers(
    rekam: Run, tenant: TestTenant, life: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Interrupt(patch, 2)
        assert rekam("erase", "--tenant", tenant.app_id, *OPTIONS[:2], "--yes").exit_code == 130
    value = erase(rekam, tenant, *OPTIONS)
    first, second = sorted(removals_of(tenant), key=lambda r: r.created)
    assert (first.status, first.request, second.id in first.result["error"]) == ("FAILED", {}, True)
    assert (second.status, second.request, second.id) == ("COMPLETE", {}, value["erasure"])


def test_removals_by_rest(app: Flask, client: FlaskClient, tenant: TestTenant, life: dict[str, str]) -> None:
    body = {"agents": [agent()], "mode": "delete", "dryRun": False}
    made = client.post("/api/v2/erasures", json=body, headers=tenant.auth).json
    assert made["status"] == "RUNNING"
    work()
    done = client.get(f"/api/v2/erasures/{made['jobId']}", headers=tenant.auth).json
    assert (done["status"], done["result"]["deleted"]) == ("COMPLETE", 3)
    assert client.get("/api/v2/erasures", headers=tenant.auth).json["erasures"] == [done]
    made = client.post(
        "/api/v2/statements/purge", json={"verb": "http://example.com/verbs/did", "dryRun": False}, headers=tenant.auth
    )
    work()
    done = client.get(f"/api/v2/statements/purge/{made.json['jobId']}", headers=tenant.auth).json
    assert (done["status"], done["result"]["statements"]) == ("COMPLETE", 9)
    page = query.newest(tenant.id, filters=Filters())
    assert [msgspec.json.decode(s)["id"] for s in page.statements] == [life["void"]]
    for bad in ({"dryRun": False}, {"verb": "x"}, {"agent": {}}, {"statementIds": ["x"]}, {"since": "soon"}):
        assert client.post("/api/v2/statements/purge", json=bad, headers=tenant.auth | V2).status_code == 400, bad
    for bad in ({"agents": []}, {"agents": [{}]}, {"agents": [agent()], "mode": "forgive"}):
        refused = client.post("/api/v2/erasures", json=bad, headers=tenant.auth)
        assert (refused.status_code, refused.json["code"]) == (400, "invalid"), bad


def test_a_misspelt_filter_deletes_nothing(client: FlaskClient, tenant: TestTenant, life: dict[str, str]) -> None:
    """Left out it would let everything through that the other filters do."""
    before = len(query.newest(tenant.id, filters=Filters()).statements)
    purge = {"until": "2100-01-01T00:00:00Z", "verbs": "http://example.com/verbs/none", "dryRun": False}
    refused = client.post("/api/v2/statements/purge", json=purge, headers=tenant.auth)
    assert (refused.status_code, refused.json["code"]) == (400, "invalid")
    assert "`verbs`" in refused.json["message"]
    erasure = {"agents": [agent()], "Mode": "pseudonymise", "dryRun": False}
    assert client.post("/api/v2/erasures", json=erasure, headers=tenant.auth).status_code == 400
    assert client.get("/api/v2/erasures", headers=tenant.auth).json["erasures"] == []
    assert len(query.newest(tenant.id, filters=Filters()).statements) == before


def test_a_long_removal_may_fail_now_and_then(
    client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each slice of it is a run of its job: that it goes on is no failure, and one that is given up says so."""
    monkeypatch.setattr("lrs.purging.BATCH", 1)
    monkeypatch.setattr(removals, "RUN_SECONDS", -1.0)
    post(client, tenant, *[statement() for _ in range(12)])
    body = {"verb": "http://example.com/verbs/did", "dryRun": False}
    id_ = client.post("/api/v2/statements/purge", json=body, headers=tenant.auth).json["jobId"]
    for _ in range(11):
        outbox.drain(50)
    monkeypatch.setattr(removals, "step", lambda *_: 1 / 0)
    moment = clock.now()
    with clock.frozen(moment):
        work()
    told = client.get(f"/api/v2/statements/purge/{id_}", headers=tenant.auth).json
    assert told["status"] == "RUNNING"
    for days in range(1, 10):
        with clock.frozen(moment + timedelta(days=2 * days)):
            work()
    told = client.get(f"/api/v2/statements/purge/{id_}", headers=tenant.auth).json
    assert (told["status"], told["result"]["error"][:17]) == ("FAILED", "ZeroDivisionError")
