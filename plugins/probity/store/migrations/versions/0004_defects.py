"""Defects: their events (append-only, with both times), the letters that were written, the closures decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARDS = """
CREATE FUNCTION probity_closure_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'proposed' AND TG_OP = 'UPDATE' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'closure request % is %: it never changes', OLD.request_id, OLD.state;
END $$;

CREATE TRIGGER defect_event_append_only BEFORE UPDATE OR DELETE ON defect_event
    FOR EACH ROW EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER defect_event_no_truncate BEFORE TRUNCATE ON defect_event
    FOR EACH STATEMENT EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER defect_letter_append_only BEFORE UPDATE OR DELETE ON defect_letter
    FOR EACH ROW EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER defect_letter_no_truncate BEFORE TRUNCATE ON defect_letter
    FOR EACH STATEMENT EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER closure_request_decided BEFORE UPDATE OR DELETE ON closure_request
    FOR EACH ROW EXECUTE FUNCTION probity_closure_decided();
"""


def upgrade() -> None:
    op.create_table(
        "defect_event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("defect_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('found', 'reported', 'extended', 'closed', 'refused', 'reopened')",
            name=op.f("ck_defect_event_kind"),
        ),
        sa.CheckConstraint(
            "kind <> 'closed' OR (coalesce(btrim(evidence), '') <> '' AND coalesce(btrim(decided_by), '') <> '')",
            name=op.f("ck_defect_event_closed"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('refused', 'extended') OR coalesce(btrim(decided_by), '') <> ''",
            name=op.f("ck_defect_event_decided"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_defect_event")),
    )
    op.create_index(op.f("ix_defect_event_defect_id"), "defect_event", ["defect_id"], unique=False)
    op.create_index(op.f("ix_defect_event_event_date"), "defect_event", ["event_date"], unique=False)
    op.create_table(
        "defect_letter",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("defect_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency_key", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_defect_letter")),
    )
    op.create_index(op.f("ix_defect_letter_job_period"), "defect_letter", ["job", "period"], unique=False)
    op.create_index(op.f("ix_defect_letter_letter_id"), "defect_letter", ["letter_id"], unique=False)
    op.create_table(
        "closure_request",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("manifest_digest", sa.Text(), nullable=False),
        sa.Column("list_digest", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "refused", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_closure_request_decided"),
        ),
        sa.CheckConstraint("revision > 0", name=op.f("ck_closure_request_revision")),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'rejected', 'superseded')", name=op.f("ck_closure_request_state")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_closure_request")),
        sa.UniqueConstraint("job", "period", "list_digest", name=op.f("uq_closure_request_job_period_list_digest")),
        sa.UniqueConstraint("job", "period", "revision", name=op.f("uq_closure_request_job_period_revision")),
    )
    op.execute(GUARDS)


def downgrade() -> None:
    op.drop_table("closure_request")
    op.drop_table("defect_letter")
    op.drop_table("defect_event")
    op.execute("DROP FUNCTION probity_closure_decided")
