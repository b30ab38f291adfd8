"""Export and import: everything comes back as it was, repeated and interrupted, and a bad line is named."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock
from core.db import session, unit_of_work
from lrs import consistency, documents, exporting, query
from lrs.documents import Place
from lrs.identity import ifi
from lrs.models import Document, StatementRow
from lrs.query import Filters
from server.transfer import exporter, importer, lines
from tests.conftest import TestTenant
from tests.lrs.builders import V2, agent, new_uuid, ref, statement, voiding
from tests.server.conftest import Run


def post(client: FlaskClient, tenant: TestTenant, *statements: dict[str, Any]) -> None:
    answer = client.post("/xapi/statements", json=list(statements), headers=tenant.auth | V2)
    assert answer.status_code == 200, answer.text


def post_with_attachment(client: FlaskClient, tenant: TestTenant, content: bytes, *, nested: bool = False) -> str:
    """``nested``: it is the SubStatement's."""
    sha2 = hashlib.sha256(content).hexdigest()
    one = statement(
        attachments=[
            {
                "usageType": "http://example.com/photo",
                "display": {"en": "A photo"},
                "contentType": "image/png",
                "length": len(content),
                "sha2": sha2,
            }
        ],
    )
    one = (statement(object={"objectType": "SubStatement", **one}) if nested else one) | {"id": new_uuid()}
    body = (
        b'--x\r\nContent-Type: application/json\r\n\r\n' + json.dumps(one).encode()
        + b"\r\n--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: "
        + sha2.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
    )  # fmt: skip
    headers = tenant.auth | V2 | {"Content-Type": "multipart/mixed; boundary=x"}
    answer = client.post("/xapi/statements", data=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return sha2


@pytest.fixture
def full(client: FlaskClient, tenant: TestTenant) -> str:
    """A tenant with one of everything; returns the SHA-2 of its attachment."""
    target, later = new_uuid(), new_uuid()
    post(client, tenant, statement(id=target, result={"score": {"raw": 1.10}}), statement(actor=agent("ben")))
    post(client, tenant, voiding(target, actor=agent("admin")))
    post(client, tenant, statement(object=ref(later)), statement(id=later, verb={"id": "http://example.com/verbs/saw"}))
    sha2 = post_with_attachment(client, tenant, b"\x89PNG\0bytes")
    post_with_attachment(client, tenant, b"nested bytes", nested=True)
    ada = ifi(agent())
    with unit_of_work():
        state = Place(tenant.id, "state", "http://example.com/a", ada, new_uuid())
        documents.put(state, "bookmark", b'{"page": 3}', "application/json")
        documents.put(Place(tenant.id, "agent_profile", None, ada), "photo", b"\xff\0\x01", "image/png")
        documents.put(
            Place(tenant.id, "activity_profile", "http://example.com/a"), "words", "ärger".encode(), "text/plain"
        )
    return sha2


def statements_of(tenant: TestTenant) -> dict[str, tuple[str | None, bool, int | None]]:
    rows = session().scalars(select(StatementRow).where(StatementRow.tenant_id == tenant.id))
    return {row.id: (row.body, row.voided, row.authority) for row in rows}


def documents_of(tenant: TestTenant) -> dict[Any, Any]:
    rows = session().scalars(select(Document).where(Document.tenant_id == tenant.id))
    return {(r.owner, r.registration, r.id): (r.content, r.content_type, r.etag, r.updated) for r in rows}


def found(tenant: TestTenant, **filters: Any) -> list[str]:
    return [msgspec.json.decode(s)["id"] for s in query.newest(tenant.id, filters=Filters(**filters)).statements]


def test_everything_comes_back_as_it_was(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, full: str
) -> None:
    done = rekam("statements", "export", tmp_path / "out", "--tenant", tenant.app_id, "--json")
    assert done.exit_code == 0, done.output
    assert (json.loads(done.stdout)["statements"], json.loads(done.stdout)["attachments"]) == (7, 2)
    back = rekam("statements", "import", tmp_path / "out", "--tenant", other_tenant.app_id, "--json")
    assert back.exit_code == 0, back.output
    assert json.loads(back.stdout)["statements"] == {"stored": 7, "known": 0, "erased": 0}
    # Byte for byte, with `stored`, `authority` and `version`; the voided one is voided.
    assert statements_of(other_tenant) == statements_of(tenant)
    assert documents_of(other_tenant) == documents_of(tenant)
    for filters in ({"agent": agent()}, {"verb": "http://example.com/verbs/saw"}, {"agent": agent("admin")}, {}):
        assert found(other_tenant, **filters) == found(tenant, **filters)
    answer = client.get("/xapi/statements?attachments=true", headers=other_tenant.auth | V2)
    assert b"\x89PNG\0bytes" in answer.data
    assert b"nested bytes" in answer.data
    again = rekam("statements", "import", tmp_path / "out", "--tenant", other_tenant.app_id, "--json")
    assert json.loads(again.stdout)["statements"] == {"stored": 0, "known": 7, "erased": 0}
    assert json.loads(again.stdout)["documents"] == {"stored": 0, "known": 3, "erased": 0}
    assert statements_of(other_tenant) == statements_of(tenant)


def test_a_filtered_export_is_what_the_resource_answers(
    rekam: Run, tmp_path: Path, tenant: TestTenant, full: str
) -> None:
    done = rekam("statements", "export", tmp_path, "--tenant", tenant.app_id, "--agent", "ben@example.com", "--json")
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "statements.ndjson").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == found(tenant, agent=agent("ben"))
    other = rekam("statements", "export", tmp_path, "--tenant", tenant.app_id)
    assert other.exit_code == 1
    assert "with other filters" in other.output


