"""The digest and the brief on a phone: read, answered back, and nothing shown that is not published."""

from collections import deque
from datetime import timedelta

import pytest
from sqlmodel import col, select

from dialogs import briefs, digests, glances
from dialogs import labels as naming
from dialogs.cards import Button, Reader, plain
from facilitation import digests as verbs
from facilitation.digests import Going
from storage.database import Database
from storage.digests import Digest
from storage.members import Member
from storage.partnerships import Partnership
from tests.cast import BRIEF, CLOSES, DIGEST, OPENS, Cast, seated
from tests.dialogs import published, scenes
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.facilitation.turning import all_rounds, answer, digest_of, step, turn, write

WEEK = timedelta(days=7)
COMMUNITY = ("family_charity", "youth_centre", "refugee_group")


@pytest.fixture
async def digest(database: Database, cast: Cast) -> Digest:
    """A closed round: community groups part from the rest, and some have written."""
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for name, accounts in cast.accounts.items():
        for number, account in enumerate(accounts if name != "forum" else ()):
            low = 1 + number % 2 if name in COMMUNITY else 5 - number % 2
            await answer(database, account, round_id, {0: low, 1: 5 - number % 2}, now=OPENS)
    charity, centre, group = (cast.accounts[name][0] for name in COMMUNITY)
    await write(database, charity, round_id, "We hear about it when it is printed.", shown_as=1, now=OPENS)
    await write(database, centre, round_id, "Evening opening would help us.", shown_as=3, now=OPENS)
    await write(database, group, round_id, "Please ask them why.", shown_as=0, now=OPENS)
    await turn(database, now=CLOSES)
    return await digest_of(database, round_id)


@pytest.fixture
async def member(database: Database, cast: Cast, digest: Digest) -> Phone:
    """A member on the morning the digest came."""
    await turn(database, now=BRIEF)
    await turn(database, now=DIGEST)
    return Phone(database, cast.members[0], now=DIGEST)


async def test_a_digest_tells_everyone_together_what_came_out(
    database: Database, cast: Cast, member: Phone, digest: Digest
) -> None:
    read = await member.tap(f"read:{digest.id}")

    told = text(read)
    assert "Most of us answered." in told
    assert (
        "“We can disagree here without paying for it later.”\nEvery group shown here mostly says yes." in told
    )
    assert "Lower: Community groups 1.5\nHigher: Council 4.5, Health Trust 4.5" in told
    assert "less than once in 1000 times" in told
    assert "“Evening opening would help us.” (Person 1011, Youth Centre)" in told
    assert "“We hear about it when it is printed.” (a community group)" in told
    assert "Please ask them why." not in told


async def test_what_one_says_back_is_kept_and_said_so(member: Phone, digest: Digest) -> None:
    read = await member.tap(f"read:{digest.id}")

    same = await member.tap(data(read, "That's how I see it"))
    other = await member.tap(data(read, "Not quite"))

    assert (same.card, same.notice, same.alert) == (None, "Thank you, kept.", False)
    assert other.notice.startswith("Thank you, kept. What is missing? Write it as your next message.")
    assert text(await member.say("We were not heard.")).startswith("Kept.")


async def test_a_word_back_reaches_the_facilitator_in_the_next_brief(
    database: Database, cast: Cast, member: Phone, digest: Digest
) -> None:
    asked = await member.tap(f"word:{digest.id}")
    kept = await member.say("The form is still three pages.")
    again = await member.tap(f"word:{digest.id}")
    member.now += WEEK
    await turn(database, now=OPENS + WEEK)
    await turn(database, now=CLOSES + WEEK)
    await turn(database, now=BRIEF + WEEK)
    second = await digest_of(database, (await all_rounds(database))[1].id)
    facilitator = Phone(database, cast.facilitator, now=BRIEF + WEEK)
    words = await facilitator.tap(f"words:{second.id}:0")

    assert "The facilitator reads it, without your name, in the brief before the next digest." in text(asked)
    assert text(kept).startswith("Kept.")
    assert "It replaces what you wrote before: “The form is still three pages.”" in text(again)
    assert "“The form is still three pages.” (about the last digest)" in text(words)


async def test_a_word_back_too_long_can_be_sent_again(member: Phone, digest: Digest) -> None:
    await member.tap(f"word:{digest.id}")

    refused = await member.say("x" * 3001)
    kept = await member.say("Shorter.")

    assert "Nothing was stored yet." in text(refused)
    assert text(kept).startswith("Kept.")


async def test_a_brief_leads_to_what_everyone_gets_and_to_every_word(
    database: Database, cast: Cast, digest: Digest
) -> None:
    going = await step(database, "brief", digest.round_id, now=BRIEF)
    assert isinstance(going, Going)
    async with database.reading() as session:
        words = await verbs.words_for_facilitator(session, digest.round_id)
    facilitator = Phone(database, cast.facilitator, now=BRIEF)

    brief = briefs.brief(going, language="en", words=words, back=[])
    read = await facilitator.tap(brief.rows[-1][0].data)
    full = briefs.brief(going, language="en", words=words * 9, back=["x" * 300])

    assert "Where groups part\n• “Something we said in" in plain(brief.text)
    assert "“Please ask them why.”" in brief.text
    assert [row[0].label for row in brief.rows] == ["See what everyone gets"]
    assert text(read).startswith("Not sent yet. This is what everyone gets.\n\nRiverside · pulse 1")
    assert [row[0].label for row in full.rows] == ["Read every word", "See what everyone gets"]


