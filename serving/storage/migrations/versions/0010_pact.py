"""The pact: editions, proposals, signatures, scopes, wishes, hand-offs, disputes."""

import sqlalchemy as sa
from alembic import op

from features.errors import LeadpactError

revision = "0010"
down_revision = "0030"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class PactForgotten(LeadpactError):
    """Going back would forget what people signed."""


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "disputes",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("lead_id", sa.String(length=200), nullable=False),
        sa.Column("score_id", sa.String(length=32), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("says", sa.String(length=20), nullable=False),
        sa.Column("criterion", sa.String(length=200), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("converted", sa.Boolean(), nullable=True),
        sa.Column("closer", sa.String(length=20), nullable=True),
        sa.Column("was_right", sa.Boolean(), nullable=True),
        sa.Column("rulebook_loss", sa.Double(), nullable=True),
        sa.Column("model_loss", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_disputes")),
        sa.UniqueConstraint("id", name=op.f("uq_disputes_id")),
    )
    with op.batch_alter_table("disputes") as batch_op:
        batch_op.create_index(batch_op.f("ix_disputes_lead_id"), ["lead_id"], unique=False)
    op.create_table(
        "editions",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.BigInteger(), nullable=False),
        sa.Column("agreed_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("proposal_id", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_editions")),
        sa.UniqueConstraint("name", name=op.f("uq_editions_name")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_editions_proposal_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_editions_sha256")),
    )
    with op.batch_alter_table("editions") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_editions_effective_from"), ["effective_from"], unique=False
        )
    op.create_table(
        "handoffs",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("lead_id", sa.String(length=200), nullable=False),
        sa.Column("score_id", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.String(length=40), nullable=False),
        sa.Column("explored", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("handed_at", sa.BigInteger(), nullable=False),
        sa.Column("touch_due", sa.BigInteger(), nullable=False),
        sa.Column("decision_due", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("criterion", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_handoffs")),
        sa.UniqueConstraint("id", name=op.f("uq_handoffs_id")),
    )
    with op.batch_alter_table("handoffs") as batch_op:
        batch_op.create_index(batch_op.f("ix_handoffs_handed_at"), ["handed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_handoffs_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handoffs_owner"), ["owner"], unique=False)
    op.create_table(
        "pact_comments",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("about", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pact_comments")),
    )
    with op.batch_alter_table("pact_comments") as batch_op:
        batch_op.create_index(batch_op.f("ix_pact_comments_about"), ["about"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("base_sha256", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("effective_wanted", sa.BigInteger(), nullable=True),
        sa.Column("replay", sa.Text(), nullable=True),
        sa.Column("keys_needed", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_proposals")),
        sa.UniqueConstraint("id", name=op.f("uq_proposals_id")),
    )
    op.create_table(
        "scopes",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.String(length=64), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_scopes")),
    )
    op.create_table(
        "pact_wishes",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("criterion", sa.String(length=200), nullable=True),
        sa.Column("topic", sa.String(length=200), nullable=True),
        sa.Column("proposal_id", sa.String(length=16), nullable=True),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_pact_wishes_proposal_id_proposals")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pact_wishes")),
        sa.UniqueConstraint("id", name=op.f("uq_pact_wishes_id")),
    )
    with op.batch_alter_table("pact_wishes") as batch_op:
        batch_op.create_index(batch_op.f("ix_pact_wishes_topic"), ["topic"], unique=False)
    op.create_table(
        "signatures",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("proposal_id", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_signatures_proposal_id_proposals")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_signatures")),
        sa.UniqueConstraint(
            "proposal_id",
            "revision",
            "person_id",
            name=op.f("uq_signatures_proposal_id_revision_person_id"),
        ),
        sa.UniqueConstraint(
            "proposal_id", "revision", "team", name=op.f("uq_signatures_proposal_id_revision_team")
        ),
    )
    op.create_table(
        "pact_evidence",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("wish_id", sa.String(length=16), nullable=False),
        sa.Column("lead_id", sa.String(length=200), nullable=False),
        sa.Column("handoff_id", sa.String(length=16), nullable=True),
        sa.Column("dispute_id", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["wish_id"], ["pact_wishes.id"], name=op.f("fk_pact_evidence_wish_id_pact_wishes")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_pact_evidence")),
    )
    with op.batch_alter_table("pact_evidence") as batch_op:
        batch_op.create_index(batch_op.f("ix_pact_evidence_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pact_evidence_wish_id"), ["wish_id"], unique=False)


def downgrade() -> None:
    """Take it back; never when somebody has signed.

    Raises:
        PactForgotten: when there are signatures.
    """
    told = op.get_bind().execute(sa.text("SELECT count(*) FROM signatures")).scalar_one()
    if told:
        raise PactForgotten(
            f"Revision 0030 cannot hold the pact: {told} signatures would be forgotten. "
            "Stay at 0010, or go back to a back-up."
        )
    with op.batch_alter_table("pact_evidence") as batch_op:
        batch_op.drop_index(batch_op.f("ix_pact_evidence_wish_id"))
        batch_op.drop_index(batch_op.f("ix_pact_evidence_lead_id"))
    op.drop_table("pact_evidence")
    op.drop_table("signatures")
    with op.batch_alter_table("pact_wishes") as batch_op:
        batch_op.drop_index(batch_op.f("ix_pact_wishes_topic"))
    op.drop_table("pact_wishes")
    op.drop_table("scopes")
    op.drop_table("proposals")
    with op.batch_alter_table("pact_comments") as batch_op:
        batch_op.drop_index(batch_op.f("ix_pact_comments_about"))
    op.drop_table("pact_comments")
    with op.batch_alter_table("handoffs") as batch_op:
        batch_op.drop_index(batch_op.f("ix_handoffs_owner"))
        batch_op.drop_index(batch_op.f("ix_handoffs_lead_id"))
        batch_op.drop_index(batch_op.f("ix_handoffs_handed_at"))
    op.drop_table("handoffs")
    with op.batch_alter_table("editions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_editions_effective_from"))
    op.drop_table("editions")
    with op.batch_alter_table("disputes") as batch_op:
        batch_op.drop_index(batch_op.f("ix_disputes_lead_id"))
    op.drop_table("disputes")
