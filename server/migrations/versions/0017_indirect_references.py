"""Agents and activities in the direct role of a statement have one reference instead of two, and the index of authorities goes.

The second one said "in any role"; now it says "in any other role" and filters that look for any role read both. Those of the authority
stay: they find by themselves who stored a statement, which is what the index was for.
"""

import sys
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0017_indirect_references"
down_revision = "0016_buckets"
branch_labels = None
depends_on = None

INDEX = "ix_statements_tenant_id_authority_position"
PAGE, TOLD, DEPTH = 2_000, 100_000, 64
STATEMENTS = sa.text(
    "SELECT tenant_id, position, body FROM statements"
    " WHERE body IS NOT NULL AND (tenant_id > :t OR (tenant_id = :t AND position > :p)) ORDER BY tenant_id, position LIMIT :page"
)
BODY = sa.text("SELECT body FROM statements WHERE tenant_id = :t AND id = :id")
ARRAYS = "unnest(CAST(:t AS int[]), CAST(:r AS bigint[]), CAST(:p AS bigint[])) AS old (t, r, p)"
DELETE_PG = sa.text(
    f"DELETE FROM statement_references s USING {ARRAYS} WHERE s.tenant_id = old.t AND s.reference = old.r AND s.position = old.p"
)
INSERT_PG = sa.text(f"INSERT INTO statement_references SELECT t, r, p FROM {ARRAYS} ON CONFLICT DO NOTHING")
DELETE_LITE = sa.text("DELETE FROM statement_references WHERE tenant_id = :t AND reference = :r AND position = :p")
INSERT_LITE = sa.text("INSERT OR IGNORE INTO statement_references (tenant_id, reference, position) VALUES (:t, :r, :p)")


def upgrade() -> None:
    change(DELETE_PG, DELETE_LITE)
    op.drop_index(INDEX, "statements")


def downgrade() -> None:
    change(INSERT_PG, INSERT_LITE)
    op.create_index(INDEX, "statements", ["tenant_id", "authority", "position"])


def change(postgresql: sa.TextClause, sqlite: sa.TextClause) -> None:
    """Run for each reference that is one too many: an array of them on PostgreSQL, one by one on SQLite."""
    bind = op.get_bind()
    last, done = {"t": -1, "p": -1}, 0
    while rows := bind.execute(STATEMENTS, {**last, "page": PAGE}).all():
        pairs = [(t, r, p) for t, p, body in rows for r in second_ones(bind, t, msgspec.json.decode(body))]
        if pairs and bind.dialect.name == "postgresql":
            bind.execute(postgresql, {name: list(column) for name, column in zip("trp", zip(*pairs, strict=True), strict=True)})
        elif pairs:
            bind.execute(sqlite, [{"t": t, "r": r, "p": p} for t, r, p in pairs])
        last = {"t": rows[-1][0], "p": rows[-1][1]}
        done += len(rows)
        if done % TOLD == 0:
            print(f"  references of {done:,} statements …", file=sys.stderr, flush=True)


def second_ones(bind: sa.Connection, tenant_id: int, value: dict[str, Any]) -> set[int]:
    """References of a statement and of what it points at, along the chain, that name nobody but those in a direct role."""
    direct: set[int] = set()
    beside: set[int] = set()
    for one in chain(bind, tenant_id, value):
        people, things = set(in_direct_role(one)), {one["object"]["id"]} if kind_of(one) == "Activity" else set()
        direct |= {reference("A", i) for i in people} | {reference("O", i) for i in things}
        beside |= {reference("A", i) for i in in_any_role(one) if i not in people}
        beside |= {reference("O", i) for i in activities(one) if i not in things}
        beside |= {reference("A", i) for i in identities(one["authority"])}
    return direct - beside


def chain(bind: sa.Connection, tenant_id: int, value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    while len(seen) < DEPTH:
        yield value
        if kind_of(value) != "StatementRef":
            return
        target = value["object"]["id"].lower()
        if target in seen:
            return
        seen.add(target)
        found = bind.scalar(BODY, {"t": tenant_id, "id": target if bind.dialect.name == "postgresql" else target.replace("-", "")})
        if found is None:
            return
        value = msgspec.json.decode(found)


# The references of statements as they were when this was written.


def reference(kind: str, value: str) -> int:
    return int.from_bytes(blake2b(f"{kind}{value}".encode(), digest_size=8).digest(), "big", signed=True)


def kind_of(value: dict[str, Any]) -> str:
    return str(value["object"].get("objectType", "Activity"))


def identities(actor: dict[str, Any]) -> list[str]:
    found = []
    for one in (actor, *actor.get("member", ())):
        found += [f"{name}\x1f{one[name]}" for name in ("mbox", "mbox_sha1sum", "openid") if name in one]
        if "account" in one:
            found.append(f"account\x1f{one['account']['homePage']}\x1f{one['account']['name']}")
    return found


def in_direct_role(value: dict[str, Any]) -> list[str]:
    return identities(value["actor"]) + (identities(value["object"]) if kind_of(value) in ("Agent", "Group") else [])


def in_any_role(value: dict[str, Any]) -> list[str]:
    found = in_direct_role(value)
    context = value.get("context", {})
    others = [context[name] for name in ("instructor", "team") if name in context]
    others += [item["agent"] for item in context.get("contextAgents", ())]
    others += [item["group"] for item in context.get("contextGroups", ())]
    found += [i for other in others for i in identities(other)]
    return found + (in_any_role(value["object"]) if kind_of(value) == "SubStatement" else [])


def activities(value: dict[str, Any]) -> list[str]:
    found = [value["object"]["id"]] if kind_of(value) == "Activity" else []
    for items in value.get("context", {}).get("contextActivities", {}).values():
        found += [item["id"] for item in ([items] if isinstance(items, dict) else items)]
    return found + (activities(value["object"]) if kind_of(value) == "SubStatement" else [])
