"""Forwarders of statements to other record stores, and what these refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_forwarders"
down_revision = "0011_erasure"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "forwarders",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("version", sa.String(8), nullable=False),
        sa.Column("filters", JSON, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("queued", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("forwarded", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_success", TIME),
        sa.Column("last_error", sa.Text()),
        sa.Column("next_try", TIME),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_forwarders"),
    )
    op.create_table(
        "forwarder_refusals",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("forwarder_id", sa.String(36), nullable=False),
        sa.Column("statement_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "forwarder_id"],
            ["forwarders.tenant_id", "forwarders.id"],
            name="fk_forwarder_refusals_tenant_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "forwarder_id", "statement_id", name="pk_forwarder_refusals"),
    )


def downgrade() -> None:
    op.drop_table("forwarder_refusals")
    op.drop_table("forwarders")
