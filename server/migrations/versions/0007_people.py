"""Tables of the console: people who sign in, and counts of the days that are over."""

import sqlalchemy as sa
from alembic import op

revision = "0007_people"
down_revision = "0006_server"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(8)),
        sa.Column("learner_id", sa.String(255)),
        sa.Column("created", TIME, nullable=False),
        sa.Column("last_login", TIME),
        sa.Column("disabled", TIME),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_people"),
        # Signing in names only the email address.
        sa.UniqueConstraint("email", name="uq_people_email"),
    )
    op.create_table(
        "people_sessions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("seen", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name="pk_people_sessions"),
    )
    op.create_index("ix_people_sessions_tenant_id_person_id", "people_sessions", ["tenant_id", "person_id"])
    op.create_table(
        "login_failures",
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("last", TIME, nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_login_failures"),
    )
    op.create_table(
        "day_counts",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.Column("completions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", name="pk_day_counts"),
    )


def downgrade() -> None:
    for table in ("day_counts", "login_failures", "people_sessions", "people"):
        op.drop_table(table)
