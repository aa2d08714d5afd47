"""A check-in, a retro and a nudge of six organisations, from their answers to the digest and the brief."""

from datetime import date
from itertools import zip_longest

import pytest
from sqlmodel import select

from dialogs import briefs, digests, glances
from dialogs.cards import plain, units
from facilitation import digests as verbs
from facilitation import invites
from facilitation.digests import Going
from storage.database import Database
from storage.digests import Digest
from storage.members import Seat
from storage.partnerships import Organisation, Partnership
from storage.raised import Raised
from tests.cast import BRIEF, CLOSES, DIGEST, MONDAY, OPENS, Cast
from tests.dialogs.phone import Phone, card, data, text
from tests.facilitation import straight
from tests.facilitation.turning import digest_of, step, turn

CHECK_IN = {
    "council": {
        "did": "Moved the evening opening through committee; it starts on 1 December.",
        "promised": "A named person for referrals, by the end of the month.",
        "need": "Two families who would talk to our housing team, paid for their time.",
        "offer": "The small hall, free, on Thursdays.",
    },
    "health_trust": {
        "did": "Trained four front desk staff in asking about housing.",
        "in_the_way": "Our data rules. We cannot share names, even with consent, before February.",
        "offer": "A health visitor for one afternoon a month.",
    },
    "family_charity": {
        "did": "Ran nine drop-ins, 61 families.",
        "promised": "To write down what families ask for most.",
        "in_the_way": "We were told of the meeting two days before. Nobody of ours could come.",
        "need": "Dates a month ahead.",
        "held_firm": "The drop-in opened every week, through two colds and a broken boiler.",
    },
    "youth_centre": {
        "did": "Opened on Sunday afternoons.",
        "need": "Someone who can fix a boiler.",
        "offer": "Our minibus on weekdays.",
    },
    "refugee_group": {
        "in_the_way": "Three partners asked us for the same numbers, in three forms.",
        "need": "One form for all of you.",
        "held_firm": "Our volunteers. All eleven stayed.",
    },
    "housing": {
        "did": "Set aside two flats for families from the drop-in.",
        "promised": "Keys by 12 December.",
    },
}
RETRO = {
    "went_well": [
        "People from the council came to the drop-in, and stayed.",
        "The shared diary. It works.",
        "We said no once and nobody held it against us.",
    ],
    "was_hard": [
        "The report ate the whole of October for the two of us.",
        "We hear about the plan when it is printed.",
    ],
    "do_differently": [
        "Write the agenda together, a week before.",
        "Pay people from small groups for the days they come.",
        "Fewer forms.",
    ],
    "promise": ["I will ring one family group before each board paper."],
}
NUDGE = {
    "aim": ["Finish the lease for the kitchen.", "Ask three shops for their leftovers."],
    "ask": [
        "Who knows a solicitor with an hour to spare?",
        "A second-hand fridge.",
        "Somebody to try our soup.",
    ],
    "offer": ["I can proofread bids.", "A van, Wednesday mornings.", "Two hours of bookkeeping."],
}


@pytest.fixture
async def riverside(database: Database, cast: Cast) -> Cast:
    """The cast with a sixth organisation, one partner without Telegram, and two things that were raised."""
    async with database.writing() as session:
        housing = Organisation(partnership_id=cast.partnership.id, name="Housing Association", kind="anchor")
        tenants = Organisation(partnership_id=cast.partnership.id, name="Tenants' Circle", kind="community")
        session.add_all([housing, tenants])
        await session.flush()
        cast.organisations["housing"] = housing
        cast.accounts["housing"] = [1101, 1102]
        for account in cast.accounts["housing"]:
            invite, _ = invites.make(
                housing, role="member", name=f"Person {account}", language="en", now=MONDAY
            )
            session.add(invite)
            await session.flush()
            await invites.join(session, invite, account=account, language="en", now=MONDAY)
        seat = (await session.exec(select(Seat).where(Seat.name == "Person 1011"))).one()
        for words, replied in (
            ("Evening opening would help us.", True),
            ("Nobody reads the minutes.", False),
        ):
            session.add(raised(cast, seat, words, replied=replied))
    return cast


