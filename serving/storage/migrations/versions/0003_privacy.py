"""Privacy: what persons asked for, every address a lead carried, copies made for training."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from features.errors import LeadpactError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SCORE: dict[str, Any] = {
    "score_seq": SEQUENCE,
    "score": sa.Integer(),
    "agreed_score": sa.Integer(),
    "grade": sa.String(length=200),
    "likelihood": sa.Double(),
}


class WishesForgotten(LeadpactError):
    """Going back would forget what persons asked for."""


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "wishes",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("scoring", sa.Boolean(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("refused_until", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_wishes")),
    )
    op.create_index(op.f("ix_wishes_refused_until"), "wishes", ["refused_until"], unique=False)
    op.create_table(
        "training_exports",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("lead_column", sa.Text(), nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_training_exports")),
        sa.UniqueConstraint("folder", name=op.f("uq_training_exports_folder")),
    )
    op.create_table(
        "lead_addresses",
        sa.Column("email_sha256", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_addresses_lead_id_leads")
        ),
        sa.PrimaryKeyConstraint("email_sha256", "lead_id", name=op.f("pk_lead_addresses")),
    )
    op.create_index(op.f("ix_lead_addresses_lead_id"), "lead_addresses", ["lead_id"], unique=False)
    leads = sa.table("leads", sa.column("id"), sa.column("email_sha256"))
    addresses = sa.table("lead_addresses", sa.column("email_sha256"), sa.column("lead_id"))
    known = sa.select(leads.c.email_sha256, leads.c.id).where(leads.c.email_sha256.is_not(None))
    op.execute(addresses.insert().from_select(["email_sha256", "lead_id"], known))
    with op.batch_alter_table("leads") as batch_op:
        batch_op.drop_index(op.f("ix_leads_email_sha256"))
        batch_op.drop_column("email_sha256")
        for name in ("scoring_allowed", "training_allowed"):
            batch_op.add_column(
                sa.Column(name, sa.Boolean(), server_default=sa.true(), nullable=False)
            )
        for name, kind in SCORE.items():
            batch_op.alter_column(name, existing_type=kind, nullable=True)
        batch_op.create_check_constraint(
            op.f("ck_leads_scored_or_opted_out"), "scoring_allowed = (score_seq IS NOT NULL)"
        )


def downgrade() -> None:
    """Take it back; refused while somebody's wish would be forgotten by it."""
    told = op.get_bind().execute(sa.text("SELECT count(*) FROM wishes")).scalar_one()
    if told:
        raise WishesForgotten(
            f"Revision 0002 cannot hold what persons asked for: {told} wishes (not to be scored, "
            "not to teach, erased) would be forgotten. Stay at 0003, or go back to a back-up."
        )
    with op.batch_alter_table("leads") as batch_op:
        batch_op.drop_constraint(op.f("ck_leads_scored_or_opted_out"), type_="check")
        for name, kind in SCORE.items():
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.drop_column("training_allowed")
        batch_op.drop_column("scoring_allowed")
        batch_op.add_column(sa.Column("email_sha256", sa.String(length=64), nullable=True))
        batch_op.create_index(op.f("ix_leads_email_sha256"), ["email_sha256"], unique=False)
    op.execute(
        "UPDATE leads SET email_sha256 = "
        "(SELECT min(email_sha256) FROM lead_addresses WHERE lead_addresses.lead_id = leads.id)"
    )
    op.drop_index(op.f("ix_lead_addresses_lead_id"), table_name="lead_addresses")
    op.drop_table("lead_addresses")
    op.drop_table("training_exports")
    op.drop_index(op.f("ix_wishes_refused_until"), table_name="wishes")
    op.drop_table("wishes")
