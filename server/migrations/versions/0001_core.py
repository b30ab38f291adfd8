"""Tables of core: tenants, credentials, events, outbox, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_core"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("app_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("app_id", name="uq_tenants_app_id"),
    )
    op.create_table(
        "credentials",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64)),
        sa.Column("previous_until", TIME),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("last_used", TIME),
        sa.Column("revoked", TIME),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_credentials_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_credentials"),
        # Basic authentication names only the key.
        sa.UniqueConstraint("key", name="uq_credentials_key"),
    )
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_events"),
    )
    op.create_index("ix_events_tenant_id_time", "events", ["tenant_id", "time"])
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("due", TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created", TIME, nullable=False),
        sa.Column("finished", TIME),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_status_due", "outbox", ["status", "due"])
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.String(512), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_audit"),
    )
    op.create_index("ix_audit_tenant_id_time", "audit", ["tenant_id", "time"])


def downgrade() -> None:
    for table in ("audit", "outbox", "events", "credentials", "tenants"):
        op.drop_table(table)
