"""Tombstones of erased people, and jobs that remove records (their receipts are kept)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_erasure"
down_revision = "0010_course_facts"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "erased_identifiers",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("erasure_id", sa.String(36), nullable=False),
        sa.Column("mode", sa.String(12), nullable=False),
        sa.Column("pseudonym", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "hash", name="pk_erased_identifiers"),
    )
    op.create_table(
        "removals",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("dry", sa.Boolean(), nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("place", JSON, nullable=False),
        sa.Column("result", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("finished", TIME),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_removals"),
    )


def downgrade() -> None:
    op.drop_table("removals")
    op.drop_table("erased_identifiers")
