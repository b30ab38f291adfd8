"""Traces of registrations: calls of the content and decisions of the server."""

import sqlalchemy as sa
from alembic import op

revision = "0008_scorm_trace"
down_revision = "0007_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorm_trace_parts",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("registration_id", sa.String(255), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.String(36), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "registration_id", "instance"],
            [
                "registration_instances.tenant_id",
                "registration_instances.registration_id",
                "registration_instances.number",
            ],
            name="fk_scorm_trace_parts_tenant_id_registration_id_instance",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_scorm_trace_parts"),
    )
    op.create_index(
        "ix_scorm_trace_parts_tenant_id_registration_id_launch_id",
        "scorm_trace_parts",
        ["tenant_id", "registration_id", "launch_id"],
    )
    op.create_index("ix_scorm_trace_parts_time", "scorm_trace_parts", ["time"])


def downgrade() -> None:
    op.drop_table("scorm_trace_parts")
