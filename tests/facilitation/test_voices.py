"""Words in a digest: by question, in a fair order, and never without their author's consent."""

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlmodel import col, select

from facilitation import digests, erasure, raised, voices, withholding
from facilitation.refusals import NotYours, Refusal
from storage.database import Database
from storage.digests import Digest
from storage.partnerships import Organisation
from storage.raised import Raised
from storage.rounds import Answer, Round
from tests import proof
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, Cast, seat_of
from tests.facilitation import straight
from tests.facilitation.turning import all_rounds, digest_of, plan, step, turn

WEEK = timedelta(days=7)
PARTNERS = ("council", "health_trust", "family_charity", "youth_centre", "refugee_group")
ORDERS = proof.size(ci=6, long=120)


async def test_each_organisation_speaks_under_each_question_the_smallest_first(
    database: Database, cast: Cast
) -> None:
    round_id = await straight.opened(database, cast, "check-in")
    for name in PARTNERS:
        for code in ("need", "offer"):
            lead = cast.accounts[name][0]
            await straight.gives(
                database, lead, round_id, code, text=f"{name} {code}", shown_as="organisation"
            )

    facts = await straight.closed(database, round_id)

    quotes = facts["quotes"]
    assert [quote["item"] for quote in quotes] == ["need"] * 5 + ["offer"] * 5
    for five in (quotes[:5], quotes[5:]):
        assert [quote["name"] for quote in five[3:]] == ["Health Trust", "Council"]
        assert {quote["name"] for quote in five[:3]} == {"Family Charity", "Youth Centre", "Refugee Group"}
    assert facts["questions"]["need"]["shows"] == "organisation"
    assert (facts["items"], facts["signals"], facts["tallies"], facts["cells"]) == ([], [], [], {})


async def test_organisations_of_one_size_take_turns_from_round_to_round(
    database: Database, cast: Cast
) -> None:
    firsts = set()
    for week in range(6):
        round_id = await straight.opened(database, cast, "check-in", now=OPENS + week * WEEK)
        for name in PARTNERS[2:]:
            lead = cast.accounts[name][0]
            await straight.gives(database, lead, round_id, "need", text=name, shown_as="organisation")
        facts = await straight.closed(database, round_id, now=CLOSES + week * WEEK)
        firsts.add(facts["quotes"][0]["name"])
        await turn(database, now=DIGEST + week * WEEK)

    assert len(firsts) > 1


async def test_words_stand_as_their_author_chose_and_those_for_the_facilitator_stay_out(
    database: Database, cast: Cast
) -> None:
    round_id = await straight.opened(database, cast, "nudge")
    one, two, three, four = cast.members[:4]
    await straight.gives(database, one, round_id, "ask", text="A room on Fridays.", shown_as="named")
    await straight.gives(database, two, round_id, "ask", text="A van.", shown_as="organisation")
    await straight.gives(database, three, round_id, "offer", text="Two hours.", shown_as="quoted")
    await straight.gives(database, four, round_id, "offer", text="For you alone.", shown_as="facilitator")
    await straight.gives(database, one, round_id, "offer", text="Not chosen yet.")

    facts = await straight.closed(database, round_id)

    assert {(quote["item"], quote["name"]) for quote in facts["quotes"]} == {
        ("ask", "Person 1000, Council"),
        ("ask", "Council"),
        ("offer", "public"),
    }
    assert "For you alone." not in json.dumps(facts)
    assert "Not chosen yet." not in json.dumps(facts)


async def test_the_order_of_confidential_words_tells_nothing_of_who_wrote_them(
    database: Database, cast: Cast
) -> None:
    """The same words from other people, in another order, stand in the same order."""
    texts = [f"It was hard {number}." for number in range(8)]
    orders = []
    for week, authors in enumerate((cast.members[:8], cast.members[::-1][:8])):
        round_id = await straight.opened(database, cast, "retro", now=OPENS + week * WEEK)
        for account, text in zip(authors, texts, strict=True):
            await straight.gives(database, account, round_id, "was_hard", text=text, shown_as="organisation")
        facts = await straight.closed(database, round_id, now=CLOSES + week * WEEK)
        orders.append([quote["text"] for quote in facts["quotes"]])
        await turn(database, now=DIGEST + week * WEEK)

    assert orders[0] == orders[1]
    assert sorted(orders[0]) == texts != orders[0]


