"""Whether `lrs.integrity` finds whatever may be wrong, and nothing where all is well."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from core.db import session, snapshot, unit_of_work
from lrs import integrity, removal, sql
from lrs.store import store
from tests.conftest import TestTenant, problems_of
from tests.lrs.builders import AUTHORITY, agent, new_uuid, ref, statement, voiding


def put(tenant: TestTenant, *statements: dict[str, Any]) -> list[str]:
    with unit_of_work():
        return store(tenant.id, list(statements), AUTHORITY)


def spoil(tenant: TestTenant, words: str, **values: Any) -> None:
    with unit_of_work():
        session().execute(text(words), {"t": tenant.id, **values})


def chain(tenant: TestTenant) -> dict[str, str]:
    """One statement of each kind there is, pointing at one another."""
    ids = {name: new_uuid() for name in ("plain", "voided", "voiding", "pointing", "far", "early")}
    put(tenant, statement(id=ids["early"], object=ref(ids["far"])))
    put(tenant, statement(id=ids["voided"], actor=agent("bob")), voiding(ids["voided"], id=ids["voiding"]))
    put(tenant, statement(id=ids["pointing"], object=ref(ids["plain"])))
    put(tenant, statement(id=ids["plain"], actor=agent("eve"), context={"registration": new_uuid()}))
    put(tenant, statement(id=ids["far"], object=ref(ids["pointing"])))
    return ids


def test_all_is_well_in_every_order_of_arrival_and_after_removal(app: Flask, tenant: TestTenant) -> None:
    for order in itertools.permutations(range(4)):
        ids = [new_uuid() for _ in range(4)]
        several = [
            statement(id=ids[0], actor=agent("eve")),
            statement(id=ids[1], object=ref(ids[0])),
            voiding(ids[1], id=ids[2]),
            statement(id=ids[3], object=ref(ids[2])),
        ]
        for number in order:
            put(tenant, several[number])
        with unit_of_work():
            removal.delete(tenant.id, [ids[order[0]]])
    assert problems_of(tenant.id) == []


@pytest.mark.parametrize(
    ("words", "of", "problem"),
    [
        (
            "DELETE FROM statement_references WHERE tenant_id = :t"
            " AND position = (SELECT position FROM statements WHERE tenant_id = :t AND id = :id)",
            "plain",
            "statement {plain} is not found by everything it says",
        ),
        (
            "UPDATE statement_references SET reference = reference + 1 WHERE tenant_id = :t"
            " AND position = (SELECT position FROM statements WHERE tenant_id = :t AND id = :id)",
            "far",
            "statement {far} is not found by everything it says",
        ),
        (
            "INSERT INTO statement_references (tenant_id, reference, position)"
            " SELECT tenant_id, 5, position FROM statements WHERE tenant_id = :t AND id = :id",
            "plain",
            "1 entries by which statements are found do not belong to what they say",
        ),
        (
            "DELETE FROM statement_targets WHERE tenant_id = :t AND id = :id",
            "early",
            "statement {early} is not known to point at {far}",
        ),
        (
            "UPDATE statement_targets SET voids = false WHERE tenant_id = :t AND id = :id",
            "voiding",
            "statement {voiding} is not known to point at {voided}",
        ),
        (
            "INSERT INTO statement_targets (tenant_id, target_id, id, position, voids)"
            " SELECT tenant_id, id, id, position, false FROM statements WHERE tenant_id = :t AND id = :id",
            "plain",
            "1 entries say that a statement points at another that does not",
        ),
        (
            "UPDATE statements SET voided = false WHERE tenant_id = :t AND id = :id",
            "voided",
            "statement {voided} is not voided, though {voiding} voids it",
        ),
        (
            "UPDATE statements SET authority = 7 WHERE tenant_id = :t AND id = :id",
            "plain",
            "statement {plain} belongs to another authority than it says",
        ),
        (
            "UPDATE statements SET position = NULL WHERE tenant_id = :t AND id = :id",
            "voiding",
            "statement {voiding} has no place in the stored order, or is only that",
        ),
        (
            "UPDATE statements SET body = '[' WHERE tenant_id = :t AND id = :id",
            "voiding",
            "statement {voiding} cannot be read",
        ),
        (
            "UPDATE statements SET body = '{}' WHERE tenant_id = :t AND id = :id",
            "voiding",
            "statement {voiding} cannot be read",
        ),
        (
            "UPDATE statements SET body = replace(body, :id_, :other) WHERE tenant_id = :t AND id = :id",
            "far",
            "statement {far} holds the id 00000000-0000-4000-8000-000000000000",
        ),
    ],
)
def test_what_is_wrong_is_named(app: Flask, tenant: TestTenant, words: str, of: str, problem: str) -> None:
    ids = chain(tenant)
    assert problems_of(tenant.id) == []
    values = {"id_": ids[of], "other": "00000000-0000-4000-8000-000000000000"} if ":other" in words else {}
    spoil(tenant, words, id=sql.id_of(ids[of]), **values)
    assert [p for p in problems_of(tenant.id) if p.startswith(problem.format(**ids))]
    forget(tenant)


def forget(tenant: TestTenant) -> None:
    """What is broken here is not to be found at the end of the run."""
    for table in ("statement_references", "statement_targets", "statements"):
        spoil(tenant, f"DELETE FROM {table} WHERE tenant_id = :t")


def test_it_reads_in_parts_and_tells(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "PART", 3)
    put(tenant, *[statement() for _ in range(7)])
    told: list[tuple[int, int]] = []
    with snapshot():
        assert list(integrity.problems(tenant.id, lambda *numbers: told.append(numbers))) == []
    assert told == [(0, 7), (3, 7), (6, 7), (7, 7)]


def test_a_snapshot_is_of_one_moment_and_within_nothing_else(app: Flask, tenant: TestTenant) -> None:
    count = text("SELECT count(*) FROM statements WHERE tenant_id = :t")
    with snapshot() as inside:
        assert inside.scalar(count, {"t": tenant.id}) == 0
        with app.app_context():
            put(tenant, statement())
        assert inside.scalar(count, {"t": tenant.id}) == 0
    assert session().scalar(count, {"t": tenant.id}) == 1
    with unit_of_work(), pytest.raises(RuntimeError), snapshot():
        pass
