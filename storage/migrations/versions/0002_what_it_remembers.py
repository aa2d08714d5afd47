"""What this Parley remembers about itself gets a table; until now it stood among the heartbeats.

And indexes by what three million answers beside them showed.
"""

import sqlalchemy as sa
from alembic import op

from storage import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AWAY, RESTORED = "away", "restored"

# By table: what is looked up by years of rounds beside it, and what a unique key of the table serves as well.
LOOKED_UP = (
    ("round_by_day", "round", ("partnership_id", "local_date")),
    ("round_briefed", "round", ("partnership_id", "briefed_at")),
    ("invitation_by_seat", "invitation", ("seat_id", "id")),
)
# Of the outbox, which holds years of letters: those that may still go out, and those to be reported.
FEW = (
    ("outbox_live", "state IN ('pending', 'retry', 'sending')"),
    ("outbox_lost", "state IN ('dead', 'expired') AND resend"),
)
SERVED = (
    ("round", "partnership_id"),
    ("round", "schedule_id"),
    ("invitation", "seat_id"),
    ("invitation", "round_id"),
    ("answer", "invitation_id"),
    ("shown", "round_id"),
    ("response", "digest_id"),
)


def upgrade() -> None:
    memo = op.create_table(
        "memo",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", columns.Moment(timezone=True), nullable=False),
    )
    beat = _heartbeat()
    away = sa.select(beat.c.part, sa.literal("", sa.Text()), beat.c.seen_at).where(beat.c.part == AWAY)
    op.execute(memo.insert().from_select(["name", "value", "at"], away))
    op.execute(beat.delete().where(beat.c.part == AWAY))
    # A letter may carry the quiet hours of whoever gets it, and when the next night there falls.
    op.add_column("outbox", sa.Column("quiet", sa.String(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("nightfall", columns.Moment(timezone=True), nullable=True))
    for name, table, over in LOOKED_UP:
        op.create_index(name, table, list(over), unique=False)
    for name, states in FEW:
        where = sa.text(states)
        op.create_index(name, "outbox", ["id"], sqlite_where=where, postgresql_where=where)
    op.drop_index("outbox_due", "outbox")
    for table, column in SERVED:
        op.drop_index(f"ix_{table}_{column}", table)


def downgrade() -> None:
    """Since when nothing was heard had a place before; what else is remembered (counts for metrics, what an
    operator was told) is forgotten. A restored copy may not forget that it is silent, so it is refused.
    """
    _refuse_a_silent_copy()
    for table, column in SERVED:
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    op.create_index("outbox_due", "outbox", ["state", "retry_s", "not_before", "id"], unique=False)
    for name, _ in FEW:
        op.drop_index(name, "outbox")
    for name, table, _ in LOOKED_UP:
        op.drop_index(name, table)
    op.drop_column("outbox", "nightfall")
    op.drop_column("outbox", "quiet")
    memo = sa.table("memo", sa.column("name"), sa.column("at"))
    beat = _heartbeat()
    away = sa.select(memo.c.name, sa.literal(0.0), memo.c.at).where(memo.c.name == AWAY)
    op.execute(beat.insert().from_select(["part", "seen_s", "seen_at"], away))
    op.drop_table("memo")


def _refuse_a_silent_copy() -> None:
    memo = sa.table("memo", sa.column("name"))
    silent = sa.select(memo.c.name).where(memo.c.name == RESTORED)
    if op.get_bind().execute(silent).first() is not None:
        raise RuntimeError("This is a restored copy that is silent: an earlier schema would let it speak.")


def _heartbeat() -> sa.TableClause:
    return sa.table("heartbeat", sa.column("part"), sa.column("seen_s"), sa.column("seen_at"))
