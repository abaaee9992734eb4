"""The office's first tables: steps, files, gates, selections, reports, results, weights, and the trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARDS = """
CREATE FUNCTION probity_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

CREATE FUNCTION probity_selection_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'proposed' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'approved' AND NEW.state = 'superseded'
       AND to_jsonb(OLD) - 'state' = to_jsonb(NEW) - 'state' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'selection % is %: it never changes', OLD.selection_id, OLD.state;
END $$;

CREATE FUNCTION probity_selection_case_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM selection WHERE selection_id = OLD.selection_id AND state <> 'proposed') THEN
        RAISE EXCEPTION 'selection % is decided: its cases never change', OLD.selection_id;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER trail_append_only BEFORE UPDATE OR DELETE ON trail
    FOR EACH ROW EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER trail_no_truncate BEFORE TRUNCATE ON trail
    FOR EACH STATEMENT EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON decision
    FOR EACH ROW EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER selection_closed BEFORE UPDATE OR DELETE ON selection
    FOR EACH ROW EXECUTE FUNCTION probity_selection_closed();
CREATE TRIGGER selection_case_closed BEFORE UPDATE OR DELETE ON selection_case
    FOR EACH ROW EXECUTE FUNCTION probity_selection_case_closed();
"""


def upgrade() -> None:
    op.create_table(
        "audit_result",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("finished_date", sa.Date(), nullable=False),
        sa.Column("selection_id", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("irregular", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("patterns", sa.Text(), nullable=True),
        sa.Column("amount_irregular", sa.BigInteger(), nullable=True),
        sa.Column("file_digest", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "severity IS NULL OR severity IN ('minor', 'serious', 'grave')", name=op.f("ck_audit_result_severity")
        ),
        sa.PrimaryKeyConstraint("case_id", "finished_date", name=op.f("pk_audit_result")),
    )
    op.create_table(
        "gate_result",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("subject_digest", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column(
            "result", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("html_digest", sa.Text(), nullable=True),
        sa.Column("workbook_path", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("outcome IN ('pass', 'warn', 'quarantine', 'stop')", name=op.f("ck_gate_result_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_result")),
        sa.UniqueConstraint(
            "job", "period", "stage", "subject_digest", name=op.f("uq_gate_result_job_period_stage_subject_digest")
        ),
    )
    op.create_table(
        "quarantine_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("file_digest", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status = 'open' OR (decided_by IS NOT NULL AND decision_reason IS NOT NULL)",
            name=op.f("ck_quarantine_item_decided"),
        ),
        sa.CheckConstraint("status IN ('open', 'released', 'returned')", name=op.f("ck_quarantine_item_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_item")),
        sa.UniqueConstraint(
            "file_digest",
            "sheet",
            "row",
            "column",
            "reason",
            name="uq_quarantine_item_cell",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_quarantine_item_status"), "quarantine_item", ["status"], unique=False)
    op.create_table(
        "run_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("manifest_digest", sa.Text(), nullable=False),
        sa.Column(
            "counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_step")),
        sa.UniqueConstraint(
            "job", "period", "step", "manifest_digest", name=op.f("uq_run_step_job_period_step_manifest_digest")
        ),
    )
    op.create_table(
        "selection",
        sa.Column("selection_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("manifest_digest", sa.Text(), nullable=False),
        sa.Column("list_digest", sa.Text(), nullable=True),
        sa.Column("frame_digest", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("seed_source", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_selection_decided"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'rejected', 'superseded')", name=op.f("ck_selection_state")
        ),
        sa.CheckConstraint("revision > 0", name=op.f("ck_selection_revision")),
        sa.PrimaryKeyConstraint("selection_id", name=op.f("pk_selection")),
        sa.UniqueConstraint("job", "period", "revision", name=op.f("uq_selection_job_period_revision")),
    )
    op.create_index(
        "uq_selection_one_approved",
        "selection",
        ["job", "period", "manifest_digest"],
        unique=True,
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_index(
        "uq_selection_one_proposed",
        "selection",
        ["job", "period", "manifest_digest"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "source_file",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("contract_version", sa.Text(), server_default="1", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("rows_in", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_out", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "refused IS NOT NULL OR rows_in = rows_out + rows_quarantined", name=op.f("ck_source_file_rows_balance")
        ),
        sa.PrimaryKeyConstraint("digest", "contract_version", name=op.f("pk_source_file")),
    )
    op.create_table(
        "trail",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("prev_digest", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_trail")),
        sa.UniqueConstraint("digest", name=op.f("uq_trail_digest")),
        sa.UniqueConstraint("key", name=op.f("uq_trail_key")),
        sa.UniqueConstraint("prev_digest", name=op.f("uq_trail_prev_digest")),
    )
    op.create_table(
        "weight_set",
        sa.Column("weight_set_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column(
            "weights", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state = 'proposed' OR decided_by IS NOT NULL", name=op.f("ck_weight_set_decided")),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name=op.f("ck_weight_set_state")),
        sa.PrimaryKeyConstraint("weight_set_id", name=op.f("pk_weight_set")),
    )
    op.create_index(
        "uq_weight_set_one_approved",
        "weight_set",
        ["job", "effective_from"],
        unique=True,
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("selection_id", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("list_digest", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "removed", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "added", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "witnesses", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("choice IN ('approve', 'reject')", name=op.f("ck_decision_choice")),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selection.selection_id"], name=op.f("fk_decision_selection_id_selection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("selection_id", name=op.f("uq_decision_selection_id")),
    )
    op.create_table(
        "report",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("selection_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selection.selection_id"], name=op.f("fk_report_selection_id_selection")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report")),
        sa.UniqueConstraint("selection_id", "kind", "path", name=op.f("uq_report_selection_id_kind_path")),
    )
    op.create_table(
        "selection_case",
        sa.Column("selection_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("score_parts", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=True),
        sa.Column("auditors", sa.Text(), nullable=True),
        sa.Column("recused", sa.Text(), nullable=True),
        sa.Column(
            "facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("part IN ('must_watch', 'ranked', 'control', 'added')", name=op.f("ck_selection_case_part")),
        sa.CheckConstraint(
            "inclusion_probability > 0 AND inclusion_probability <= 1", name=op.f("ck_selection_case_probability")
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selection.selection_id"], name=op.f("fk_selection_case_selection_id_selection")
        ),
        sa.PrimaryKeyConstraint("selection_id", "case_id", name=op.f("pk_selection_case")),
        sa.UniqueConstraint("selection_id", "rank", name=op.f("uq_selection_case_selection_id_rank")),
    )
    op.create_index(op.f("ix_selection_case_case_id"), "selection_case", ["case_id"], unique=False)
    op.execute(GUARDS)


def downgrade() -> None:
    op.drop_index(op.f("ix_selection_case_case_id"), table_name="selection_case")
    op.drop_table("selection_case")
    op.drop_table("report")
    op.drop_table("decision")
    op.drop_index("uq_weight_set_one_approved", table_name="weight_set", postgresql_where=sa.text("state = 'approved'"))
    op.drop_table("weight_set")
    op.drop_table("trail")
    op.drop_table("source_file")
    op.drop_index("uq_selection_one_proposed", table_name="selection", postgresql_where=sa.text("state = 'proposed'"))
    op.drop_index("uq_selection_one_approved", table_name="selection", postgresql_where=sa.text("state = 'approved'"))
    op.drop_table("selection")
    op.drop_table("run_step")
    op.drop_index(op.f("ix_quarantine_item_status"), table_name="quarantine_item")
    op.drop_table("quarantine_item")
    op.drop_table("gate_result")
    op.drop_table("audit_result")
    op.execute("DROP FUNCTION probity_refuse_change, probity_selection_closed, probity_selection_case_closed")
