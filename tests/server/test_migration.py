"""Moving from another record store over HTTP: a live server is the other one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from core.settings import Settings
from server.transfer import remote
from server.transfer.importer import Importer
from tests.conftest import TestTenant
from tests.live import LiveServer
from tests.lrs.builders import agent, new_uuid, ref, statement, voiding
from tests.server.conftest import Run
from tests.server.test_transfer import documents_of, found, post, post_with_attachment, statements_of


@pytest.fixture
def source(app: Flask, client: FlaskClient, tenant: TestTenant, settings: Settings) -> Iterator[LiveServer]:
    """The same database behind gunicorn: what ``client`` writes, the live server answers."""
    url = make_url(settings.effective_database_url).render_as_string(hide_password=False)
    server = LiveServer(url, Path(settings.data_dir), workers=1)
    server.start()
    yield server
    server.stop()


def fill(client: FlaskClient, tenant: TestTenant) -> None:
    target = new_uuid()
    post(client, tenant, *[statement(actor=agent(f"learner{n}")) for n in range(7)])
    post(client, tenant, statement(id=target), voiding(target), statement(object=ref(new_uuid())))
    registration = new_uuid()
    post(client, tenant, statement(context={"registration": registration}))
    post_with_attachment(client, tenant, b"bytes\r\n--y--\r\n of " + tenant.app_id.encode())
    put = {"headers": tenant.auth | {"X-Experience-API-Version": "1.0.3"}, "content_type": "image/png"}
    person, activity = json.dumps(agent()), "http://example.com/activities/one"
    for path, query in (
        ("activities/state", {"activityId": activity, "agent": person, "stateId": "a b&c"}),
        ("activities/state", {"activityId": activity, "agent": person, "stateId": "x", "registration": registration}),
        ("activities/profile", {"activityId": activity, "profileId": "p"}),
        ("agents/profile", {"agent": person, "profileId": "p"}),
    ):
        extra = {"If-None-Match": "*"}
        answer = client.put(
            f"/xapi/{path}",
            query_string=query,
            data=b"\xff\0" + path.encode(),
            **(put | {"headers": put["headers"] | extra}),  # type: ignore[operator]
        )
        assert answer.status_code == 204, answer.text


def arguments(source: LiveServer, tenant: TestTenant, into: TestTenant) -> tuple[str, ...]:
    return (
        "migrate", "--from", f"{source.base}/xapi", "--key", tenant.key, "--secret", tenant.secret,
        "--tenant", into.app_id, "--json",
    )  # fmt: skip


def test_everything_moves_stops_and_goes_on(
    rekam: Run, client: FlaskClient, tenant: TestTenant, other_tenant: TestTenant, source: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(client, tenant)
    monkeypatch.setattr(remote, "LIMIT", 3)
    pages = 0
    genuine = Importer.statements

    def dies(self: Importer, lines: Any) -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise OSError("pulled the plug")
        genuine(self, lines)

    with monkeypatch.context() as broken:
        broken.setattr(Importer, "statements", dies)
        assert rekam(*arguments(source, tenant, other_tenant)).exit_code == 1
    assert 0 < len(statements_of(other_tenant)) < len(statements_of(tenant))
    done = rekam(*arguments(source, tenant, other_tenant))
    assert done.exit_code == 0, done.output
    value = json.loads(done.stdout)
    assert (value["documents"]["stored"], value["attachments"]) == (4, 1)
    # With stored, authority and version, the voided one voided, byte for byte.
    assert statements_of(other_tenant) == statements_of(tenant)
    assert found(other_tenant) == found(tenant)
    for there, here in zip(documents_of(tenant).items(), documents_of(other_tenant).items(), strict=True):
        assert (there[0], there[1][:3]) == (here[0], here[1][:3])
        assert 0 <= (there[1][3] - here[1][3]).total_seconds() < 1  # Last-Modified has whole seconds
    # Later only what is new comes.
    post(client, tenant, statement())
    again = json.loads(rekam(*arguments(source, tenant, other_tenant)).stdout)
    assert (again["statements"]["stored"], again["documents"]["stored"]) == (1, 0)
    assert again["statements"]["known"] < 5


def test_what_is_wrong_is_said(
    rekam: Run, tenant: TestTenant, other_tenant: TestTenant, source: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "TRIES", 1)
    stranger = rekam(
        "migrate",
        "--from",
        f"{source.base}/xapi",
        "--key",
        "x",
        "--secret-stdin",
        "--tenant",
        tenant.app_id,
        input="y\n",
    )
    assert (stranger.exit_code, "answered 401" in stranger.output) == (1, True)
    nowhere = rekam(
        "migrate", "--from", "http://127.0.0.1:9/xapi", "--key", "x", "--secret", "y", "--tenant", tenant.app_id
    )
    assert (nowhere.exit_code, "refused" in nowhere.output) == (1, True)
    no_lrs = rekam("migrate", "--from", source.base, "--key", "x", "--secret", "y", "--tenant", tenant.app_id)
    assert (no_lrs.exit_code, "404" in no_lrs.output) == (1, True)
    assert rekam("migrate", "--from", source.base, "--key", "x", "--tenant", tenant.app_id).exit_code == 2
