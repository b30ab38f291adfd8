"""Tables of registrations: learners, registrations, instances, launches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_registrations"
down_revision = "0003_course_packages"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "learners",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("first_name", sa.String(255), nullable=False),
        sa.Column("last_name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(320)),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_learners_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_learners"),
    )
    op.create_table(
        "registrations",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("learner_id", sa.String(255), nullable=False),
        sa.Column("course_id", sa.String(255), nullable=False),
        sa.Column("course_version", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("course_title", sa.Text(), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_registrations_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "learner_id"],
            ["learners.tenant_id", "learners.id"],
            name="fk_registrations_tenant_id_learner_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id"],
            ["course_versions.tenant_id", "course_versions.id"],
            name="fk_registrations_tenant_id_version_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_registrations"),
    )
    op.create_index("ix_registrations_tenant_id_updated_id", "registrations", ["tenant_id", "updated", "id"])
    op.create_index("ix_registrations_tenant_id_course_id", "registrations", ["tenant_id", "course_id"])
    op.create_index("ix_registrations_tenant_id_learner_id", "registrations", ["tenant_id", "learner_id"])
    op.create_table(
        "registration_instances",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("xapi_registration", sa.String(36), nullable=False),
        sa.Column("completion", sa.String(16), nullable=False),
        sa.Column("success", sa.String(16), nullable=False),
        sa.Column("score_scaled", sa.Double()),
        sa.Column("score_raw", sa.Double()),
        sa.Column("score_min", sa.Double()),
        sa.Column("score_max", sa.Double()),
        sa.Column("total_seconds", sa.Double(), nullable=False),
        sa.Column("progress_measure", sa.Double()),
        sa.Column("cause", sa.String(32)),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("first_access", TIME),
        sa.Column("last_access", TIME),
        sa.Column("completed", TIME),
        sa.ForeignKeyConstraint(
            ["tenant_id", "registration_id"],
            ["registrations.tenant_id", "registrations.id"],
            name="fk_registration_instances_tenant_id_registration_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "registration_id", "number", name="pk_registration_instances"),
    )
    op.create_index(
        "ix_registration_instances_tenant_id_xapi_registration",
        "registration_instances",
        ["tenant_id", "xapi_registration"],
    )
    op.create_table(
        "launches",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("registration_id", sa.String(255), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("locale", sa.String(16)),
        sa.Column("redirect_url", sa.Text()),
        sa.Column("start_activity", sa.Text()),
        sa.Column("ticket_hash", sa.String(64), nullable=False),
        sa.Column("ticket_expires", TIME, nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("token_expires", TIME),
        sa.Column("created", TIME, nullable=False),
        sa.Column("redeemed", TIME),
        sa.Column("last_seen", TIME),
        sa.Column("ended", TIME),
        sa.Column("end_reason", sa.String(16)),
        sa.ForeignKeyConstraint(
            ["tenant_id", "registration_id"],
            ["registrations.tenant_id", "registrations.id"],
            name="fk_launches_tenant_id_registration_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_launches"),
        sa.UniqueConstraint("ticket_hash", name="uq_launches_ticket_hash"),
        sa.UniqueConstraint("token_hash", name="uq_launches_token_hash"),
    )
    op.create_index("ix_launches_tenant_id_registration_id", "launches", ["tenant_id", "registration_id"])


def downgrade() -> None:
    for table in ("launches", "registration_instances", "registrations", "learners"):
        op.drop_table(table)
