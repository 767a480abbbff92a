"""Mappings: what CRMs told when, and which of their ids stand for which lead."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "crm_facts",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_crm_facts")),
    )
    op.create_table(
        "crm_ids",
        sa.Column("id_sha256", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.String(length=200), nullable=True),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id_sha256", name=op.f("pk_crm_ids")),
    )
    op.create_index(op.f("ix_crm_ids_lead_id"), "crm_ids", ["lead_id"], unique=False)


def downgrade() -> None:
    """Take it back; late deliveries then count as new."""
    op.drop_table("crm_ids")
    op.drop_table("crm_facts")