@pytest.mark.parametrize("filters", [(), ("--agent", "mailto:ada@example.com")])
def test_an_export_of_large_statements_has_them_all(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, filters: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(query, "PAGE_BYTES", 10_000)
    ids = [new_uuid() for _ in range(7)]
    post(client, tenant, *[statement(id=i, result={"response": "x" * 4_000}) for i in ids])
    batches: list[int] = []
    genuine = exporter._attachments

    def counting(tenant_id: int, target: Path, bodies: list[bytes], without: list[str]) -> int:
        batches.append(len(bodies))
        return genuine(tenant_id, target, bodies, without)

    monkeypatch.setattr(exporter, "_attachments", counting)
    done = rekam("statements", "export", tmp_path, "--tenant", tenant.app_id, *filters)
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "statements.ndjson").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids
    assert batches == [3, 3, 1]


def test_an_interrupted_export_goes_on_and_a_later_one_adds(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        post(client, tenant, statement(), statement())
    monkeypatch.setattr(exporting, "BATCH", 2)
    monkeypatch.setattr(exporter, "EVERY", 1)
    calls = 0

    def dies(*_: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError("the disk is gone")
        return 0

    with monkeypatch.context() as broken:
        broken.setattr(exporter, "_attachments", dies)
        assert rekam("statements", "export", tmp_path, "--tenant", tenant.app_id).exit_code == 1
    with (tmp_path / "statements.ndjson").open("ab") as half:
        half.write(b'{"half a li')
    assert rekam("statements", "export", tmp_path, "--tenant", tenant.app_id).exit_code == 0
    post(client, tenant, statement())
    done = rekam("statements", "export", tmp_path, "--tenant", tenant.app_id, "--json")
    assert json.loads(done.stdout)["statements"] == 11
    # Where it goes on, milliseconds since 1970 shifted by 22 bits, is the same number for ever.
    (last,) = query.newest(tenant.id, limit=1).positions
    reached = int(json.loads((tmp_path / "export.json").read_text())["position"])
    assert (reached >> 22, reached) == (consistency.moment_of(last), consistency.cursor_of(last))
    lines = (tmp_path / "statements.ndjson").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == found(tenant)[::-1]


def test_an_export_stopped_before_its_first_checkpoint_goes_on(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "BATCH", 2)
    genuine, batches = exporter._attachments, 0

    def interrupted(*arguments: Any) -> int:
        nonlocal batches
        batches += 1
        written = genuine(*arguments)
        if batches == 3:  # the one with the attachment, whose file is there now
            raise KeyboardInterrupt
        return written

    with monkeypatch.context() as broken:
        broken.setattr(exporter, "_attachments", interrupted)
        assert rekam("statements", "export", tmp_path, "--tenant", tenant.app_id).exit_code == 130
    stopped = json.loads((tmp_path / "export.json").read_text())
    assert (stopped["statements"], stopped["complete"]) == (4, False)
    done = rekam("statements", "export", tmp_path, "--tenant", tenant.app_id, "--json")
    value = json.loads(done.stdout)
    assert (value["statements"], value["new"], value["attachments"]) == (7, 3, 2), done.output
    lines = (tmp_path / "statements.ndjson").read_text().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 7


@pytest.mark.parametrize("filters", [[], ["--agent", "ben@example.com"]])
def test_an_export_cannot_be_continued_where_its_past_has_changed(
    rekam: Run, tmp_path: Path, tenant: TestTenant, full: str, filters: list[str]
) -> None:
    export = ("statements", "export", tmp_path / "out", "--tenant", tenant.app_id, *filters)
    assert rekam(*export).exit_code == 0
    assert rekam(*export).exit_code == 0
    late = [statement(id=new_uuid(), actor=agent("ben"), stored="2020-01-01T00:00:00Z") for _ in range(3)]
    path = tmp_path / "late.ndjson"
    path.write_text("\n".join(map(json.dumps, late)))
    assert rekam("statements", "import", path, "--tenant", tenant.app_id).exit_code == 0
    refused = rekam(*export)
    assert refused.exit_code == 1
    assert "statements brought into the time that it covers: 3;" in refused.output
    (anew := list(export))[2] = tmp_path / "anew"
    done = json.loads(rekam(*anew, "--json").stdout)
    assert (done["statements"], done["complete"]) == (4 if filters else 10, True)
    ids = [argument for one in late[:2] for argument in ("--id", one["id"])]
    assert rekam("statements", "purge", *ids, "--yes", "--tenant", tenant.app_id).exit_code == 0
    assert "statements deleted from the time that it covers: 2;" in rekam(*anew).output


def test_what_comes_into_the_past_during_an_export_is_told(
    rekam: Run, tmp_path: Path, tenant: TestTenant, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = exporter._documents

    def meanwhile(*arguments: Any) -> int:
        path = tmp_path / "late.ndjson"
        path.write_text(json.dumps(statement(stored="2020-01-01T00:00:00Z")))
        importer.import_path(
            importer.Importer(tenant.id, lambda _: None), path, restart=False, tell=lambda *_: None, say=print
        )
        return genuine(*arguments)

    monkeypatch.setattr(exporter, "_documents", meanwhile)
    done = rekam("statements", "export", tmp_path / "out", "--tenant", tenant.app_id)
    assert (done.exit_code, "statements brought into the time that it covers: 1;" in done.output) == (1, True), (
        done.output
    )
    assert json.loads((tmp_path / "out" / "export.json").read_text())["complete"] is False


def test_what_an_export_leaves_out_stays_the_same(rekam: Run, tmp_path: Path, tenant: TestTenant, full: str) -> None:
    export = ("statements", "export", tmp_path, "--tenant", tenant.app_id)
    assert rekam(*export, "--no-attachments").exit_code == 0
    for other in ([], ["--no-documents"], ["--no-attachments", "--no-documents"]):
        refused = rekam(*export, *other)
        assert (refused.exit_code, "another choice of attachments" in refused.output) == (1, True), refused.output
    assert rekam(*export, "--no-attachments").exit_code == 0


def test_a_bad_line_is_named_and_its_batch_left_out(
    rekam: Run, tmp_path: Path, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BATCH", 2)
    good = [statement(id=new_uuid(), stored=f"2020-01-0{n}T00:00:00.500Z") for n in range(1, 6)]
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(map(json.dumps, [*good[:3], statement(verb={"id": "no iri"}), *good[3:]])))
    failed = rekam("statements", "import", path, "--tenant", tenant.app_id)
    assert failed.exit_code == 1
    assert "lines.ndjson line 4: $.verb.id" in failed.output
    assert "Stopped: 2 statements stored, 0 were there already" in failed.output
    assert "Run it again to go on from here once the line is right; --rejects FILE" in failed.output
    assert set(statements_of(tenant)) == {s["id"] for s in good[:2]}
    # Corrected, it goes on; by --rejects it would have gone on at once.
    path.write_text("\n".join(map(json.dumps, [*good[:3], statement(id=new_uuid()), *good[3:]])))
    done = rekam("statements", "import", path, "--tenant", tenant.app_id)
    assert "lines.ndjson: going on at line 3" in done.output
    assert "4 statements stored, 0 were there already" in done.output


def test_another_file_under_the_same_name_is_read_from_its_first_line(
    rekam: Run, tmp_path: Path, tenant: TestTenant, other_tenant: TestTenant, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BATCH", 2)
    into, path = ("--tenant", other_tenant.app_id), tmp_path / "daily.ndjson"
    for day in range(2):
        today = [statement(id=new_uuid(), result={"response": f"day {day}"}) for _ in range(3)]
        path.write_text("\n".join(map(json.dumps, [*today, "no statement"])))
        stopped = rekam("statements", "import", path, *into)
        assert (stopped.exit_code, "2 statements stored" in stopped.output) == (1, True), stopped.output
    assert "daily.ndjson: not the file whose import stopped at line 2; beginning at line 1" in stopped.output
    assert len(statements_of(other_tenant)) == 4

    # An export writes its documents anew.
    assert rekam("statements", "export", tmp_path / "out", "--tenant", tenant.app_id).exit_code == 0
    written = tmp_path / "out" / "documents.ndjson"
    content = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join(content[:2]) + b"{broken\n" + content[2])
    assert rekam("statements", "import", tmp_path / "out", *into).exit_code == 1
    assert len(documents_of(other_tenant)) == 2
    written.write_bytes(b"".join(reversed(content)))
    assert rekam("statements", "import", tmp_path / "out", *into).exit_code == 0
    assert documents_of(other_tenant) == documents_of(tenant)


def test_a_byte_order_mark_is_no_part_of_the_first_line(rekam: Run, tmp_path: Path, tenant: TestTenant) -> None:
    path = tmp_path / "windows.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(statement(id=new_uuid())).encode() + b"\r\n")
    for source, given in ((path, None), ("-", path.read_bytes())):
        done = rekam("statements", "import", source, "--tenant", tenant.app_id, input=given)
        assert done.exit_code == 0, done.output
    assert len(statements_of(tenant)) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[\n  {"actor": {}}\n]\n', "line 1: is the beginning of an array; write one statement a line"),
        ('{"actor":\n', "line 1: is not JSON: "),
        ("7\n", "line 1: must be a statement object"),
    ],
)
def test_what_is_no_statement_a_line_is_said(
    rekam: Run, tmp_path: Path, tenant: TestTenant, content: str, told: str
) -> None:
    path = tmp_path / "all.json"
    path.write_text(content)
    done = rekam("statements", "import", path, "--tenant", tenant.app_id)
    assert (done.exit_code, told in done.output) == (1, True), done.output


def test_what_is_no_agent_is_said(rekam: Run, tenant: TestTenant) -> None:
    done = rekam("erase", "--agent", "ada", "--dry-run", "--tenant", tenant.app_id)
    assert "--agent 'ada' is neither a mail address nor the JSON of an agent" in done.output
    assert done.exit_code == 1


def test_rejects_are_kept_aside(rekam: Run, tmp_path: Path, tenant: TestTenant) -> None:
    taken = statement(id=new_uuid())
    lines = [
        taken,
        taken | {"actor": agent("other")},
        statement(stored="2999-01-01T00:00:00Z"),
        "not a statement",
        statement(id=new_uuid(), attachments=[
            {"usageType": "http://e.com/u", "display": {"en": "x"}, "contentType": "a/b", "length": 1, "sha2": "0" * 64}
        ]),
    ]  # fmt: skip
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n{broken")
    done = rekam("statements", "import", path, "--tenant", tenant.app_id, "--rejects", tmp_path / "bad", "--json")
    assert done.exit_code == 1
    value = json.loads(done.stdout)
    assert (value["rejected"], value["statements"]["stored"]) == (5, 1)
    assert sorted(p.partition("line ")[2][0] for p in value["problems"]) == list("23456")
    assert len((tmp_path / "bad").read_bytes().splitlines()) == 5


def test_a_damaged_attachment_is_as_good_as_a_missing_one(
    rekam: Run, tmp_path: Path, tenant: TestTenant, other_tenant: TestTenant, full: str
) -> None:
    out, into = tmp_path / "out", ("--tenant", other_tenant.app_id)
    assert rekam("statements", "export", out, "--tenant", tenant.app_id).exit_code == 0
    (out / "attachments" / full[:2] / full).write_bytes(b"something else")
    stopped = rekam("statements", "import", out, *into, "--json")
    error = json.loads(stopped.stdout)["error"]["message"]
    assert stopped.exit_code == 1
    assert error.startswith("statements.ndjson line 6: $.attachments[0] has no fileUrl, and the bytes of")
    done = rekam("statements", "import", out, *into, "--rejects", tmp_path / "bad", "--json")
    value = json.loads(done.stdout)
    assert (value["statements"]["stored"], value["rejected"], value["problems"]) == (6, 1, [error])
    assert rekam("statements", "import", out, *into, "--missing-attachments").exit_code == 0
    assert len(statements_of(other_tenant)) == 7


def test_stored_of_an_import_is_what_since_and_until_look_at(
    rekam: Run, tmp_path: Path, client: FlaskClient, tenant: TestTenant
) -> None:
    # Two in one millisecond keep their order; the rest of a statement stays as it came.
    old = [statement(id=new_uuid(), stored=f"2020-01-01T00:00:00.12{n}Z", version="1.0.1") for n in (3, 3, 4)]
    post(client, tenant, statement(id=new_uuid()))
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(map(json.dumps, old)))
    assert rekam("statements", "import", path, "--tenant", tenant.app_id).exit_code == 0
    assert found(tenant)[:0:-1] == [s["id"] for s in old]
    before = clock.now() - timedelta(days=1)
    assert found(tenant, until=before) == [s["id"] for s in old[::-1]]
    answer = client.get(
        f"/xapi/statements?statementId={old[0]['id']}", headers=tenant.auth | {"X-Experience-API-Version": "1.0.3"}
    )
    assert (answer.json["stored"], answer.json["version"]) == ("2020-01-01T00:00:00.123Z", "1.0.1")


def test_standard_input_and_usage(rekam: Run, tmp_path: Path, tenant: TestTenant) -> None:
    line = json.dumps(statement()) + "\n"
    for stored in (1, 0):  # without an id it is known again by its text
        done = rekam("statements", "import", "-", "--tenant", tenant.app_id, "--json", input=line)
        assert json.loads(done.stdout)["statements"]["stored"] == stored, done.output
    assert rekam("statements", "import", tmp_path / "absent").exit_code == 2
    nothing = rekam("statements", "import", tmp_path, "--tenant", tenant.app_id)
    assert (nothing.exit_code, nothing.output.count("\n")) == (1, 1), "there is nothing to go on from"
