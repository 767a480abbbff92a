"""When the clocks of a hand-off were judged, so that a breach is told once."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step; the column that goes was never written."""
    with op.batch_alter_table("handoffs") as batch_op:
        batch_op.drop_column("touched_at")
        for name in ("touch_judged_at", "decision_judged_at"):
            batch_op.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
            batch_op.create_index(batch_op.f(f"ix_handoffs_{name}"), [name], unique=False)


def downgrade() -> None:
    """Take it back; breaches will be told once more."""
    with op.batch_alter_table("handoffs") as batch_op:
        for name in ("touch_judged_at", "decision_judged_at"):
            batch_op.drop_index(batch_op.f(f"ix_handoffs_{name}"))
            batch_op.drop_column(name)
        batch_op.add_column(sa.Column("touched_at", sa.BigInteger(), nullable=True))