# Promise 25: quotes only with consent, whatever is withdrawn, edited, erased and withheld in whatever order.


@pytest.mark.promise
@pytest.mark.parametrize("seed", range(ORDERS))
async def test_no_digest_quotes_anybody_without_their_consent(
    database: Database, cast: Cast, seed: int, note: Callable[..., None]
) -> None:
    chance = Random(seed)
    round_id = await straight.opened(database, cast, "retro")
    authors = list(cast.members)
    clock = iter((CLOSES, BRIEF, DIGEST))
    for number, account in enumerate(authors):
        choice = chance.choice(("quoted", "organisation", "named", "facilitator", None))
        text = chance.choice((f"Words {number}.", "The same words."))
        await straight.gives(database, account, round_id, "was_hard", text=text, shown_as=choice)

    for _ in range(12):
        happens = chance.choice(("erase", "erase", "withhold", "withdraw", "edit", "clock"))
        if happens == "clock":
            await turn(database, now=next(clock, DIGEST))
        elif happens == "withhold":
            await withheld(database, cast, round_id, chance)
        elif happens == "erase" and len(authors) > 2:
            await erased(database, authors.pop(chance.randrange(len(authors))))
        else:
            await changed(database, round_id, happens, chance)
        await nobody_is_quoted_unasked(database, round_id)
    note(25, orders=1, without_consent=0)


async def withheld(database: Database, cast: Cast, round_id: int, chance: Random) -> None:
    async with database.writing() as session:
        digest = await digests.of_round(session, round_id)
        if digest is None or not digest.facts["quotes"]:
            return
        mark = withholding.fingerprint(chance.choice(digest.facts["quotes"]))
        try:
            await withholding.keep_out(session, digest.id, mark, 0, account=cast.facilitator)
        except withholding.GoneOut:
            return


async def erased(database: Database, account: int) -> None:
    async with database.writing() as session:
        await erasure.forget(session, account=account, update_id=1, now=MONDAY)


async def changed(database: Database, round_id: int, happens: str, chance: Random) -> None:
    """While a round is open its answers may change; afterwards nobody's button does that any more."""
    async with database.writing() as session:
        round_ = await session.get_one(Round, round_id)
        rows = (await session.exec(select(Answer).order_by(col(Answer.id)))).all()
        if round_.state != "open" or not rows:
            return
        row = chance.choice(rows)
        row.shown_as = "facilitator" if happens == "withdraw" else row.shown_as
        row.text = row.text if happens == "withdraw" else "Other words."
        session.add(row)


async def nobody_is_quoted_unasked(database: Database, round_id: int) -> None:
    async with database.reading() as session:
        digest = await digests.of_round(session, round_id)
        wanted = select(Answer).where(col(Answer.shown_as).in_(voices.ALOUD), Answer.withheld == "")
        kept = [row.text for row in (await session.exec(wanted)).all()]
    quoted = [quote["text"] for quote in digest.facts["quotes"]] if digest else []
    assert {text: quoted.count(text) for text in quoted} == {text: kept.count(text) for text in set(quoted)}


