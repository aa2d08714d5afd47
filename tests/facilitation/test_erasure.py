"""Promise 26: whoever asks to be forgotten leaves no mark in any table, and nobody else loses anything."""

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from facilitation import erasure, members, publishing, seats
from storage.database import Database
from storage.digests import Digest
from storage.members import Roster, Seat
from storage.queues import Incoming, Outgoing
from storage.rounds import Answer
from tests.cast import CLOSES, DIGEST, MONDAY, OPENS, Cast, seated
from tests.facilitation import marked
from tests.facilitation.turning import all_rounds, answer, digest_of, step, turn, write

SIZE = 30
FIRST = 7_100_000  # accounts that look like no other number


@pytest.mark.promise
async def test_of_whoever_is_forgotten_no_mark_is_left(database: Database, note: Callable[..., None]) -> None:
    casts = [await seated(database, first_account=FIRST + 1000 * at, name=f"Circle {at}") for at in range(2)]
    await turn(database, now=OPENS)
    people = [account for one in casts for account in one.members][:SIZE]
    for one, round_ in zip(casts, await all_rounds(database), strict=False):
        assert round_.partnership_id == one.partnership.id
        theirs = [account for account in one.members if account in people]
        await marked.lived(database, one, theirs, round_id=round_.id)
    before = await marked.found_in(database, "planted")

    for account in people:
        await marked.forget(database, account)

    left = await marked.found_in(database, "planted", *map(str, people))
    note(26, erased=len(people), marks_before=len(before), marks_left=len(left))
    assert len(before) > len(people) * 12
    assert left == []


async def test_nobody_else_loses_anything(database: Database, cast: Cast) -> None:
    gone, stays = cast.accounts["council"][:2]
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    await marked.lived(database, cast, [gone, stays], round_id=round_id)
    before = await marked.found_in(database, marked.mark(stays, ""), f"{stays} planted")
    digest = await digest_of(database, round_id)

    await marked.forget(database, gone)

    # Of letters that have arrived nothing need be kept, whoever they went to.
    arrived = {"outbox.payload"}
    after = await marked.found_in(database, marked.mark(stays, ""), f"{stays} planted")
    assert set(before) - set(after) <= arrived
    kept = (await digest_of(database, round_id)).facts
    assert {name: fact for name, fact in kept.items() if name != "quotes"} == {
        name: fact for name, fact in digest.facts.items() if name != "quotes"
    }
    assert [quote["text"] for quote in kept["quotes"]] == [marked.mark(stays, "quote")]
    async with database.reading() as session:
        assert await members.of(session, account=gone) is None
        assert await members.of(session, account=stays) is not None


async def test_a_letter_still_to_be_sent_goes_without_their_words(database: Database, cast: Cast) -> None:
    gone = cast.members[0]
    long = 'We hear about the plan when it is printed, & "nobody" asks us before that day comes. ' * 3
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    await write(database, gone, round_id, long, shown_as=1, now=OPENS)
    quoted = "We hear about the plan when it is printed, &amp; &#34;nobody&#34; asks us…"
    said = f"Said aloud\n“{quoted}” (a partner)\nStill owed"
    async with database.writing() as session:
        session.add(_letter(cast.facilitator, said))

    async with database.writing() as session:
        await erasure.forget(session, account=gone, update_id=1, now=MONDAY)

    async with database.reading() as session:
        left = (await session.exec(select(Outgoing).where(Outgoing.key == "digest:1"))).one()
    assert "plan" not in left.payload["text"]
    assert left.payload["text"].startswith("Said aloud\n")
    assert left.payload["text"].endswith("(a partner)\nStill owed")
    assert left.state == "pending"


def _letter(chat: int, text: str) -> Outgoing:
    return Outgoing(
        key="digest:1",
        kind="digest",
        chat=chat,
        method="sendMessage",
        payload={"chat_id": chat, "text": text},
        not_before=OPENS,
        not_after=DIGEST,
    )


