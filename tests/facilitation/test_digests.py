"""A digest goes to every seat once; the brief to facilitators; and what is said back is heard."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from facilitation import digests, members
from facilitation.answers import TextTooLong
from facilitation.refusals import NotYours
from storage.database import Database
from storage.digests import Digest, Response
from storage.members import Member, Seat
from storage.partnerships import Partnership
from tests.cast import BRIEF, CLOSES, DIGEST, OPENS, Cast, seated
from tests.facilitation.turning import all_rounds, digest_of, plan, step, turn, write

WEEK = timedelta(days=7)
GROUP = -100123


@pytest.fixture
async def digest(database: Database, cast: Cast) -> Digest:
    """The first round's digest, closed and not yet published."""
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)
    return await digest_of(database, (await all_rounds(database))[0].id)


async def readable(database: Database, digest_id: int, account: int) -> bool:
    async with database.reading() as session:
        try:
            await digests.readable(session, digest_id, account=account)
        except NotYours:
            return False
        return True


async def back(database: Database, digest_id: int, kind: str, account: int, text: str | None = None) -> None:
    async with database.writing() as session:
        await digests.answer_back(session, digest_id, kind, account=account, text=text)


async def responses(database: Database) -> list[tuple[int, str, str | None]]:
    async with database.reading() as session:
        found = (await session.exec(select(Response))).all()
        return [(one.digest_id, one.kind, one.text) for one in found]


async def test_a_digest_goes_to_every_seat_and_the_group(
    database: Database, cast: Cast, digest: Digest
) -> None:
    async with database.writing() as session:
        (await session.get_one(Partnership, cast.partnership.id)).group_chat = GROUP
        await members.lost(session, account=cast.members[0], now=CLOSES)

    going = await step(database, "publish", digest.round_id, now=DIGEST)

    assert isinstance(going, digests.Going)
    assert [chat for chat, _ in going.chats] == [*cast.members[1:], cast.facilitator, GROUP]
    assert going.round.state == "published"


async def test_a_digest_goes_to_each_in_their_own_language(
    database: Database, cast: Cast, digest: Digest
) -> None:
    async with database.writing() as session:
        wanted = select(Member).where(col(Member.account) == cast.members[0])
        (await session.exec(wanted)).one().language = "cy"

    going = await step(database, "publish", digest.round_id, now=DIGEST)

    assert isinstance(going, digests.Going)
    assert dict(going.chats)[cast.members[0]] == "cy"
    assert {language for chat, language in going.chats if chat != cast.members[0]} == {"en"}


async def test_who_sits_twice_gets_one_digest(database: Database, cast: Cast, digest: Digest) -> None:
    async with database.writing() as session:
        facilitator = (await session.exec(select(Member).where(Member.account == cast.facilitator))).one()
        council = cast.organisations["council"]
        session.add(
            Seat(
                member_id=facilitator.id,
                organisation_id=council.id,
                partnership_id=council.partnership_id,
                role="member",
                consent_version="1",
                consented_at=OPENS,
            )
        )

    going = await step(database, "publish", digest.round_id, now=DIGEST)

    assert isinstance(going, digests.Going)
    assert [chat for chat, _ in going.chats].count(cast.facilitator) == 1


async def test_a_brief_goes_to_the_facilitators_once(database: Database, cast: Cast, digest: Digest) -> None:
    first = await step(database, "brief", digest.round_id, now=BRIEF)
    second = await step(database, "brief", digest.round_id, now=BRIEF)

    assert isinstance(first, digests.Going)
    assert [chat for chat, _ in first.chats] == [cast.facilitator]
    assert second is None


async def test_before_it_is_out_only_a_facilitator_reads_a_digest(
    database: Database, cast: Cast, digest: Digest
) -> None:
    preview = [
        await readable(database, digest.id, account) for account in (cast.facilitator, cast.members[0])
    ]

    await turn(database, now=DIGEST)

    published = [
        await readable(database, digest.id, account) for account in (cast.facilitator, cast.members[0])
    ]
    assert (preview, published) == ([True, False], [True, True])


async def test_others_and_what_is_not_there_look_the_same(
    database: Database, cast: Cast, digest: Digest
) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    left = cast.members[0]
    async with database.writing() as session:
        for sitting in await members.sittings(session, account=left):
            sitting.seat.left_at = OPENS
            session.add(sitting.seat)
    await turn(database, now=DIGEST)

    refusals = []
    for digest_id, account in [
        (digest.id, other.members[0]),
        (digest.id, other.facilitator),
        (digest.id, left),
        (digest.id, 1),
        (10**9, cast.members[1]),
    ]:
        async with database.reading() as session:
            with pytest.raises(NotYours) as refusal:
                await digests.readable(session, digest_id, account=account)
        refusals.append(refusal.value.sentence())

    assert len(set(refusals)) == 1