async def test_words_that_were_withheld_or_taken_back_after_the_freeze_are_not_sent(
    database: Database, cast: Cast
) -> None:
    round_id = await straight.opened(database, cast, "retro")
    one, two = cast.members[:2]
    await straight.gives(database, one, round_id, "was_hard", text="It was Bob.", shown_as="quoted")
    await straight.gives(database, two, round_id, "was_hard", text="The winter.", shown_as="quoted")
    await straight.closed(database, round_id)
    await erased(database, two)
    digest = await digest_of(database, round_id)
    async with database.writing() as session:
        (told,) = await withholding.keep_out(
            session, digest.id, mark_of(digest, "It was Bob."), 0, account=cast.facilitator
        )

    await turn(database, now=DIGEST)

    sent = (await digest_of(database, round_id)).facts
    assert (sent["quotes"], sent["withheld"]) == ([], 1)
    assert (told.account, told.language, told.text) == (one, "en", "It was Bob.")


def mark_of(digest: Digest, text: str) -> int:
    return next(withholding.fingerprint(quote) for quote in digest.facts["quotes"] if quote["text"] == text)


async def refused(database: Database, digest_id: int, mark: int, account: int, reason: int = 0) -> str:
    async with database.writing() as session:
        try:
            await withholding.keep_out(session, digest_id, mark, reason, account=account)
        except Refusal as refusal:
            return type(refusal).__name__
    return ""


async def test_only_a_facilitator_withholds_and_only_before_the_digest_is_out(
    database: Database, cast: Cast
) -> None:
    round_id = await straight.opened(database, cast, "retro")
    one = cast.members[0]
    await straight.gives(database, one, round_id, "was_hard", text="It was Bob.", shown_as="quoted")
    await straight.closed(database, round_id)
    digest = await digest_of(database, round_id)
    mark, facilitator = mark_of(digest, "It was Bob."), cast.facilitator

    early = [
        await refused(database, digest.id, mark, one),
        await refused(database, digest.id, mark + 1, facilitator),
        await refused(database, digest.id, mark, facilitator, reason=3),
        await refused(database, digest.id + 1, mark, facilitator),
    ]
    await turn(database, now=DIGEST)
    late = await refused(database, digest.id, mark, facilitator)

    assert early == [NotYours.__name__] * 4
    assert late == withholding.GoneOut.__name__
    assert len((await digest_of(database, round_id)).facts["quotes"]) == 1


async def test_words_taken_back_go_from_every_digest_of_the_partnership(
    database: Database, cast: Cast
) -> None:
    round_id = await straight.opened(database, cast, "retro")
    for account, text in zip(cast.members, ("Mine.", "Yours."), strict=False):
        await straight.gives(database, account, round_id, "was_hard", text=text, shown_as="quoted")
    await straight.closed(database, round_id)
    await turn(database, now=DIGEST)

    async with database.writing() as session:
        await voices.unsay(session, cast.partnership.id, {"Mine."})

    assert [quote["text"] for quote in (await digest_of(database, round_id)).facts["quotes"]] == ["Yours."]


# What was raised.


async def raised_by(database: Database, account: int, text: str) -> int:
    """Something raised to be quoted, which the facilitators have seen; its id."""
    seat = await seat_of(database, account)
    async with database.writing() as session:
        row = Raised(
            partnership_id=seat.partnership_id,
            seat_id=seat.id,
            text=text,
            shown_as="quoted",
            message=77,
            raised_at=MONDAY,
            seen_at=MONDAY,
        )
        session.add(row)
        await session.flush()
        return row.id


async def owed(database: Database, round_id: int) -> list[str]:
    facts = (await digest_of(database, round_id)).facts["owed"]
    return [one["text"] for key in ("owed", "replied") for one in facts[key]]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("how", ["withdraw", "reword", "close", "withhold"])
async def test_what_was_raised_and_is_taken_back_stands_in_no_digest(
    database: Database, cast: Cast, how: str, *, late: bool
) -> None:
    one, two = cast.members[:2]
    row_id = await raised_by(database, one, "The minutes are too long.")
    await raised_by(database, two, "The hall is cold.")
    round_id = (await all_rounds(database))[0].id
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)
    before = await owed(database, round_id)
    if late and how != "withhold":
        await turn(database, now=DIGEST)

    async with database.writing() as session:
        if how == "withdraw":
            await raised.withdraw(session, row_id, account=one, now=DIGEST)
        elif how == "reword":
            await raised.reword(session, message=77, text="They are fine.", account=one, now=DIGEST)
        elif how == "close":
            await raised.show_as(session, row_id, 0, account=one, now=DIGEST)
        else:
            (await session.get_one(Raised, row_id)).withheld = "insults"

    await turn(database, now=DIGEST)
    assert before == ["The hall is cold.", "The minutes are too long."]
    assert await owed(database, round_id) == ["The hall is cold."]


