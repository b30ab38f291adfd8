"""Buckets of shared state that a learner carries from course to course."""

import sqlalchemy as sa
from alembic import op

revision = "0016_buckets"
down_revision = "0015_version_thumbnail"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorm_buckets",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("learner_id", sa.String(255), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("bucket", sa.LargeBinary(), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "learner_id", "key", name="pk_scorm_buckets"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "learner_id"],
            ["learners.tenant_id", "learners.id"],
            name="fk_scorm_buckets_tenant_id_learners",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("scorm_buckets")
