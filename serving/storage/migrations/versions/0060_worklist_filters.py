"""What the worklist looks for besides: the cell of fit and engagement, the first touch, texts."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    """Take the step; the new columns are filled from what is stored."""
    with op.batch_alter_table("leads") as batch_op:
        batch_op.add_column(sa.Column("grid", sa.String(length=2), nullable=True))
        batch_op.add_column(sa.Column("channel", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("search", sa.Text(), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_leads_grid"), ["grid"], unique=False)
        batch_op.create_index(batch_op.f("ix_leads_channel"), ["channel"], unique=False)
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "UPDATE leads SET channel = (SELECT a.channel FROM activities a WHERE a.lead_id = "
            "leads.id ORDER BY a.occurred_at, a.event_id LIMIT 1) WHERE scoring_allowed"
        )
    )
    after = 0
    while rows := connection.execute(_NEXT, {"after": after, "most": BATCH}).all():
        connection.execute(_FILL, [_filled(row) for row in rows])
        after = rows[-1].seq


_NEXT = sa.text(
    "SELECT leads.seq, leads.fields, scores.answer FROM leads LEFT JOIN scores "
    "ON scores.seq = leads.score_seq WHERE leads.seq > :after ORDER BY leads.seq LIMIT :most"
)
_FILL = sa.text("UPDATE leads SET grid = :grid, search = :search WHERE seq = :seq")


def _filled(row: sa.Row[Any]) -> dict[str, Any]:
    texts = [v for v in json.loads(row.fields).values() if isinstance(v, str)]
    grid = None if row.answer is None else json.loads(row.answer).get("grid")
    return {"seq": row.seq, "grid": grid, "search": "\n".join(texts).casefold()}


def downgrade() -> None:
    """Take it back; what is stored elsewhere is not lost."""
    with op.batch_alter_table("leads") as batch_op:
        batch_op.drop_index(batch_op.f("ix_leads_channel"))
        batch_op.drop_index(batch_op.f("ix_leads_grid"))
        batch_op.drop_column("search")
        batch_op.drop_column("channel")
        batch_op.drop_column("grid")