async def test_a_reply_is_told_once_and_what_has_none_again(database: Database, cast: Cast) -> None:
    row_id = await raised_by(database, cast.members[0], "The minutes are too long.")
    await raised_by(database, cast.members[1], "The hall is cold.")
    async with database.writing() as session:
        row = await session.get_one(Raised, row_id)
        row.reply, row.words, row.replied_at = "declined", "The auditor asks for them.", OPENS
    told = []
    for week in range(2):
        await plan(database, now=OPENS + week * WEEK)
        for moment in (OPENS, CLOSES, BRIEF, DIGEST):
            await turn(database, now=moment + week * WEEK)
        told.append(await owed(database, (await all_rounds(database))[week].id))

    assert told == [["The hall is cold.", "The minutes are too long."], ["The hall is cold."]]


async def test_a_brief_lists_what_is_owed_a_reply(database: Database, cast: Cast) -> None:
    await raised_by(database, cast.members[0], "The minutes are too long.")
    round_id = (await all_rounds(database))[0].id
    await turn(database, now=OPENS)
    await turn(database, now=CLOSES)

    going = await step(database, "brief", round_id, now=BRIEF)

    assert isinstance(going, digests.Going)
    assert [(one["text"], one["owed_by"]) for one in going.raised] == [
        ("The minutes are too long.", "2026-11-16")
    ]


async def test_whether_people_were_heard_is_told_as_a_part_and_only_of_enough(
    database: Database, cast: Cast
) -> None:
    told = []
    for week, many in enumerate((5, 8)):
        await plan(database, now=OPENS + week * WEEK)
        await turn(database, now=OPENS + week * WEEK)
        for number, account in enumerate(cast.members[:many]):
            row_id = await raised_by(database, account, f"{week} {number}")
            async with database.writing() as session:
                row = await session.get_one(Raised, row_id)
                row.reply, row.replied_at = "agreed", MONDAY
                row.heard, row.heard_at = "yes" if number else "no", OPENS + week * WEEK
        await turn(database, now=CLOSES + week * WEEK)
        digest = await digest_of(database, (await all_rounds(database))[week].id)
        told.append(digest.facts["owed"]["heard"])
        await turn(database, now=DIGEST + week * WEEK)

    assert told == [None, {"low": 1, "high": 2, "parts": 2, "least": 7, "most": 9}]


async def test_partners_who_are_not_reached_are_named(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        for name, people in (("council", 2), ("forum", 3)):
            (await session.get_one(Organisation, cast.organisations[name].id)).off_telegram = people
        session.add(Organisation(partnership_id=cast.partnership.id, name="Housing Trust", kind="anchor"))
        gone = Organisation(partnership_id=cast.partnership.id, name="Gone", kind="anchor", removed_at=OPENS)
        session.add(gone)
    round_id = (await all_rounds(database))[0].id
    await turn(database, now=OPENS)

    facts = await straight.closed(database, round_id)

    assert facts["unreached"] == {"none": ["Housing Trust"], "some": ["Council"]}


def test_a_fingerprint_fits_a_button_and_tells_quotes_apart() -> None:
    one: dict[str, Any] = {"item": "a", "by": "kind", "name": "public", "text": "Words."}

    marks = {withholding.fingerprint(one | {"text": f"Words {number}."}) for number in range(1000)}

    assert len(marks) == 1000
    assert all(0 <= mark < 2**63 for mark in marks)
