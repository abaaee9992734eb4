"""Publications of every kind own the published files; a published selection is one of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CARRY_OVER = """
INSERT INTO publication (publication_id, job, period, revision, reference, context, recorded_at)
SELECT s.selection_id, s.job, s.period, s.revision, r.manifest_digest, r.counts ->> 'context', r.recorded_at
FROM selection AS s
INNER JOIN run_step AS r
    ON r.job = s.job AND r.period = s.period AND r.step = 'publish' AND r.counts ->> 'selection_id' = s.selection_id
"""

GUARD = """
CREATE TRIGGER publication_append_only BEFORE UPDATE OR DELETE ON publication
    FOR EACH ROW EXECUTE FUNCTION probity_refuse_change();
CREATE TRIGGER publication_no_truncate BEFORE TRUNCATE ON publication
    FOR EACH STATEMENT EXECUTE FUNCTION probity_refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("publication_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_publication_revision")),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_publication")),
        sa.UniqueConstraint("job", "period", "revision", name=op.f("uq_publication_job_period_revision")),
    )
    op.execute(CARRY_OVER)
    op.drop_constraint("fk_report_selection_id_selection", "report", type_="foreignkey")
    op.drop_constraint("uq_report_selection_id_kind_path", "report", type_="unique")
    op.alter_column("report", "selection_id", new_column_name="publication_id")
    unique = op.f("uq_report_publication_id_kind_path")
    op.create_unique_constraint(unique, "report", ["publication_id", "kind", "path"])
    op.create_foreign_key(
        op.f("fk_report_publication_id_publication"), "report", "publication", ["publication_id"], ["publication_id"]
    )
    op.execute(GUARD)


def downgrade() -> None:
    """Files of publications that are no selections cannot be kept: the older office has no place for them."""
    op.drop_constraint("fk_report_publication_id_publication", "report", type_="foreignkey")
    op.drop_constraint("uq_report_publication_id_kind_path", "report", type_="unique")
    op.execute("DELETE FROM report WHERE publication_id NOT IN (SELECT selection_id FROM selection)")
    op.alter_column("report", "publication_id", new_column_name="selection_id")
    op.create_unique_constraint(op.f("uq_report_selection_id_kind_path"), "report", ["selection_id", "kind", "path"])
    op.create_foreign_key(
        op.f("fk_report_selection_id_selection"), "report", "selection", ["selection_id"], ["selection_id"]
    )
    op.drop_table("publication")
