"""The thumbnail that a package brings or that is made of a media file."""

import sqlalchemy as sa
from alembic import op

revision = "0015_version_thumbnail"
down_revision = "0014_lms_comments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("course_versions", sa.Column("thumbnail", sa.String(64)))


def downgrade() -> None:
    with op.batch_alter_table("course_versions") as table:
        table.drop_column("thumbnail")
