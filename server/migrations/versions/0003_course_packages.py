"""Tables of course_packages: courses, versions, files, import jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_course_packages"
down_revision = "0002_lrs"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "courses",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("current", sa.Integer()),
        sa.Column("own_title", sa.Boolean(), nullable=False),
        sa.Column("tags", JSON, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_courses"),
    )
    op.create_index("ix_courses_tenant_id_updated", "courses", ["tenant_id", "updated"])
    op.create_table(
        "course_versions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("course_id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("standard", sa.String(16)),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("zip_sha256", sa.String(64), nullable=False),
        sa.Column("zip_size", sa.BigInteger(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("total_size", sa.BigInteger(), nullable=False),
        sa.Column("package", sa.LargeBinary()),
        sa.Column("report", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("finished", TIME),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"], ["courses.tenant_id", "courses.id"], name="fk_course_versions_tenant_id_course_id"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_course_versions"),
        sa.UniqueConstraint("tenant_id", "course_id", "number", name="uq_course_versions_tenant_id_course_id_number"),
    )
    op.create_table(
        "package_files",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mime", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id"],
            ["course_versions.tenant_id", "course_versions.id"],
            name="fk_package_files_tenant_id_version_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "version_id", "folded", name="pk_package_files"),
    )
    # Whether a blob is still needed is asked by its hash, over all tenants.
    op.create_index("ix_package_files_sha256", "package_files", ["sha256"])
    op.create_table(
        "import_jobs",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("course_id", sa.String(255), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("parser_warnings", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("finished", TIME),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_import_jobs"),
    )
    op.create_index("ix_import_jobs_tenant_id_course_id", "import_jobs", ["tenant_id", "course_id"])


def downgrade() -> None:
    for table in ("import_jobs", "package_files", "course_versions", "courses"):
        op.drop_table(table)