async def test_an_organisation_called_like_somebody_s_words_keeps_its_name(
    database: Database, cast: Cast
) -> None:
    gone = cast.members[0]
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    await write(database, gone, round_id, "Council", shown_as=1, now=OPENS)
    for verb in ("close", "freeze"):
        await step(database, verb, round_id, now=CLOSES)
    before = await digest_of(database, round_id)

    async with database.writing() as session:
        await erasure.forget(session, account=gone, update_id=1, now=MONDAY)

    after = await digest_of(database, round_id)
    assert "Council" in str(before.facts["cells"])
    assert after.facts["cells"] == before.facts["cells"]
    assert (len(before.facts["quotes"]), after.facts["quotes"]) == (1, [])


async def test_who_is_forgotten_while_a_digest_is_worked_out_is_not_quoted_in_it(
    database: Database, cast: Cast
) -> None:
    gone, stays = cast.accounts["council"][:2]
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account in (gone, stays):
        await write(database, account, round_id, f"Words of {account}.", shown_as=1, now=OPENS)
    await step(database, "close", round_id, now=CLOSES)
    async with database.reading() as session:
        gathered = await publishing.gather(session, round_id)
    assert gathered is not None
    facts = publishing.worked_out(gathered)
    async with database.writing() as session:
        await erasure.forget(session, account=gone, update_id=1, now=MONDAY)

    async with database.writing() as session:
        await publishing.freeze(session, gathered, facts, now=CLOSES)

    found = (await digest_of(database, round_id)).facts["quotes"]
    assert [quote["text"] for quote in found] == [f"Words of {stays}."]


async def test_the_only_facilitator_is_not_forgotten_before_there_is_another(
    database: Database, cast: Cast
) -> None:
    async with database.writing() as session:
        with pytest.raises(seats.OnlyFacilitator, match="/setup"):
            await erasure.forget(session, account=cast.facilitator, update_id=1, now=MONDAY)

    async with database.reading() as session:
        assert await members.of(session, account=cast.facilitator) is not None


async def test_a_stranger_s_chat_can_be_forgotten_too(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        session.add(Incoming(bot=42, update_id=1, chat=5, received_at=OPENS, payload="hello", state="parked"))

    async with database.writing() as session:
        await erasure.forget(session, account=5, update_id=2, now=MONDAY)

    async with database.reading() as session:
        (row,) = (await session.exec(select(Incoming))).all()
        seated_still = (await session.exec(select(Seat))).all()
    assert (row.chat, row.payload) == (0, "")
    assert len(seated_still) == len(cast.members) + 1


async def test_a_roster_that_waits_loses_the_name_and_keeps_the_others(
    database: Database, cast: Cast
) -> None:
    gone = cast.members[0]
    people = [{"name": f"Person {account}"} for account in (gone, 99)]
    async with database.writing() as session:
        facts = {"partnership_id": cast.partnership.id, "account": cast.facilitator}
        session.add(Roster(**facts, people=people, filed_at=OPENS))

    async with database.writing() as session:
        await erasure.forget(session, account=gone, update_id=1, now=MONDAY)

    async with database.reading() as session:
        assert (await session.exec(select(Roster))).one().people == [{"name": "Person 99"}]


async def test_figures_of_many_people_stay_as_they_were_shown(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account in cast.members:
        await answer(database, account, round_id, {0: 4}, now=OPENS)
    await turn(database, now=DIGEST)
    before = await digest_of(database, round_id)

    async with database.writing() as session:
        await erasure.forget(session, account=cast.members[0], update_id=1, now=MONDAY)

    async with database.reading() as session:
        after = (await session.exec(select(Digest).where(Digest.id == before.id))).one()
        left = (await session.exec(select(Answer).where(col(Answer.value).is_not(None)))).all()
    assert after.facts == before.facts
    assert len(left) == len(cast.members) - 1
