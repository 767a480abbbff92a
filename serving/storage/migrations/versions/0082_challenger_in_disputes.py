"""What a challenger would have said of a disputed score."""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("disputes") as batch_op:
        batch_op.add_column(sa.Column("challenger", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("challenger_loss", sa.Double(), nullable=True))


def downgrade() -> None:
    """Take it back; what challengers would have said is gone with it."""
    with op.batch_alter_table("disputes") as batch_op:
        batch_op.drop_column("challenger_loss")
        batch_op.drop_column("challenger")
