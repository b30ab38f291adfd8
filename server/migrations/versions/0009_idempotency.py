"""Answers of requests that came with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

revision = "0009_idempotency"
down_revision = "0008_scorm_trace"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotent_requests",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_idempotent_requests"),
    )
    op.create_index("ix_idempotent_requests_created", "idempotent_requests", ["created"])


def downgrade() -> None:
    op.drop_table("idempotent_requests")
