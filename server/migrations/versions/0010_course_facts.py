"""What administrators say of a course: description, duration, thumbnail; what an import was asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_course_facts"
down_revision = "0009_idempotency"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("courses", sa.Column("description", sa.Text()))
    op.add_column("courses", sa.Column("duration", sa.Double()))
    op.add_column("courses", sa.Column("thumbnail", sa.String(64)))
    op.add_column("import_jobs", sa.Column("options", JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("import_jobs") as batch:
        batch.alter_column("options", server_default=None)


def downgrade() -> None:
    op.drop_column("import_jobs", "options")
    for name in ("thumbnail", "duration", "description"):
        op.drop_column("courses", name)