async def test_a_view_said_back_counts_once_and_the_last_one_stands(
    database: Database, cast: Cast, digest: Digest
) -> None:
    await turn(database, now=DIGEST)

    for kind in ("same", "same", "other"):
        await back(database, digest.id, kind, cast.members[0])
    await back(database, digest.id, "word", cast.members[0], "And this.\0")

    assert await responses(database) == [(digest.id, "other", None), (digest.id, "word", "And this.")]


@pytest.mark.parametrize("kind", ["", "SAME", "word; drop"])
async def test_only_what_has_a_button_is_said_back(
    database: Database, cast: Cast, digest: Digest, kind: str
) -> None:
    await turn(database, now=DIGEST)

    with pytest.raises(NotYours):
        await back(database, digest.id, kind, cast.members[0])

    assert not await responses(database)


async def test_a_word_back_too_long_is_refused(database: Database, cast: Cast, digest: Digest) -> None:
    await turn(database, now=DIGEST)

    with pytest.raises(TextTooLong):
        await back(database, digest.id, "word", cast.members[0], "x" * 3001)

    assert not await responses(database)


async def test_words_for_the_facilitator_come_without_names_in_the_order_of_the_alphabet(
    database: Database, cast: Cast
) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account, text, choice in zip(
        cast.members, ["zebra", "Apple", "mango", "quoted"], [0, None, 0, 1], strict=False
    ):
        await write(database, account, round_id, text, shown_as=choice, now=OPENS)
    await turn(database, now=CLOSES)
    digest = await digest_of(database, round_id)
    async with database.reading() as session:
        with pytest.raises(NotYours):
            await digests.words(session, digest.id, account=cast.facilitator)
    await turn(database, now=BRIEF)

    async with database.reading() as session:
        words, said_back = await digests.words(session, digest.id, account=cast.facilitator)
        with pytest.raises(NotYours):
            await digests.words(session, digest.id, account=cast.members[0])

    assert (words, said_back) == (["Apple", "mango", "zebra"], [])
    await turn(database, now=DIGEST)
    async with database.reading() as session:
        with pytest.raises(NotYours):
            await digests.words(session, digest.id, account=cast.members[0])


async def test_words_back_cannot_be_watched_arriving_before_the_brief(
    database: Database, cast: Cast, digest: Digest
) -> None:
    await turn(database, now=BRIEF)
    await turn(database, now=DIGEST)
    await turn(database, now=OPENS + WEEK)
    await turn(database, now=CLOSES + WEEK)
    second = await digest_of(database, (await all_rounds(database))[1].id)
    await back(database, digest.id, "word", cast.members[0], "soon")

    async with database.reading() as session:
        with pytest.raises(NotYours):
            await digests.words(session, second.id, account=cast.facilitator)

    await turn(database, now=BRIEF + WEEK)
    async with database.reading() as session:
        assert (await digests.words(session, second.id, account=cast.facilitator))[1] == ["soon"]


async def test_no_word_back_is_said_into_the_void(database: Database, cast: Cast, digest: Digest) -> None:
    """However late it comes, and to whichever digest, the next brief brings it."""
    one, two, three = cast.members[:3]
    await turn(database, now=BRIEF)
    await turn(database, now=DIGEST)
    await back(database, digest.id, "word", one, "soon")
    await turn(database, now=OPENS + WEEK)
    await turn(database, now=CLOSES + WEEK)
    await turn(database, now=BRIEF + WEEK)
    second = await digest_of(database, (await all_rounds(database))[1].id)
    await back(database, digest.id, "word", two, "between brief and digest")
    await turn(database, now=DIGEST + WEEK)
    await back(database, digest.id, "word", three, "to the old one")
    async with database.reading() as session:
        waiting = await digests.word_kept(session, second.id, account=three)
        nothing = await digests.word_kept(session, second.id, account=one)
    await plan(database, now=DIGEST + WEEK)
    for moment in (OPENS, CLOSES):
        await turn(database, now=moment + 2 * WEEK)
    third = await digest_of(database, (await all_rounds(database))[2].id)

    async with database.reading() as session:
        heard = [await digests.words_back(session, found) for found in (digest, second, third)]

    assert heard == [[], ["soon"], ["between brief and digest", "to the old one"]]
    assert (waiting, nothing) == ("to the old one", "")


async def test_a_word_said_before_any_brief_stands_with_its_digest(
    database: Database, cast: Cast, digest: Digest
) -> None:
    await back(database, digest.id, "word", cast.facilitator, "In the preview.")

    assert await responses(database) == [(digest.id, "word", "In the preview.")]
