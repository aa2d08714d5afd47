"""Keeping a quote out of a digest, on a facilitator's phone; and what its author is told."""

from typing import Any

import pytest
from sqlmodel import col, select

from dialogs import cards, withholding
from dialogs.cards import Card, Reader
from storage.database import Database
from storage.digests import Digest
from storage.members import Member
from tests.cast import BRIEF, CLOSES, DIGEST, OPENS, Cast
from tests.dialogs.phone import Phone, card, data, labels, text
from tests.facilitation import straight
from tests.facilitation.turning import all_rounds, digest_of, turn, write

INSULT = "Bob never listens."


@pytest.fixture
async def digest(database: Database, cast: Cast) -> Digest:
    """A closed round in which two people wrote for everybody."""
    await turn(database, now=OPENS)
    round_id = (await all_rounds(database))[0].id
    for account, words in zip(cast.members, (INSULT, "The form is too long."), strict=False):
        await write(database, account, round_id, words, shown_as=1, now=OPENS)
    await turn(database, now=CLOSES)
    await turn(database, now=BRIEF)
    return await digest_of(database, round_id)


@pytest.fixture
def facilitator(database: Database, cast: Cast, digest: Digest) -> Phone:
    return Phone(database, cast.facilitator, now=BRIEF)


async def to_the_reasons(facilitator: Phone, digest: Digest) -> list[str]:
    """From the preview to the quote that insults; the buttons of the card that asks why."""
    preview = await facilitator.tap(f"read:{digest.id}")
    choosing = await facilitator.tap(data(preview, "Keep a quote out"))
    place = next(line[0] for line in text(choosing).split("\n") if INSULT in line)
    why = await facilitator.tap(data(choosing, f"Keep out number {place}"))
    assert INSULT in text(why)
    return [button.data for row in card(why).rows for button in row]


async def test_a_quote_kept_out_is_in_no_digest_and_its_author_is_told_why(
    database: Database, cast: Cast, facilitator: Phone, digest: Digest
) -> None:
    _, insults, _, _ = await to_the_reasons(facilitator, digest)

    kept = await facilitator.tap(insults)

    (post,) = kept.posts
    assert (post.chat, post.key.partition(":")[0]) == (cast.members[0], "kept_out")
    assert INSULT in post.card.text
    assert "The reason: It insults a person." in post.card.text
    assert "One text is kept out so far." in text(kept)
    assert INSULT not in text(kept)
    await turn(database, now=DIGEST)
    read = await Phone(database, cast.members[5], now=DIGEST).tap(f"read:{digest.id}")
    assert INSULT not in text(read)
    assert "The form is too long." in text(read)
    assert "One text was kept out by the facilitator, and its author knows why." in text(read)


async def test_a_second_tap_keeps_the_first_reason_and_tells_nobody_twice(
    facilitator: Phone, digest: Digest
) -> None:
    names, insults, _, _ = await to_the_reasons(facilitator, digest)
    first = await facilitator.tap(insults)

    second = await facilitator.tap(names)

    assert (len(first.posts), len(second.posts)) == (1, 0)
    assert text(first) == text(second)


async def test_what_is_left_in_stays_in(facilitator: Phone, digest: Digest) -> None:
    *_, leave = await to_the_reasons(facilitator, digest)

    back = await facilitator.tap(leave)
    preview = await facilitator.tap(data(back, "Back to what everyone gets"))

    assert INSULT in text(preview)
    assert text(preview).startswith("Not sent yet. This is what everyone gets.")
    assert labels(preview) == [["Keep a quote out"]]


async def test_nobody_else_keeps_words_out_and_nobody_once_they_are_sent(
    database: Database, cast: Cast, facilitator: Phone, digest: Digest
) -> None:
    _, insults, _, _ = await to_the_reasons(facilitator, digest)
    member = Phone(database, cast.members[0], now=BRIEF)
    refused = [
        await member.tap(one) for one in (insults, f"keepouts:{digest.id}:0", f"keepout:{digest.id}:1")
    ]
    await turn(database, now=DIGEST)

    late = await facilitator.tap(insults)
    sent = await facilitator.tap(f"read:{digest.id}")

    assert all(one.alert for one in refused)
    assert late.notice == "This digest has gone out, so nothing can be kept out of it any more."
    assert INSULT in text(sent)
    assert "Keep a quote out" not in str(labels(sent))


async def test_an_author_is_told_in_their_own_language(
    database: Database, cast: Cast, facilitator: Phone, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, str] = {}

    def draw(template: str, reader: Reader, **facts: Any) -> Card:  # noqa: ANN401 - whatever it needs
        drawn[template] = reader.language
        return cards.draw(template, reader, **facts)

    monkeypatch.setattr(withholding, "draw", draw)
    async with database.writing() as session:
        wanted = select(Member).where(col(Member.account) == cast.members[0])
        (await session.exec(wanted)).one().language = "cy"
    _, insults, _, _ = await to_the_reasons(facilitator, digest)

    (post,) = (await facilitator.tap(insults)).posts

    assert INSULT in post.card.text
    assert (drawn["kept_out"], drawn["keepout"]) == ("cy", "en")


async def test_a_long_list_of_quotes_is_read_a_page_at_a_time(database: Database, cast: Cast) -> None:
    round_id = await straight.opened(database, cast, "retro")
    for number, account in enumerate(cast.members[:8]):
        await straight.gives(
            database, account, round_id, "was_hard", text=f"Words number {number}.", shown_as="quoted"
        )
    await turn(database, now=CLOSES)
    digest_id = (await digest_of(database, round_id)).id
    facilitator = Phone(database, cast.facilitator, now=CLOSES)

    first = await facilitator.tap(f"keepouts:{digest_id}:0")
    second = await facilitator.tap(data(first, "More"))

    told = text(first) + text(second)
    assert all(f"Words number {number}." in told for number in range(8))
    assert (text(first).count("Words number"), text(second).count("Words number")) == (5, 3)