def raised(cast: Cast, seat: Seat, words: str, *, replied: bool) -> Raised:
    one = Raised(
        partnership_id=cast.partnership.id,
        seat_id=seat.id,
        text=words,
        shown_as="organisation",
        raised_at=MONDAY,
        seen_at=MONDAY,
    )
    if replied:
        one.reply, one.words = "agreed", "From 1 December the small hall is open until nine."
        one.until, one.replied_at = date(2026, 12, 1), OPENS
    return one


async def told(database: Database, cast: Cast, round_id: int) -> tuple[str, str, Digest]:
    """The digest and the brief as they are read, and the digest."""
    await turn(database, now=CLOSES)
    going = await step(database, "brief", round_id, now=BRIEF)
    assert isinstance(going, Going)
    async with database.reading() as session:
        words = await verbs.words_for_facilitator(session, round_id)
        partnership = await session.get_one(Partnership, cast.partnership.id)
    digest = await digest_of(database, round_id)
    drawn = digests.card(digest, partnership, language="en")
    assert units(drawn) <= digests.LONGEST
    assert glances.picture(digest, partnership, language="en") is None
    brief = briefs.brief(going, language="en", words=words, back=[])
    return plain(drawn.text), plain(brief.text), digest


def lines(told: str, heading: str) -> list[str]:
    """What stands below a heading of a digest."""
    return told.partition(f"\n{heading}\n")[2].partition("\n\n")[0].split("\n")


def mixed(cast: Cast) -> list[int]:
    """People of every organisation in turn, the small ones first."""
    names = ("refugee_group", "youth_centre", "family_charity", "housing", "health_trust", "council")
    rows = zip_longest(*(cast.accounts[name] for name in names))
    return [account for row in rows for account in row if account is not None]


async def test_a_check_in_gives_each_organisation_its_own_voice(database: Database, riverside: Cast) -> None:
    round_id = await straight.opened(database, riverside, "check-in")
    for name, said in CHECK_IN.items():
        for code, words in said.items():
            lead = riverside.accounts[name][0]
            await straight.gives(database, lead, round_id, code, text=words, shown_as="organisation")

    read, brief, digest = await told(database, riverside, round_id)

    assert read.startswith(
        "Riverside · check-in 1\n3 to 6 November\nHalf of our organisations or more answered.\n"
    )
    assert lines(read, "What can your organisation offer?") == [
        "• Health Trust: “A health visitor for one afternoon a month.”",
        "• Council: “The small hall, free, on Thursdays.”",
    ]
    voices = {name.replace("_", " ").title(): 2 for name in CHECK_IN} | {"Housing Association": 2}
    del voices["Housing"]
    assert {name: read.count(f"• {name}: “") for name in voices} == voices
    assert lines(read, "You said, we did") == [
        "• “Evening opening would help us.” (someone at Youth Centre)",
        "Agreed, by 1 December. “From 1 December the small hall is open until nine.”",
        "• “Nobody reads the minutes.” (someone at Youth Centre)",
        "A reply is owed by 16 November.",
    ]
    assert lines(read, "What this can't show") == [
        (
            "One partner is not reached here: Tenants' Circle."
            " Please take this to them, and bring back what they say."
        ),
        "One person speaks here for each organisation. Others in it may see things differently.",
    ]
    assert "figures" not in read
    assert "alike" not in read
    assert read.endswith("which of these needs could one of us meet?")
    assert "Please read the words before everyone does." in brief
    assert (
        "Raised, and waiting for you\n• “Nobody reads the minutes.”\nA reply is owed by 16 November." in brief
    )
    texts = [words for said in CHECK_IN.values() for words in said.values()]
    await every_word_can_be_read(database, riverside, digest, texts)


async def every_word_can_be_read(database: Database, cast: Cast, digest: Digest, texts: list[str]) -> None:
    """Whatever the digest had no room for stands behind its button, below its question."""
    await turn(database, now=DIGEST)
    member = Phone(database, cast.members[0], now=DIGEST)
    read = await member.tap(f"read:{digest.id}")
    every = await member.tap(data(read, "Read everything said aloud"))
    words = text(every)
    while card(every).rows:
        every = await member.tap(data(every, "More"))
        words += text(every)
    assert [said for said in texts if f"“{said}”" not in words] == []
    assert words.count("What stands in your way?") == 1


