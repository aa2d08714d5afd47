"""The clock's verbs without a messenger: do what is due, and let people answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import count

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import answers, digests, parts, planning, publishing, rounds
from facilitation.answers import Given
from facilitation.digests import Going
from facilitation.parts import Part
from facilitation.rounds import Opened
from storage.database import Database
from storage.digests import Digest
from storage.members import Member, Seat
from storage.rounds import Invitation, Round

RATED = 5
UPDATES = count(1)

Verb = Callable[..., Awaitable[Opened | Round | Digest | Going | None]]


async def plan(database: Database, *, now: datetime) -> None:
    async with database.writing() as session:
        for schedule, _ in await planning.schedules(session):
            await planning.plan(session, schedule.id, now=now)


async def turn(database: Database, *, now: datetime) -> list[str]:
    """Do everything due by `now`, each brief at its hour; the verbs done, in order."""
    done: list[str] = []
    while True:
        async with database.reading() as session:
            due = await rounds.due(session, now)
        if not due:
            return done
        for verb, round_id in due:
            # A brief that came late would hold up its digest.
            at = await brief_at(database, round_id) if verb == "brief" else now
            await step(database, verb, round_id, now=at)
            done.append(verb)


async def brief_at(database: Database, round_id: int) -> datetime:
    async with database.reading() as session:
        return (await session.get_one(Round, round_id)).brief_at


async def step(
    database: Database, verb: str, round_id: int, *, now: datetime
) -> Opened | Round | Digest | Going | None:
    verbs: dict[str, Verb] = {
        "open": rounds.open_,
        "remind": rounds.remind,
        "close": publishing.close,
        "freeze": freeze,
        "brief": digests.brief,
        "publish": digests.publish,
    }
    async with database.writing() as session:
        return await verbs[verb](session, round_id, now=now)


async def freeze(session: AsyncSession, round_id: int, *, now: datetime) -> Digest | None:
    gathered = await publishing.gather(session, round_id)
    if gathered is None:
        return None
    return await publishing.freeze(session, gathered, publishing.worked_out(gathered), now=now)


async def all_rounds(database: Database) -> Sequence[Round]:
    async with database.reading() as session:
        return (await session.exec(select(Round).order_by(col(Round.local_date), col(Round.id)))).all()


async def invitation_of(database: Database, account: int, round_id: int) -> Invitation:
    async with database.reading() as session:
        wanted = (
            select(Invitation)
            .join(Seat, col(Seat.id) == col(Invitation.seat_id))
            .join(Member, col(Member.id) == col(Seat.member_id))
            .where(Member.account == account, Invitation.round_id == round_id)
        )
        return (await session.exec(wanted)).one()


async def part_of(database: Database, account: int, round_id: int, *, now: datetime) -> Part:
    """A part read in a transaction of its own, to look at."""
    invitation = await invitation_of(database, account, round_id)
    async with database.reading() as session:
        return await parts.of(session, invitation.id, account=account, now=now)


def given(account: int, *, now: datetime, update_id: int | None = None) -> Given:
    return Given(account, next(UPDATES) if update_id is None else update_id, now)


async def answer(
    database: Database, account: int, round_id: int, values: Mapping[int, int | None], *, now: datetime
) -> None:
    """One member rates the items at these positions; None skips."""
    invitation = await invitation_of(database, account, round_id)
    async with database.writing() as session:
        part = await parts.of(session, invitation.id, account=account, now=now)
        for position, value in values.items():
            if value is None:
                await answers.skip(session, part, position, given=given(account, now=now))
            else:
                await answers.rate(session, part, position, value, given=given(account, now=now))


async def write(
    database: Database, account: int, round_id: int, text: str, *, shown_as: int | None, now: datetime
) -> None:
    """One member writes the last item's text, and chooses how it may be shown."""
    invitation = await invitation_of(database, account, round_id)
    async with database.writing() as session:
        part = await parts.of(session, invitation.id, account=account, now=now)
        await answers.write(session, part, RATED, text, message=1, given=given(account, now=now))
        if shown_as is not None:
            chosen = given(account, now=now)
            assert await answers.show_as(session, part, RATED, shown_as, message=1, given=chosen)


async def digest_of(database: Database, round_id: int) -> Digest:
    async with database.reading() as session:
        found = await digests.of_round(session, round_id)
        assert found is not None
        return found
