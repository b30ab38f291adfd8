"""Rejected requests to the Statement Resource, kept for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0013_rejections"
down_revision = "0012_forwarders"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rejected_requests",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("statement_id", sa.String(64)),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("content_type", sa.String(255), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("statement_index", sa.Integer()),
        sa.Column("path", sa.Text()),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("replayed", TIME),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_rejected_requests"),
    )
    op.create_index("ix_rejected_requests_time", "rejected_requests", ["time"])


def downgrade() -> None:
    op.drop_table("rejected_requests")
