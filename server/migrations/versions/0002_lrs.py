"""Tables of lrs."""

import sqlalchemy as sa
from alembic import op

revision = "0002_lrs"
down_revision = "0001_core"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "statements",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.BigInteger()),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("authority", sa.BigInteger()),
        sa.Column("body", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_statements"),
    )
    op.create_index("ix_statements_tenant_id_position", "statements", ["tenant_id", "position"], unique=True)
    op.create_index(
        "ix_statements_tenant_id_authority_position", "statements", ["tenant_id", "authority", "position"]
    )
    op.create_table(
        "statement_references",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "reference", "position", name="pk_statement_references"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "statement_targets",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("voids", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "target_id", "id", name="pk_statement_targets"),
    )
    op.create_table(
        "activities",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_activities"),
    )
    op.create_table(
        "agent_names",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("name_key", sa.String(32), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", "name_key", name="pk_agent_names"),
    )
    op.create_table(
        "attachments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sha2", sa.String(128), nullable=False),
        sa.Column("blob", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sha2", name="pk_attachments"),
    )
    op.create_table(
        "documents",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("registration", sa.String(36), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("activity", sa.Text()),
        sa.Column("agent", sa.Text()),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(255), nullable=False),
        sa.Column("etag", sa.String(40), nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "owner", "registration", "key", name="pk_documents"),
    )


def downgrade() -> None:
    for table in (
        "documents", "attachments", "agent_names", "activities", "statement_targets", "statement_references", "statements",
    ):
        op.drop_table(table)
