"""What was raised: who is told what of it, and when."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import select

from facilitation import raised
from storage.database import Database
from storage.digests import Digest
from storage.raised import Raised
from tests.cast import CLOSES, DIGEST, MONDAY, OPENS, Cast, seat_of
from tests.facilitation.turning import all_rounds, turn

SEEN = MONDAY + timedelta(days=1)


async def put(database: Database, cast: Cast, account: int, text: str, **facts: Any) -> int:  # noqa: ANN401 - any column
    """Something raised on Monday that stands before the facilitators since Tuesday."""
    seat = await seat_of(database, account)
    known: dict[str, Any] = {"shown_as": "quoted", "raised_at": MONDAY, "seen_at": SEEN} | facts
    async with database.writing() as session:
        row = Raised(partnership_id=cast.partnership.id, seat_id=seat.id, text=text, **known)
        session.add(row)
        await session.flush()
        return row.id


async def digest(database: Database, cast: Cast, since: datetime = MONDAY) -> dict[str, Any]:
    async with database.reading() as session:
        return await raised.for_digest(session, cast.partnership.id, since=since)


async def brief(database: Database, cast: Cast, since: datetime | None = None) -> list[dict[str, Any]]:
    async with database.reading() as session:
        return await raised.for_brief(session, cast.partnership.id, since=since)


async def test_what_is_owed_is_what_was_raised_seen_and_has_no_reply(database: Database, cast: Cast) -> None:
    author = cast.accounts["refugee_group"][0]
    await put(database, cast, author, "second", seen_at=SEEN + timedelta(days=1))
    await put(database, cast, author, "first")
    await put(database, cast, author, "withheld, and still owed", withheld="names")
    await put(database, cast, author, "no choice yet", shown_as=None, seen_at=None)
    await put(database, cast, author, "not seen yet", seen_at=None)
    await put(database, cast, author, "taken back", withdrawn_at=SEEN)
    await put(database, cast, author, "replied", reply="agreed", replied_at=SEEN)

    async with database.reading() as session:
        owed = await raised.owed(session, cast.partnership.id)

    assert [row.text for row in owed] == ["first", "withheld, and still owed", "second"]


async def test_an_author_is_named_as_they_chose_and_no_further(database: Database, cast: Cast) -> None:
    small, large = cast.accounts["refugee_group"][0], cast.accounts["council"][0]
    await put(database, cast, small, "1", shown_as="facilitator")
    await put(database, cast, small, "2")
    await put(database, cast, large, "3")
    await put(database, cast, small, "4", shown_as="organisation")
    await put(database, cast, small, "5", shown_as="named")
    health = cast.accounts["health_trust"][0]
    await put(database, cast, health, "6")

    told = await brief(database, cast)

    assert [(one["by"], one["name"]) for one in told] == [
        ("facilitator", ""),
        ("kind", "community"),
        ("kind", "public"),
        ("organisation", "Refugee Group"),
        ("name", f"Person {small}, Refugee Group"),
        ("kind", "public"),
    ]


async def test_a_kind_with_few_seats_is_a_partner(database: Database, cast: Cast) -> None:
    for title in ("family_charity", "youth_centre"):
        for account in cast.accounts[title]:
            seat = await seat_of(database, account)
            async with database.writing() as session:
                seat.left_at = MONDAY
                session.add(seat)
    await put(database, cast, cast.accounts["refugee_group"][0], "We hear about it late.")

    (told,) = (await digest(database, cast))["owed"]

    assert (told["by"], told["name"]) == ("partner", "")


async def test_a_digest_quotes_only_what_may_be_quoted_and_tells_days(database: Database, cast: Cast) -> None:
    author = cast.accounts["refugee_group"][0]
    await put(database, cast, author, "for you alone", shown_as="facilitator")
    await put(database, cast, author, "about Jo", withheld="names")
    await put(database, cast, author, "quoted")
    reply = {"reply": "agreed", "words": "From May on.", "until": date(2026, 12, 1)}
    await put(database, cast, author, "replied", replied_at=SEEN + timedelta(days=3), **reply)
    await put(database, cast, author, "long ago", replied_at=SEEN, **reply)

    told = await digest(database, cast, since=SEEN + timedelta(days=1))

    assert [(one["text"], one["raised"], one["owed_by"]) for one in told["owed"]] == [
        ("quoted", "2026-11-02", "2026-11-16")
    ]
    assert [(one["text"], one["reply"], one["words"], one["until"]) for one in told["replied"]] == [
        ("replied", "agreed", "From May on.", "2026-12-01")
    ]
    assert (told["alone"], told["withheld"]) == (None, 1)
    assert "for you alone" not in str(told)
    assert "about Jo" not in str(told)


async def test_how_many_spoke_to_the_facilitator_alone_is_a_band_and_never_a_few(
    database: Database, cast: Cast
) -> None:
    for account in cast.accounts["council"][:3]:
        await put(database, cast, account, "again", shown_as="facilitator")
        await put(database, cast, account, "and again", shown_as="facilitator")
    few = (await digest(database, cast))["alone"]
    await put(database, cast, cast.accounts["council"][3], "one more", shown_as="facilitator")

    enough = (await digest(database, cast))["alone"]

    assert few is None
    assert enough == {"least": 7, "most": 9}


async def test_a_reply_being_written_is_no_reply(database: Database, cast: Cast) -> None:
    draft = {"reply": "declined", "words": "Not this year."}
    await put(database, cast, cast.accounts["council"][0], "An hour earlier?", draft=draft)

    told = await digest(database, cast)

    assert [one["reply"] for one in told["owed"]] == [""]
    assert "Not this year." not in str(told)


async def test_whether_they_were_heard_stands_in_the_brief_without_a_name(
    database: Database, cast: Cast
) -> None:
    author = cast.accounts["council"][0]
    facts = {"shown_as": "named", "reply": "agreed", "replied_at": SEEN, "heard": "no"}
    await put(database, cast, author, "An hour earlier?", heard_at=SEEN + timedelta(days=7), **facts)

    first = await brief(database, cast, since=SEEN + timedelta(days=6))
    second = await brief(database, cast, since=SEEN + timedelta(days=13))

    assert [(one["heard"], one["by"], one["name"]) for one in first] == [("no", "", "")]
    assert second == []


async def test_a_reply_tapped_before_a_digest_and_handled_after_it_stands_in_the_next(
    database: Database, cast: Cast
) -> None:
    author = cast.accounts["council"][0]
    facts = {"reply": "agreed", "replied_at": SEEN, "heard": "no", "heard_at": SEEN}
    await put(database, cast, author, "An hour earlier?", **facts)

    told = await digest(database, cast, since=SEEN + timedelta(seconds=20))
    listed = await brief(database, cast, since=SEEN + timedelta(seconds=20))

    assert [one["text"] for one in told["replied"]] == ["An hour earlier?"]
    assert told["heard"]["no"] == 1
    assert [one["heard"] for one in listed] == ["no"]


async def test_who_raised_much_counts_once_among_those_who_say_whether_they_were_heard(
    database: Database, cast: Cast
) -> None:
    busy, other = cast.members[:2]
    for number in range(8):
        facts = {"reply": "agreed", "replied_at": SEEN, "heard_at": SEEN}
        await put(database, cast, busy, f"{number}", heard="no" if number == 3 else "yes", **facts)
    await put(database, cast, other, "once", reply="agreed", replied_at=SEEN, heard_at=SEEN, heard="yes")

    told = await digest(database, cast)

    # Eight words of one person are no eight people: a share of them would be hers alone.
    assert told["heard"] == {"yes": 1, "partly": 0, "no": 1}


async def test_another_partnership_gets_nothing(database: Database, cast: Cast) -> None:
    await put(database, cast, cast.accounts["council"][0], "An hour earlier?")
    other = cast.partnership.id + 1
    async with database.writing() as session:
        session.add(type(cast.partnership)(id=other, name="Hillside", timezone="UTC", created_at=MONDAY))

    async with database.reading() as session:
        told = [
            await raised.owed(session, other),
            await raised.for_brief(session, other, since=MONDAY),
            (await raised.for_digest(session, other, since=MONDAY))["owed"],
        ]

    assert told == [[], [], []]


async def test_a_digest_on_its_way_signs_no_words_further_than_their_author_chooses_now(
    database: Database, cast: Cast
) -> None:
    author = cast.accounts["refugee_group"][0]
    raised_id = await put(database, cast, author, "We hear about it late.", shown_as="named")
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)
    (round_,) = [one for one in await all_rounds(database) if one.state == "closing"]
    async with database.writing() as session:
        await raised.show_as(session, raised_id, 1, account=author, now=CLOSES)

    await turn(database, now=DIGEST)

    async with database.reading() as session:
        sent = (await session.exec(select(Digest).where(Digest.round_id == round_.id))).one()
    assert {one["by"] for one in sent.facts["owed"]["owed"]} <= {"kind"}
    assert f"Person {author}" not in str(sent.facts)
