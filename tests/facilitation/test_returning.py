"""Coming back: letters that could not reach somebody are tried again, where they are still theirs to read."""

from datetime import timedelta

from sqlmodel import select

from facilitation import members, returning
from storage.database import Database
from storage.digests import Digest
from storage.queues import Outgoing
from tests.cast import CLOSES, DIGEST, OPENS, Cast, seated
from tests.facilitation.turning import turn

LATER = DIGEST + timedelta(hours=1)


def letter(key: str, account: int, *, state: str = "dead", lasts: int = 5) -> Outgoing:
    until = DIGEST + timedelta(days=lasts)
    return Outgoing(
        key=f"{key}:{account}",
        kind=key.partition(":")[0],
        chat=account,
        method="sendMessage",
        not_before=DIGEST,
        not_after=until,
        state=state,
        tries=3,
        error="Forbidden: bot was blocked by the user",
    )


async def revived(database: Database, account: int, letters: list[Outgoing]) -> list[str]:
    async with database.writing() as session:
        session.add_all(letters)
    async with database.writing() as session:
        await returning.found(session, account=account, now=LATER)
    async with database.reading() as session:
        found = await session.exec(select(Outgoing).where(Outgoing.state == "pending"))
        return [one.key.rpartition(f":{account}")[0] for one in found.all()]


async def digest_of(database: Database, cast: Cast) -> int:
    async with database.reading() as session:
        wanted = select(Digest.id).where(Digest.partnership_id == cast.partnership.id)
        return (await session.exec(wanted)).one()


async def held(database: Database) -> None:
    for now in (OPENS, CLOSES, DIGEST, DIGEST + timedelta(hours=2)):
        await turn(database, now=now)


async def test_a_digest_that_did_not_arrive_goes_out_while_it_is_worth_having(
    database: Database, cast: Cast
) -> None:
    await held(database)
    digest, member = await digest_of(database, cast), cast.members[0]
    letters = [letter(f"digest:{digest}", member), letter(f"brief:{digest}", member)]

    assert await revived(database, member, letters) == [f"digest:{digest}"]


async def test_what_is_over_what_came_and_what_is_of_others_stays_where_it_is(
    database: Database, cast: Cast
) -> None:
    other = await seated(database, first_account=5000, name="Hillside")
    await held(database)
    digest, elsewhere, member = (
        await digest_of(database, cast),
        await digest_of(database, other),
        cast.members[0],
    )
    letters = [
        letter(f"digest:{elsewhere}", member),
        letter(f"digest:{digest}", member, lasts=0),
        letter(f"digest:{digest}", cast.members[1]),
    ]

    assert await revived(database, member, letters) == []


async def test_whoever_left_meanwhile_gets_nothing_more(database: Database, cast: Cast) -> None:
    await held(database)
    digest, member = await digest_of(database, cast), cast.members[0]
    async with database.writing() as session:
        for sitting in await members.sittings(session, account=member):
            await members.leave(session, sitting.seat, now=DIGEST)

    assert await revived(database, member, [letter(f"digest:{digest}", member)]) == []
