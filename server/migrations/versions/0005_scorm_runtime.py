"""Tables of scorm_runtime: course states, activity states, sessions, global objectives, shared data."""

import sqlalchemy as sa
from alembic import op

revision = "0005_scorm_runtime"
down_revision = "0004_registrations"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "scorm_course_states",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("registration_id", sa.String(255), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.String(36), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.Column("scoped", sa.LargeBinary(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.Column("last_key", sa.String(64)),
        sa.Column("last_answer", sa.LargeBinary()),
        sa.Column("started", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "registration_id", "instance"],
            [
                "registration_instances.tenant_id",
                "registration_instances.registration_id",
                "registration_instances.number",
            ],
            name="fk_scorm_course_states_tenant_id_registration_id_instance",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_scorm_course_states"),
    )
    op.create_index(
        "ix_scorm_course_states_tenant_id_registration_id_instance",
        "scorm_course_states",
        ["tenant_id", "registration_id", "instance"],
    )
    op.create_index("ix_scorm_course_states_status_updated", "scorm_course_states", ["status", "updated"])
    op.create_table(
        "scorm_activity_states",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_state_id", sa.String(36), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("cmi", sa.LargeBinary(), nullable=False),
        sa.Column("saved", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_state_id"],
            ["scorm_course_states.tenant_id", "scorm_course_states.id"],
            name="fk_scorm_activity_states_tenant_id_course_state_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "course_state_id", "activity", "number", name="pk_scorm_activity_states"),
    )
    op.create_table(
        "scorm_sessions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("course_state_id", sa.String(36), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.String(36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("last_key", sa.String(64)),
        sa.Column("last_answer", sa.LargeBinary()),
        sa.Column("entry", sa.String(9), nullable=False),
        sa.Column("initialized", TIME),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("ended", TIME),
        sa.Column("end", sa.String(9)),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_state_id"],
            ["scorm_course_states.tenant_id", "scorm_course_states.id"],
            name="fk_scorm_sessions_tenant_id_course_state_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_scorm_sessions"),
    )
    op.create_index("ix_scorm_sessions_tenant_id_course_state_id", "scorm_sessions", ["tenant_id", "course_state_id"])
    for name, key, value in (
        ("scorm_global_objectives", "objective", sa.Column("state", sa.LargeBinary(), nullable=False)),
        ("scorm_shared_data", "target", sa.Column("value", sa.LargeBinary(), nullable=False)),
    ):
        op.create_table(
            name,
            sa.Column("tenant_id", sa.Integer(), nullable=False),
            sa.Column("learner_id", sa.String(255), nullable=False),
            sa.Column(key, sa.Text(), nullable=False),
            value,
            sa.Column("updated", TIME, nullable=False),
            sa.ForeignKeyConstraint(
                ["tenant_id", "learner_id"],
                ["learners.tenant_id", "learners.id"],
                name=f"fk_{name}_tenant_id_learner_id",
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("tenant_id", "learner_id", key, name=f"pk_{name}"),
        )


def downgrade() -> None:
    for table in (
        "scorm_shared_data",
        "scorm_global_objectives",
        "scorm_sessions",
        "scorm_activity_states",
        "scorm_course_states",
    ):
        op.drop_table(table)
