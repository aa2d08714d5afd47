"""Access: what is handed out about a person is whole. A new column without a decision fails here."""

import json
from collections.abc import Callable

import pytest
from sqlmodel import SQLModel

from facilitation import mydata
from storage.database import NOUNS, Database
from storage.members import Seat
from tests.cast import MONDAY, OPENS, Cast, seat_of
from tests.facilitation import marked
from tests.facilitation.turning import all_rounds, turn

assert NOUNS  # importing them is what fills the metadata

# Which columns of a table are handed out, by the table's name.
TOLD = {
    "member": mydata.MEMBER,
    "seat": mydata.SEAT,
    "invite": mydata.INVITE,
    "invitation": mydata.INVITATION,
    "answer": mydata.ANSWER,
    "promise": mydata.PROMISE,
    "response": mydata.RESPONSE,
    "raised": mydata.RAISED,
    "awaited": mydata.AWAITED,
    "roster": mydata.ROSTER,
    "inbox": mydata.INCOMING,
    "outbox": mydata.OUTGOING,
    "pace": mydata.PACE,
}
WHERE = "it says where a row belongs, and what is handed out is ordered so"
NOBODY = "it tells something of a partnership or of the machine, and of no person"
# Every column that is not handed out, or "*" for a whole table, and why.
NOT_TOLD = {
    "digest": {"*": "group results; what they quote of a person is that person's answer, handed out there"},
    "signal": {"*": "group results, in numbers"},
    "shown": {"*": "group results, in numbers; it names no people"},
    "founding": {"*": "a link; nobody's name stands with it"},
    "partnership": {"*": NOBODY},
    "organisation": {"*": NOBODY},
    "cell": {"*": NOBODY},
    "schedule": {"*": NOBODY},
    "round": {"*": NOBODY},
    "heartbeat": {"*": NOBODY},
    "memo": {"*": "of a person it holds that no message reaches their seat; that is told with the member"},
    "member": {"id": WHERE},
    "seat": dict.fromkeys(("id", "member_id", "organisation_id", "partnership_id", "invite_id"), WHERE),
    "invite": dict.fromkeys(("id", "partnership_id", "organisation_id"), WHERE)
    | dict.fromkeys(("places", "taken"), NOBODY)
    | {"secret_hash": "whoever had it could not join with it, and it tells nothing"},
    "invitation": dict.fromkeys(("id", "round_id", "seat_id", "organisation_id", "cell_id"), WHERE),
    "answer": dict.fromkeys(("id", "invitation_id"), WHERE),
    "promise": dict.fromkeys(("id", "schedule_id", "round_id", "seat_id"), WHERE),
    "response": dict.fromkeys(("id", "digest_id", "seat_id"), WHERE),
    "raised": dict.fromkeys(("id", "partnership_id", "seat_id"), WHERE)
    | {"draft": "a facilitator's reply that is not given yet; once given it is handed out"},
    "awaited": {"chat": WHERE},
    "roster": dict.fromkeys(("id", "partnership_id", "account"), WHERE),
    "inbox": dict.fromkeys(("bot", "chat"), WHERE) | {"retry_s": NOBODY},
    "outbox": dict.fromkeys(("id", "key", "chat"), WHERE)
    | dict.fromkeys(("resend", "lease", "leased_until_s", "retry_s"), NOBODY),
    "pace": dict.fromkeys(("bot", "chat"), WHERE),
}


@pytest.mark.parametrize("table", sorted(SQLModel.metadata.tables))
def test_every_column_is_handed_out_or_there_is_a_reason(table: str) -> None:
    columns = {column.name for column in SQLModel.metadata.tables[table].columns}

    told, not_told = set(TOLD.get(table, {})), NOT_TOLD.get(table, {})

    assert not told & set(not_told)
    assert told | set(not_told) == columns or ("*" in not_told and not told)
    assert all(not_told.values())


@pytest.mark.parametrize("table", sorted(TOLD))
def test_no_two_facts_have_one_name(table: str) -> None:
    names = list(TOLD[table].values())

    assert len(set(names)) == len(names)


@pytest.mark.promise
async def test_what_is_handed_out_is_whole_and_nobody_else_s(
    database: Database, cast: Cast, note: Callable[..., None]
) -> None:
    await turn(database, now=OPENS)
    await marked.lived(database, cast, cast.members, round_id=(await all_rounds(database))[0].id)

    files = {}
    for account in cast.members:
        async with database.reading() as session:
            files[account] = json.dumps(await mydata.collected(session, account=account))

    kinds = ["name", "quote", "promise", "response", "raised", "reply", "awaited", "answers", "roster", "own"]
    kinds += [f"update {state}" for state in ("parked", "done", "new")]
    missing = [
        (account, kind)
        for account in files
        for kind in kinds
        if marked.mark(account, kind) not in files[account]
    ]
    others = [
        (account, other)
        for account, file in files.items()
        for other in files
        if other != account and f"{other} planted" in file
    ]
    note(26, exported=len(files), missing=len(missing), of_others=len(others))
    assert missing == []
    assert others == []


async def test_an_answer_is_told_with_its_question_and_a_place_with_its_names(
    database: Database, cast: Cast
) -> None:
    account = cast.members[0]
    await turn(database, now=OPENS)
    await marked.lived(database, cast, [account], round_id=(await all_rounds(database))[0].id)

    async with database.reading() as session:
        kept = await mydata.collected(session, account=account)

    (place,) = kept["places"]
    assert (place["partnership"], place["organisation"], place["role"]) == ("Riverside", "Council", "member")
    assert place["agreed_at"] == MONDAY.isoformat()
    (part,) = place["rounds"]
    assert part["round"] == "pulse 1"
    first = part["answers"][0]
    assert first["wording"]
    assert first["value"] == 4
    assert kept["you"]["telegram_account"] == account


async def test_a_place_that_was_left_is_still_told(database: Database, cast: Cast) -> None:
    account = cast.members[0]
    async with database.writing() as session:
        seat = await session.get_one(Seat, (await seat_of(database, account)).id)
        seat.left_at = OPENS

    async with database.reading() as session:
        kept = await mydata.collected(session, account=account)

    assert kept["places"][0]["left_at"] == OPENS.isoformat()


async def test_a_stranger_gets_a_short_file(database: Database, cast: Cast) -> None:
    async with database.reading() as session:
        kept = await mydata.collected(session, account=5)

    assert kept["you"] == {"telegram_account": 5}
    assert kept["places"] == []
