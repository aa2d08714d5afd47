"""The outbox: what becomes of a row is decided as data, and a row belongs to one worker at a time."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select
from telegram.error import BadRequest

from bot import outbox, pace, telegram
from bot.outbox import Letter
from bot.pace import Pacer
from bot.telegram import Outcome
from facilitation import groups
from storage.database import Database
from storage.members import Member
from storage.partnerships import Partnership
from storage.queues import Outgoing, Pace
from tests.cast import MONDAY, Cast

NOW = 1000.0
FAST = Pacer(42, 1000.0)
DAY = timedelta(days=1)


def row(**facts: Any) -> Outgoing:  # noqa: ANN401 - any column
    made = Outgoing(
        key="a",
        kind="invitation",
        method="sendMessage",
        chat=5,
        payload={"chat_id": 5},
        resend=True,
        tries=1,
        not_before=MONDAY,
        not_after=MONDAY + DAY,
    )
    for name, value in facts.items():
        setattr(made, name, value)
    return made


DECISIONS = [
    ("a message", row(), Outcome("sent", {"message_id": 7}), {"state": "sent", "message": 7, "error": ""}),
    ("a tick", row(), Outcome("sent", result=True), {"state": "sent", "message": None, "error": ""}),
    (
        "a 429 costs no try",
        row(tries=3),
        Outcome("halted", wait=5, error="slow"),
        {"state": "retry", "tries": 2, "retry_s": 0.0, "error": "slow"},
    ),
    (
        "a group moved",
        row(),
        Outcome("moved", moved_to=-9),
        {"state": "retry", "chat": -9, "payload": {"chat_id": -9}},
    ),
    (
        "perhaps delivered, and worth sending again",
        row(),
        Outcome("uncertain", error="TimedOut"),
        {"state": "retry", "uncertain": 1, "retry_s": NOW + 2, "error": "TimedOut"},
    ),
    (
        "perhaps delivered, again and again: the waits outlast an outage",
        row(uncertain=4),
        Outcome("uncertain", error="TimedOut"),
        {"state": "retry", "uncertain": 5, "retry_s": NOW + 7200, "error": "TimedOut"},
    ),
    (
        "perhaps delivered, sent again five times",
        row(uncertain=5),
        Outcome("uncertain", error="TimedOut"),
        {"state": "dead", "uncertain": 6, "error": "TimedOut"},
    ),
    (
        "perhaps delivered, and never sent again",
        row(resend=False),
        Outcome("uncertain", error="TimedOut"),
        {"state": "uncertain", "uncertain": 1, "error": "TimedOut"},
    ),
    (
        "certainly not delivered",
        row(tries=2),
        Outcome("unsent", error="ConnectError"),
        {"state": "retry", "retry_s": NOW + 4, "error": "ConnectError"},
    ),
    (
        "certainly not delivered, however often: it waits no longer than a minute",
        row(tries=5000),
        Outcome("unsent", error="ConnectError"),
        {"state": "retry", "retry_s": NOW + 60, "error": "ConnectError"},
    ),
    (
        "our token is not valid any more",
        row(tries=3),
        Outcome("locked_out", error="InvalidToken"),
        {"state": "retry", "tries": 2, "retry_s": NOW + 30, "error": "InvalidToken"},
    ),
    (
        "nobody there",
        row(),
        Outcome("unreachable", error="blocked"),
        {"state": "dead", "resend": False, "error": "blocked"},
    ),
    (
        "what our own code cannot put together is tried a few times",
        row(tries=4),
        Outcome("unfit", error="KeyError"),
        {"state": "retry", "retry_s": NOW + 16, "error": "KeyError"},
    ),
    (
        "and then it is parked, and told whatever its kind",
        row(tries=5, kind="reminder", resend=False),
        Outcome("unfit", error="KeyError"),
        {"state": "dead", "resend": True, "error": "KeyError"},
    ),
    (
        "but a report about a report would never end",
        row(tries=5, kind="report", resend=False),
        Outcome("unfit", error="KeyError"),
        {"state": "dead", "resend": False, "error": "KeyError"},
    ),
    ("never accepted", row(), Outcome("refused", error="empty"), {"state": "dead", "error": "empty"}),
]


@pytest.mark.parametrize(
    ("_name", "letter", "came", "expected"), DECISIONS, ids=[case[0] for case in DECISIONS]
)
def test_what_becomes_of_a_row(_name: str, letter: Outgoing, came: Outcome, expected: dict[str, Any]) -> None:
    assert outbox.decided(letter, came, seconds=NOW) == expected


async def written(database: Database, *chats: int, kind: str = "invitation", **times: Any) -> None:  # noqa: ANN401 - not_before, not_after
    moments = {"not_before": MONDAY, "not_after": MONDAY + DAY} | times
    async with database.writing() as session:
        known = len((await session.exec(select(Outgoing.id))).all())
        letters = [
            Letter(
                f"{kind}:{known + n}", kind, chat, "sendMessage", {"chat_id": chat, "text": "x"}, **moments
            )
            for n, chat in enumerate(chats)
        ]
        await outbox.put(database, session, letters)


async def rows(database: Database) -> list[Outgoing]:
    async with database.reading() as session:
        return list((await session.exec(select(Outgoing).order_by(col(Outgoing.id)))).all())


async def test_a_letter_put_twice_is_one_letter(database: Database) -> None:
    letter = Letter("a", "brief", 5, "sendMessage", {}, MONDAY, MONDAY + DAY)

    async with database.writing() as session:
        await outbox.put(database, session, [letter])
        await outbox.put(database, session, [letter])

    assert len(await rows(database)) == 1


async def test_two_workers_get_different_rows(database: Database) -> None:
    await written(database, *range(1, 11))

    first = await outbox.claim(database, FAST, now=MONDAY, most=5)
    second = await outbox.claim(database, FAST, now=MONDAY, most=12)

    assert [one.row.chat for one in first] == [1, 2, 3, 4, 5]
    assert [one.row.chat for one in second] == [6, 7, 8, 9, 10]
    assert await outbox.claim(database, FAST, now=MONDAY) == []


async def test_a_chat_gets_its_letters_in_order_one_at_a_time(database: Database) -> None:
    await written(database, 1, 1)

    first = await outbox.claim(database, FAST, now=MONDAY)
    meanwhile = await outbox.claim(database, FAST, now=MONDAY)
    await outbox.finish(database, FAST, first[0].row, Outcome("sent", {"message_id": 1}), now=MONDAY)
    second = await outbox.claim(database, FAST, now=MONDAY)

    assert [one.row.id for one in first] < [one.row.id for one in second]
    assert meanwhile == []


async def test_a_letter_waits_for_its_time(database: Database) -> None:
    await written(database, 1, not_before=MONDAY + timedelta(hours=1))

    early = await outbox.claim(database, FAST, now=MONDAY)
    then = await outbox.claim(database, FAST, now=MONDAY + timedelta(hours=1))

    assert (len(early), len(then)) == (0, 1)


async def test_a_stale_letter_expires_and_is_never_sent(database: Database) -> None:
    await written(database, 1)

    late = await outbox.claim(database, FAST, now=MONDAY + DAY)
    await outbox.sweep(database, now=MONDAY + DAY)

    assert late == []
    assert [one.state for one in await rows(database)] == ["expired"]


async def leases_end(database: Database) -> None:
    async with database.writing() as session:
        for one in (await session.exec(select(Outgoing))).all():
            one.leased_until_s = 0.0
            session.add(one)


async def test_a_worker_that_finishes_too_late_changes_nothing(database: Database) -> None:
    await written(database, 1)
    paused = (await outbox.claim(database, FAST, now=MONDAY))[0].row
    await leases_end(database)
    await outbox.sweep(database, now=MONDAY)
    async with database.writing() as session:
        (await session.exec(select(Outgoing))).one().retry_s = 0.0
        await session.merge(Pace(bot=42, chat=1, free_s=0.0))
    other = (await outbox.claim(database, FAST, now=MONDAY))[0].row
    before = await rows(database)

    late = await outbox.finish(database, FAST, paused, Outcome("refused", error="late"), now=MONDAY)
    await outbox.put_back(database, paused)

    assert late == ""
    assert await rows(database) == before
    assert await outbox.finish(database, FAST, other, Outcome("sent", {}), now=MONDAY) == "sent"


@pytest.mark.parametrize(
    ("kind", "state"), [("invitation", "retry"), ("reminder", "uncertain"), ("report", "uncertain")]
)
async def test_what_a_crash_left_is_sent_again_only_if_losing_it_were_worse(
    database: Database, kind: str, state: str
) -> None:
    await written(database, 1, kind=kind)
    await outbox.claim(database, FAST, now=MONDAY)

    held = await outbox.sweep(database, now=MONDAY)
    await leases_end(database)
    left = await outbox.sweep(database, now=MONDAY)

    assert (len(held), len(left)) == (0, 1)
    assert [(one.state, one.uncertain, one.lease) for one in await rows(database)] == [(state, 1, "")]


async def test_after_a_restart_of_the_machine_nothing_waits_by_the_old_count_of_seconds(
    database: Database,
) -> None:
    await written(database, 1)
    async with database.writing() as session:
        one = (await session.exec(select(Outgoing))).one()
        one.state, one.retry_s = "retry", 10.0**10
        session.add_all(
            [
                one,
                Pace(bot=42, chat=0, free_s=10.0**10, halted_s=10.0**10),
                Pace(bot=42, chat=1, free_s=10.0**10),
            ]
        )

    await pace.resume(database)
    await outbox.sweep(database, now=MONDAY, orphaned=True)
    claimed = await outbox.claim(database, FAST, now=MONDAY)

    assert [one.row.chat for one in claimed] == [1]


async def test_whoever_blocked_us_is_marked_and_not_written_to_again(database: Database, cast: Cast) -> None:
    gone, here = cast.members[:2]
    await written(database, gone, gone, here)
    claimed = await outbox.claim(database, FAST, now=MONDAY)

    await outbox.finish(database, FAST, claimed[0].row, Outcome("unreachable", error="blocked"), now=MONDAY)

    assert [(one.chat, one.state) for one in await rows(database)] == [
        (gone, "dead"),
        (gone, "dead"),
        (here, "sending"),
    ]
    async with database.reading() as session:
        lost = (await session.exec(select(Member).where(col(Member.unreachable_since).is_not(None)))).all()
    assert [member.account for member in lost] == [gone]


async def test_a_group_that_moved_takes_its_letters_and_its_partnership_along(
    database: Database, cast: Cast
) -> None:
    await in_group(database, cast, -100)
    await written(database, -100, -100)
    claimed = await outbox.claim(database, FAST, now=MONDAY)

    state = await outbox.finish(database, FAST, claimed[0].row, Outcome("moved", moved_to=-200), now=MONDAY)

    assert state == "retry"
    assert [(one.chat, one.payload["chat_id"]) for one in await rows(database)] == [(-200, -200)] * 2
    assert await group_of(database, cast) == -200


async def test_a_group_that_put_us_out_gets_no_more_digests(database: Database, cast: Cast) -> None:
    await in_group(database, cast, -100)
    await written(database, -100, kind="digest")
    claimed = await outbox.claim(database, FAST, now=MONDAY)

    await outbox.finish(database, FAST, claimed[0].row, Outcome("unreachable", error="kicked"), now=MONDAY)

    assert await group_of(database, cast) is None


async def in_group(database: Database, cast: Cast, chat: int) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = chat


async def group_of(database: Database, cast: Cast) -> int | None:
    async with database.reading() as session:
        return (await session.get_one(Partnership, cast.partnership.id)).group_chat


async def test_a_halt_holds_back_what_is_claimed_next(database: Database) -> None:
    await written(database, 1, 2)
    first = (await outbox.claim(database, FAST, now=MONDAY, most=1))[0].row

    await outbox.finish(database, FAST, first, Outcome("halted", wait=30), now=MONDAY)

    assert await outbox.claim(database, FAST, now=MONDAY) == []
    assert 29 < await pace.halted(database, FAST) <= 30


async def test_a_halt_of_many_hours_is_kept(database: Database) -> None:
    await written(database, 1, 2)
    first = (await outbox.claim(database, FAST, now=MONDAY, most=1))[0].row

    await outbox.finish(database, FAST, first, Outcome("halted", wait=20_000), now=MONDAY)

    assert await outbox.claim(database, FAST, now=MONDAY) == []
    assert await outbox.claim(database, FAST, now=MONDAY) == []
    assert 19_999 < await pace.halted(database, FAST) <= 20_000


async def waits(database: Database, seconds: float) -> None:
    """The first letter perhaps arrived, and is sent again in so many seconds."""
    async with database.writing() as session:
        one = (await session.exec(select(Outgoing).order_by(col(Outgoing.id)).limit(1))).one()
        one.state, one.retry_s = "retry", await database.machine_seconds(session) + seconds
        session.add(one)


@pytest.mark.parametrize(("seconds", "overtakes"), [(50.0, 0), (1800.0, 1)])
async def test_only_a_letter_that_waits_for_long_is_overtaken(
    database: Database, seconds: float, overtakes: int
) -> None:
    await written(database, 1, 1)
    await waits(database, seconds)

    claimed = await outbox.claim(database, FAST, now=MONDAY)

    assert len(claimed) == overtakes


async def reports(database: Database) -> list[str]:
    return [one.payload["text"] for one in await rows(database) if one.kind == "report"]


async def test_what_could_not_be_delivered_is_reported_once_an_hour(database: Database) -> None:
    later, hour = MONDAY + DAY, timedelta(hours=1)
    await written(database, 1, 2)
    await written(database, 3, kind="digest")
    await written(database, 4, kind="reminder")
    await outbox.sweep(database, now=later)

    first = await outbox.given_up(database, operator=99, now=later)
    again = await outbox.given_up(database, operator=99, now=later)
    await written(database, 5, kind="brief")
    await outbox.sweep(database, now=later)
    too_soon = await outbox.given_up(database, operator=99, now=later)
    then = await outbox.given_up(database, operator=99, now=later + hour)

    assert (first, again, too_soon, then) == ({"invitation": 2, "digest": 1}, {}, {}, {"brief": 1})
    told, told_later = await reports(database)
    assert "2 invitations to a round" in told
    assert "1 message with a digest" in told
    assert "parley doctor" in told
    assert "1 message to a facilitator" in told_later
    assert {one.chat for one in await rows(database) if one.kind == "report"} == {99}


async def test_whoever_blocked_us_is_nothing_to_report(database: Database, cast: Cast) -> None:
    gone = cast.members[0]
    await written(database, gone, gone)
    claimed = await outbox.claim(database, FAST, now=MONDAY)
    await outbox.finish(database, FAST, claimed[0].row, Outcome("unreachable", error="blocked"), now=MONDAY)

    assert await outbox.given_up(database, operator=99, now=MONDAY) == {}


async def test_without_an_operator_chat_the_log_alone_tells_what_was_given_up(database: Database) -> None:
    await written(database, 1)
    claimed = await outbox.claim(database, FAST, now=MONDAY)
    await outbox.finish(database, FAST, claimed[0].row, Outcome("refused", error="no"), now=MONDAY)

    told = [await outbox.given_up(database, operator=0, now=MONDAY) for _ in range(2)]

    assert told == [{"invitation": 1}, {}]
    assert await reports(database) == []


async def test_what_is_for_a_group_that_took_our_rights_waits_until_it_gives_them_back(
    database: Database, cast: Cast
) -> None:
    await in_group(database, cast, -100)
    await written(database, -100, kind="digest")
    claimed = await outbox.claim(database, FAST, now=MONDAY)
    came = telegram.outcome(BadRequest("Not enough rights to send text messages to the chat"))

    await outbox.finish(database, FAST, claimed[0].row, came, now=MONDAY)
    early = await outbox.claim(database, FAST, now=MONDAY)
    async with database.writing() as session:
        ill = await groups.of(session, cast.partnership.id, now=MONDAY)
        await groups.open_again(session, chat=-100)
    again = await outbox.claim(database, FAST, now=MONDAY)
    await outbox.finish(database, FAST, again[0].row, Outcome("sent", {"message_id": 1}), now=MONDAY)

    assert await group_of(database, cast) == -100
    assert (early, len(again), ill and ill.what) == ([], 1, groups.BARRED)
    async with database.reading() as session:
        assert await groups.of(session, cast.partnership.id, now=MONDAY) is None
