"""The first schema."""

import sqlalchemy as sa
from alembic import op

from storage import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "partnership",
    "cell",
    "organisation",
    "member",
    "invite",
    "seat",
    "founding",
    "schedule",
    "round",
    "invitation",
    "answer",
    "promise",
    "raised",
    "awaited",
    "roster",
    "digest",
    "signal",
    "shown",
    "response",
    "inbox",
    "outbox",
    "pace",
    "heartbeat",
)


def upgrade() -> None:
    _partnerships()
    _members()
    _schedules()
    _answers()
    _words()
    _digests()
    _queues()
    _machinery()


def downgrade() -> None:
    # A table goes before those it points to.
    for table in reversed(TABLES):
        op.drop_table(table)


def _partnerships() -> None:
    op.create_table(
        "partnership",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("danger", sa.String(), nullable=False),
        sa.Column("minimum_group", sa.Integer(), nullable=False),
        sa.Column("facilitator_runs_server", sa.Boolean(), nullable=False),
        sa.Column("group_chat", sa.BigInteger(), nullable=True),
        sa.Column("cells_version", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
    )
    op.create_index("ix_partnership_group_chat", "partnership", ["group_chat"], unique=False)
    op.create_table(
        "cell",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shape", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
    )
    op.create_index("ix_cell_partnership_id", "cell", ["partnership_id"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("unwanted", sa.String(), nullable=False),
        sa.Column("off_telegram", sa.Integer(), nullable=False),
        sa.Column("removed_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("cell_id", sa.BigInteger(), sa.ForeignKey("cell.id"), nullable=True),
    )
    op.create_index("ix_organisation_partnership_id", "organisation", ["partnership_id"], unique=False)


def _members() -> None:
    op.create_table(
        "member",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("account", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("unreachable_since", columns.Moment(timezone=True), nullable=True),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
        sa.UniqueConstraint("account"),
    )
    op.create_table(
        "invite",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("expires_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("revoked_at", columns.Moment(timezone=True), nullable=True),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_index("ix_invite_partnership_id", "invite", ["partnership_id"], unique=False)
    op.create_table(
        "seat",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("member_id", sa.BigInteger(), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("consent_version", sa.String(), nullable=False),
        sa.Column("consented_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("left_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), sa.ForeignKey("invite.id"), nullable=True),
        sa.Column("away_until", sa.Date(), nullable=True),
        sa.Column("paused_at", columns.Moment(timezone=True), nullable=True),
        sa.UniqueConstraint("member_id", "organisation_id"),
    )
    op.create_index("ix_seat_member_id", "seat", ["member_id"], unique=False)
    op.create_index("ix_seat_organisation_id", "seat", ["organisation_id"], unique=False)
    op.create_index("ix_seat_partnership_id", "seat", ["partnership_id"], unique=False)
    op.create_table(
        "founding",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("expires_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("used_at", columns.Moment(timezone=True), nullable=True),
        sa.UniqueConstraint("secret_hash"),
    )


def _schedules() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("opens", sa.String(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("closes", sa.String(), nullable=False),
        sa.Column("digest_days", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.String(), nullable=False),
        sa.Column("quiet_until", sa.String(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("holidays", sa.String(), nullable=False),
        sa.Column("skips", sa.JSON(), nullable=False),
        sa.Column("started_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("paused_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("deleted_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("planned_until", columns.Moment(timezone=True), nullable=True),
        sa.Column("created_at", columns.Moment(timezone=True), nullable=False),
    )
    op.create_index("ix_schedule_partnership_id", "schedule", ["partnership_id"], unique=False)
    op.create_table(
        "round",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("schedule_id", sa.BigInteger(), sa.ForeignKey("schedule.id"), nullable=False),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opens_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("reminds_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("reminds_again_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("closes_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("brief_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("digest_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("rested", sa.JSON(), nullable=False),
        sa.Column("briefed_at", columns.Moment(timezone=True), nullable=True),
        sa.UniqueConstraint("schedule_id", "local_date"),
    )
    op.create_index("ix_round_partnership_id", "round", ["partnership_id"], unique=False)
    op.create_index("ix_round_schedule_id", "round", ["schedule_id"], unique=False)
    op.create_index("ix_round_state", "round", ["state"], unique=False)


def _answers() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("round.id"), nullable=False),
        sa.Column("seat_id", sa.BigInteger(), sa.ForeignKey("seat.id"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("cell_id", sa.BigInteger(), sa.ForeignKey("cell.id"), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("card", sa.BigInteger(), nullable=True),
        sa.Column("card_item", sa.String(), nullable=False),
        sa.UniqueConstraint("round_id", "seat_id"),
    )
    op.create_index("ix_invitation_round_id", "invitation", ["round_id"], unique=False)
    op.create_index("ix_invitation_seat_id", "invitation", ["seat_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("invitation_id", sa.BigInteger(), sa.ForeignKey("invitation.id"), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("shown_as", sa.String(), nullable=True),
        sa.Column("withheld", sa.String(), nullable=False),
        sa.Column("ticked", sa.JSON(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", columns.Moment(timezone=True), nullable=False),
        sa.UniqueConstraint("invitation_id", "item", "about"),
    )
    op.create_index("ix_answer_invitation_id", "answer", ["invitation_id"], unique=False)


def _words() -> None:
    op.create_table(
        "promise",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("schedule_id", sa.BigInteger(), sa.ForeignKey("schedule.id"), nullable=False),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("round.id"), nullable=False),
        sa.Column("seat_id", sa.BigInteger(), sa.ForeignKey("seat.id"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("made_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.UniqueConstraint("round_id", "seat_id"),
    )
    op.create_index("ix_promise_seat_id", "promise", ["seat_id"], unique=False)
    op.create_table(
        "raised",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("seat_id", sa.BigInteger(), sa.ForeignKey("seat.id"), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("shown_as", sa.String(), nullable=True),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("raised_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("seen_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("withdrawn_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("withheld", sa.String(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("replied_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("asked_at", columns.Moment(timezone=True), nullable=True),
        sa.Column("heard", sa.String(), nullable=False),
        sa.Column("heard_at", columns.Moment(timezone=True), nullable=True),
    )
    op.create_index("ix_raised_partnership_id", "raised", ["partnership_id"], unique=False)
    op.create_index("ix_raised_seat_id", "raised", ["seat_id"], unique=False)
    op.create_table(
        "awaited",
        sa.Column("chat", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("refused", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "roster",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("filed_at", columns.Moment(timezone=True), nullable=False),
    )


def _digests() -> None:
    op.create_table(
        "digest",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("round.id"), nullable=False),
        sa.Column("partnership_id", sa.BigInteger(), sa.ForeignKey("partnership.id"), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", columns.Moment(timezone=True), nullable=False),
        sa.UniqueConstraint("round_id"),
    )
    op.create_index("ix_digest_partnership_id", "digest", ["partnership_id"], unique=False)
    op.create_table(
        "signal",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("round.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("severity", sa.Float(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
    )
    op.create_index("ix_signal_round_id", "signal", ["round_id"], unique=False)
    op.create_table(
        "shown",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("round_id", sa.BigInteger(), sa.ForeignKey("round.id"), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("cell_id", sa.BigInteger(), sa.ForeignKey("cell.id"), nullable=True),
        sa.Column("cells_version", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.UniqueConstraint("round_id", "item", "cell_id"),
    )
    op.create_index("ix_shown_round_id", "shown", ["round_id"], unique=False)
    op.create_table(
        "response",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("digest_id", sa.BigInteger(), sa.ForeignKey("digest.id"), nullable=False),
        sa.Column("seat_id", sa.BigInteger(), sa.ForeignKey("seat.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.UniqueConstraint("digest_id", "seat_id", "kind"),
    )
    op.create_index("ix_response_digest_id", "response", ["digest_id"], unique=False)


def _queues() -> None:
    op.create_table(
        "inbox",
        sa.Column("bot", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("chat", sa.BigInteger(), nullable=False),
        sa.Column("received_at", columns.Moment(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("awaited", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_s", sa.Float(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
    )
    op.create_index("inbox_by_chat", "inbox", ["state", "chat", "received_at", "update_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", columns.Key, primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("chat", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("resend", sa.Boolean(), nullable=False),
        sa.Column("not_before", columns.Moment(timezone=True), nullable=False),
        sa.Column("not_after", columns.Moment(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(), nullable=False),
        sa.Column("leased_until_s", sa.Float(), nullable=False),
        sa.Column("retry_s", sa.Float(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.UniqueConstraint("key"),
    )
    op.create_index("outbox_by_chat", "outbox", ["chat", "state", "id"], unique=False)
    op.create_index("outbox_due", "outbox", ["state", "retry_s", "not_before", "id"], unique=False)


def _machinery() -> None:
    op.create_table(
        "pace",
        sa.Column("bot", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("chat", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("free_s", sa.Float(), nullable=False),
        sa.Column("halted_s", sa.Float(), nullable=False),
    )
    op.create_table(
        "heartbeat",
        sa.Column("part", sa.String(), primary_key=True),
        sa.Column("seen_s", sa.Float(), nullable=False),
        sa.Column("seen_at", columns.Moment(timezone=True), nullable=False),
    )
