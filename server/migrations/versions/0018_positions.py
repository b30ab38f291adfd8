"""Places in the stored order are 2**63 less, so that they last until 2109 instead of 2039 (lrs/consistency.py).

What clients keep (more links, ids of events, folders of exports) stays as it was: that is the old number for ever.

PostgreSQL writes the tables anew, which leaves no dead rows behind, and so is the one of references on SQLite, whose key a place is part of.
No more than a part of a table is ever in memory; on the disk there must be room for a second one.
"""

import sys
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018_positions"
down_revision = "0017_indirect_references"
branch_labels = None
depends_on = None

LARGEST = (1 << 63) - 1
# Two steps: 2**63 itself is no bigint, and what a place between them is always is one.
LESS, MORE = f"position - {LARGEST} - 1", f"position + {LARGEST} + 1"
# Rows of one UPDATE on SQLite. New places are below 0 and old ones are not, so no row comes in the way of another.
BATCH = 20_000
# The parts of a removal of which `after` is a place.
STEPS = (None, "statements", "spellings")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
REMOVALS = sa.table(
    "removals", sa.column("tenant_id", sa.Integer), sa.column("id", sa.String), sa.column("place", JSON)
)


def upgrade() -> None:
    change(LESS)
    # Forwarders may begin at a moment far ahead, which the last place stood for.
    op.execute(f"UPDATE forwarders SET position = CASE WHEN position < {LARGEST} THEN {LESS} ELSE position END")
    change_removals(lambda place: place - LARGEST - 1)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT 1 FROM statements WHERE position >= 0 LIMIT 1")):
        raise RuntimeError("statements stored after September 2039 have no place in the version before")
    change(MORE)
    op.execute(f"UPDATE forwarders SET position = CASE WHEN position < 0 THEN {MORE} ELSE {LARGEST} END")
    change_removals(lambda place: place + LARGEST + 1)


def change(place: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        change_postgresql(place)
    else:
        change_sqlite(place)


def change_postgresql(place: str) -> None:
    for table in ("statements", "statement_references", "statement_targets"):
        tell(table)
        op.execute(f"ALTER TABLE {table} ALTER COLUMN position TYPE bigint USING {place}")
        # What the planner knew of the column is gone, and no row counts as changed.
        op.execute(f"ANALYZE {table}")


def change_sqlite(place: str) -> None:
    tell("statement_references")
    op.rename_table("statement_references", "old_references")
    op.create_table(
        "statement_references",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "reference", "position", name="pk_statement_references"),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO statement_references SELECT tenant_id, reference, {place} FROM old_references"
        " ORDER BY tenant_id, reference, position"
    )
    op.drop_table("old_references")
    for table in ("statements", "statement_targets"):
        tell(table)
        # Part by part: one UPDATE of all would keep the number of each row in memory.
        last = op.get_bind().scalar(sa.text(f"SELECT max(rowid) FROM {table}")) or 0
        for start in range(0, last + 1, BATCH):
            op.execute(f"UPDATE {table} SET position = {place} WHERE rowid BETWEEN {start} AND {start + BATCH - 1}")


def change_removals(place_of: Any) -> None:
    bind = op.get_bind()
    for tenant_id, id_, place in bind.execute(sa.select(REMOVALS)).all():
        if place.get("step") in STEPS and "after" in place:
            mine = REMOVALS.update().where(REMOVALS.c.tenant_id == tenant_id, REMOVALS.c.id == id_)
            bind.execute(mine.values(place=place | {"after": place_of(place["after"])}))


def tell(table: str) -> None:
    if op.get_bind().scalar(sa.text(f"SELECT 1 FROM {table} LIMIT 1")):
        print(f"  places in {table} …", file=sys.stderr, flush=True)