async def test_a_digest_is_read_in_one_s_own_language_and_in_its_own_days(
    database: Database, cast: Cast, member: Phone, digest: Digest
) -> None:
    async with database.writing() as session:
        row = (await session.exec(select(Member).where(col(Member.account) == member.account))).one()
        row.language, row.timezone = "cy", "Pacific/Auckland"
    read = await member.tap(f"read:{digest.id}")
    english = await Phone(database, cast.members[1], now=DIGEST).tap(f"read:{digest.id}")
    async with database.reading() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        welsh = digests.card(digest, partnership, language="cy")

    assert card(read).text == welsh.text
    assert "6 Tachwedd" in welsh.text
    assert "3 to 6 November" in text(english)


@pytest.mark.parametrize("kind", ["read:{}", "aloud:{}:0", "words:{}:0", "same:{}", "other:{}", "word:{}"])
async def test_a_digest_is_nobody_else_s(database: Database, cast: Cast, digest: Digest, kind: str) -> None:
    other = await seated(database, first_account=2000, name="Hillside")
    early = await Phone(database, cast.members[0], now=BRIEF).tap(kind.format(digest.id))
    await turn(database, now=DIGEST)

    others = [
        await Phone(database, account, now=DIGEST).tap(kind.format(digest.id))
        for account in (1, other.members[0], other.facilitator)
    ]
    nowhere = await Phone(database, cast.members[0], now=DIGEST).tap(kind.format(10**9))

    assert {(one.card, one.alert) for one in [early, *others, nowhere]} == {(None, True)}
    assert len({one.notice for one in [early, *others, nowhere]}) == 1


async def test_only_a_facilitator_reads_the_words_for_the_facilitator(
    database: Database, cast: Cast, member: Phone, digest: Digest
) -> None:
    refused = await member.tap(f"words:{digest.id}:0")
    read = await Phone(database, cast.facilitator, now=DIGEST).tap(f"words:{digest.id}:0")
    beyond = await member.tap(f"aloud:{digest.id}:1")

    assert refused.alert
    assert "We hear about it when it is printed." in text(beyond)
    assert "“Please ask them why.”" in text(read)


async def test_every_word_said_aloud_can_be_read(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for number, account in enumerate(cast.members[:8]):
        await write(database, account, round_id, f"{number} " + "words " * 100, shown_as=2, now=OPENS)
    await turn(database, now=CLOSES)
    await turn(database, now=DIGEST)
    digest_id = (await digest_of(database, round_id)).id
    member = Phone(database, cast.members[9], now=DIGEST)

    reply = await member.tap(f"read:{digest_id}")
    pages = [await member.tap(data(reply, "Read everything said aloud"))]
    while card(pages[-1]).rows:
        pages.append(await member.tap(data(pages[-1], "More")))

    told = "".join(text(page) for page in pages)
    assert len(pages) > 1
    assert told.count("words " * 99) == 8
    assert told.count("(someone at Council)") == 5


async def test_a_round_without_figures_has_no_picture_and_says_so(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)
    await turn(database, now=DIGEST)
    empty = await digest_of(database, (await all_rounds(database))[0].id)
    async with database.reading() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)

    picture = glances.picture(empty, partnership, language="en")
    read = await Phone(database, cast.members[0], now=DIGEST).tap(f"read:{empty.id}")

    assert picture is None
    assert "Too few of us answered to show figures this time." in text(read)
    assert labels(read) == [["I want to say something"]]


def test_the_picture_shows_the_published_figures() -> None:
    made = published.facts("Council")

    picture = glances.picture(published.digest(made), scenes.partnership("Riverside"), language="en")

    assert picture is not None
    assert (picture.title, picture.subtitle) == ("Council", "pulse 14 · 3 to 6 November")
    assert [[(mark.label, mark.value) for mark in row.marks] for row in picture.rows] == [
        [
            (naming.cell(made["cells"][str(figure["cell"])], Reader()), figure["mean"])
            for figure in item["cells"]
        ]
        for item in made["items"]
    ]
    assert [row.agreed for row in picture.rows] == [True, False, False, False, False]
    assert {row.total for row in picture.rows} == {3.4}


# Every button leads somewhere.


async def follow(phone: Phone, first: list[Button], *, most: int) -> set[str]:
    """Tap every button that can be reached from these; the kinds that were met. Each has to lead on."""
    waiting, seen, kinds = deque(first), set[str](), set[str]()
    while waiting and len(seen) < most:
        button = waiting.popleft()
        if button.data in seen:
            continue
        seen.add(button.data)
        kinds.add(button.data.partition(":")[0])
        reply = await phone.tap(button.data)
        assert not reply.alert or reply.notice.startswith("Thank you"), (button, reply.notice)
        assert reply.card is not None or reply.notice, button
        if reply.card is not None:
            waiting.extend(button for row in reply.card.rows for button in row)
    return kinds


async def test_every_button_of_a_brief_and_a_digest_leads_somewhere(database: Database, cast: Cast) -> None:
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account in cast.members:
        await answer(database, account, round_id, {0: 4}, now=OPENS)
        await write(
            database, account, round_id, f"{account} " + "words " * 200, shown_as=account % 2, now=OPENS
        )
    await turn(database, now=CLOSES)
    going = await step(database, "brief", round_id, now=BRIEF)
    assert isinstance(going, Going)
    facilitator = Phone(database, cast.facilitator, now=BRIEF)
    brief = briefs.brief(going, language="en", words=["words " * 200], back=[])

    met = await follow(facilitator, [button for row in brief.rows for button in row], most=60)

    await turn(database, now=DIGEST)
    member = Phone(database, cast.members[0], now=DIGEST)
    met |= await follow(member, [Button("", f"read:{going.digest.id}")], most=40)
    assert met == {*digests.VERBS}
