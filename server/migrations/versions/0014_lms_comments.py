"""Comments that instructors leave for the content of a registration."""

import sqlalchemy as sa
from alembic import op

revision = "0014_lms_comments"
down_revision = "0013_rejections"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorm_lms_comments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("registration_id", sa.String(255), nullable=False),
        sa.Column("activity", sa.Text()),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("location", sa.String(250), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_scorm_lms_comments"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "registration_id"],
            ["registrations.tenant_id", "registrations.id"],
            name="fk_scorm_lms_comments_tenant_id_registrations",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_scorm_lms_comments_tenant_id_registration_id", "scorm_lms_comments", ["tenant_id", "registration_id"]
    )


def downgrade() -> None:
    op.drop_table("scorm_lms_comments")