async def test_a_retro_gathers_words_by_prompt(database: Database, riverside: Cast) -> None:
    round_id = await straight.opened(database, riverside, "retro")
    authors = iter(mixed(riverside))
    for code, texts in RETRO.items():
        for said in texts:
            await straight.gives(database, next(authors), round_id, code, text=said, shown_as="quoted")
    alone = next(authors)
    await straight.gives(
        database, alone, round_id, "was_hard", text="Please call me.", shown_as="facilitator"
    )

    read, brief, _ = await told(database, riverside, round_id)

    assert [read.count(f"“{said}”") for texts in RETRO.values() for said in texts] == [1] * 9
    assert sorted(lines(read, "What was hard, or got stuck?")) == [
        "• “The report ate the whole of October for the two of us.” (a partner)",
        "• “We hear about the plan when it is printed.” (a public body)",
    ]
    assert "Beyond the words that somebody signed, nothing here says who said what." in read
    assert read.endswith("what will we do differently, and who begins?")
    assert "Please call me." not in read
    assert "For you only, no names\n• “Please call me.”" in brief


async def test_a_nudge_tells_asks_and_offers_with_names_and_how_promises_went(
    database: Database, riverside: Cast
) -> None:
    round_id = await straight.opened(database, riverside, "nudge")
    people = mixed(riverside)
    for code, texts in NUDGE.items():
        for account, said in zip(people, texts, strict=False):
            shown_as = "quoted" if code == "aim" else "named"
            await straight.gives(database, account, round_id, code, text=said, shown_as=shown_as)
    for number, account in enumerate(people[:12]):
        value = 1 if number < 7 else 2 + number % 2
        await straight.gives(database, account, round_id, "last_promise", value=value)

    read, brief, _ = await told(database, riverside, round_id)

    assert lines(read, "All of us together") == [
        "• “How did it go with what you set out to do last time?”",
        "Half or more of us who answered have done it.",
        "Most have done it or are part of the way.",
    ]
    assert sorted(lines(read, "What is one thing you could offer the others?")) == [
        "• Person 1009, Family Charity: “Two hours of bookkeeping.”",
        "• Person 1011, Youth Centre: “A van, Wednesday mornings.”",
        "• Person 1013, Refugee Group: “I can proofread bids.”",
    ]
    assert "• “Finish the lease for the kitchen.” (a community group)" in read
    assert "Beyond the words that somebody signed, nothing here says who said what." in read
    assert read.endswith("whose ask could you answer this week?")
    assert "stuck" not in read + brief


@pytest.mark.parametrize("instrument", ["check-in", "retro", "nudge"])
async def test_a_round_in_which_nobody_wrote_says_so_kindly(
    database: Database, riverside: Cast, instrument: str
) -> None:
    round_id = await straight.opened(database, riverside, instrument)

    read, brief, _ = await told(database, riverside, round_id)

    assert "Nothing came together for everyone this time. That happens in busy weeks." in read
    assert read.endswith("what would make these questions worth our time?")
    assert "Nobody left words for everyone." in brief


async def test_a_pulse_with_other_kinds_of_question_tells_them_and_says_what_waits(
    database: Database, riverside: Cast
) -> None:
    round_id = await straight.opened(database, riverside, "pulse")
    options = [{"en": "money"}, {"en": "time"}, {"en": "trust"}]
    await straight.asks_also(
        database,
        round_id,
        straight.item("evenings", "agree"),
        straight.item("barrier", "choice", options=options),
        straight.item("hours", "number", least=0, most=99),
        straight.item("say_no", "directed", low={"en": "no"}, high={"en": "yes"}),
        straight.item("others", "guess", of="worth_it"),
    )
    for number, account in enumerate(riverside.members[:12]):
        given = {"evenings": 1 if number < 10 else -1, "barrier": 2, "hours": number, "others": 4}
        for code, value in given.items():
            await straight.gives(database, account, round_id, code, value=value)

    await turn(database, now=CLOSES)
    digest = await digest_of(database, round_id)
    async with database.reading() as session:
        partnership = await session.get_one(Partnership, riverside.partnership.id)
    read = plain(digests.card(digest, partnership, language="en").text)

    assert lines(read, "All of us together") == [
        "• “About evenings?”",
        "Most of us agree.",
        "• “About barrier?”",
        "Chosen by most of us: time.",
        "• “About hours?”",
        "The middle answer is about 6: as many of us say more as say less.",
    ]
    assert "Answers about single partners, and guesses about each other, are gathered first." in read
    assert "Too few of us answered to show figures this time." not in read
