"""Promise 23: whoever comes, goes, answers or keeps silent, no small group can be worked out."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation import answers, intake, invites, parts, planning, publishing, questions, roster, rounds
from facilitation.answers import Given
from storage import schema
from storage.database import Database
from storage.digests import Shown
from storage.members import Invite, Seat
from storage.partnerships import Partnership
from storage.rounds import Answer, Invitation, Round, Schedule
from synthesis import disclosure
from tests import proof
from tests.cast import MONDAY
from tests.facilitation import straight
from tests.facilitation.turning import freeze

ROUNDS = 12
PARTNERSHIPS = proof.size(ci=10, long=150)
WEEK = timedelta(days=7)
# Questions of the other kinds, with the values an answer can have.
ALSO: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "voted": ("agree", {}, (-1, 0, 1)),
    "chose": ("choice", {"options": [{"en": "this"}, {"en": "that"}, {"en": "neither"}]}, (1, 2, 4)),
    "hours": ("number", {"least": 0, "most": 40}, tuple(range(41))),
    "kept": ("promise", {}, (1, 2, 3)),
}
KINDS = ("public", "funder", "community", "community", "social_enterprise", "other")


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Database]:
    """The rule is the same on both engines; a small SQLite file is quicker."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}")
    await schema.migrate(database)
    yield database
    await database.close()


async def founded(session: AsyncSession, chance: Random) -> int:
    """A random partnership by roster; the id of its schedule."""
    lines = ["partnership,organisation,kind,name,role"]
    for organisation in range(chance.randint(3, 8)):
        kind = chance.choice(KINDS)
        lines += [
            f"P,Organisation {organisation},{kind},Person {number},member"
            for number in range(chance.choice((1, 2, 2, 3, 4, 6)))
        ]
    await intake.take(session, roster.read("\n".join(lines).encode()), timezone="UTC", now=MONDAY)
    partnership = (await session.exec(select(Partnership))).one()
    partnership.minimum_group = chance.choice((4, 4, 5))
    return (await session.exec(select(Schedule))).one().id


async def come_and_go(session: AsyncSession, chance: Random, *, week: int) -> None:
    """Most join in the first week, a few later; now and then somebody leaves."""
    free = (await session.exec(select(Invite).where(Invite.taken == 0).order_by(col(Invite.id)))).all()
    for invite in free:
        if chance.random() < (0.8 if week == 0 else 0.15):
            await invites.join(session, invite, account=1000 + invite.id, language="en", now=MONDAY)
    for seat in (await session.exec(select(Seat).order_by(col(Seat.id)))).all():
        if chance.random() < 0.04:
            seat.left_at = MONDAY
            session.add(seat)


async def held(session: AsyncSession, chance: Random, schedule_id: int, *, week: int) -> None:
    """One round: some answer everything, some leave out, some say nothing."""
    opens = MONDAY.replace(hour=10) + timedelta(days=1) + week * WEEK
    await planning.plan(session, schedule_id, now=opens)
    round_id = next(id_ for verb, id_ in await rounds.due(session, opens) if verb == "open")
    opened = await rounds.open_(session, round_id, now=opens)
    assert opened is not None
    for asked in opened.asked:
        diligence = chance.choice((0.0, 0.5, 0.9, 1.0, 1.0))
        if diligence and asked.account is not None:
            part = await parts.of(session, asked.invitation.id, account=asked.account, now=opens)
            for position, question in enumerate(part.questions):
                if question.item.kind in questions.RATED and chance.random() < diligence:
                    given = Given(asked.account, week * 100 + position, opens)
                    await answers.rate(session, part, position, chance.randint(1, 5), given=given)
    await answered_also(session, opened, chance)
    if opened.round.state == "open":
        await publishing.close(session, round_id, now=opened.round.closes_at)
        await freeze(session, round_id, now=opened.round.closes_at)


async def answered_also(session: AsyncSession, opened: rounds.Opened, chance: Random) -> None:
    """The round asks questions of the other kinds too, and some answer them."""
    if opened.round.state != "open":
        return
    items = [straight.item(code, kind, **parts) for code, (kind, parts, _) in ALSO.items()]
    opened.round.instrument = opened.round.instrument | {"items": [*opened.round.instrument["items"], *items]}
    session.add(opened.round)
    for asked in opened.asked:
        for code, (_, _, values) in ALSO.items():
            if chance.random() < 0.7:
                session.add(
                    Answer(
                        invitation_id=asked.invitation.id,
                        item=code,
                        value=chance.choice(values),
                        update_id=1,
                        received_at=MONDAY,
                    )
                )
    await session.flush()


async def attacked(session: AsyncSession, *, k: int) -> tuple[list[tuple[int, ...]], int, int]:
    """What linear algebra makes of the whole ledger, item by item; and cells large enough, and shown."""
    gave: dict[str, list[tuple[int, int, int | None]]] = defaultdict(list)
    wanted = (
        select(Answer, Invitation)
        .join(Invitation, col(Invitation.id) == col(Answer.invitation_id))
        .where(col(Answer.value).is_not(None))
    )
    for answer, invitation in (await session.exec(wanted)).all():
        gave[answer.item].append((invitation.id, invitation.round_id, invitation.cell_id))
    ledger = (await session.exec(select(Shown))).all()
    exposed, enough, shown = [], 0, 0
    for item, columns in gave.items():
        # What is begun is told of the same people as what is done.
        rows = [row for row in ledger if row.item.partition(":")[0] == item]
        matrix = [
            [
                int(round_id == row.round_id and row.cell_id in (None, cell_id))
                for _, round_id, cell_id in columns
            ]
            for row in rows
        ]
        exposed += disclosure.exposed(matrix, k)
        cells = [(round_id, cell_id) for _, round_id, cell_id in columns if cell_id is not None]
        enough += sum(cells.count(cell) >= k for cell in set(cells))
        shown += sum(row.cell_id is not None for row in rows)
        if item in ALSO:
            assert all(row.cell_id is None and row.least >= k for row in rows)
    assert {row.item.partition(":")[0] for row in ledger} <= {*gave, "answered_back", "heard"}
    return exposed, enough, shown


@pytest.mark.promise
@pytest.mark.parametrize("seed", range(PARTNERSHIPS))
async def test_no_group_below_k_can_be_worked_out_of_twelve_rounds(
    ledger: Database, seed: int, note: Callable[..., None]
) -> None:
    chance, database = Random(seed), ledger
    async with database.writing() as session:
        schedule_id = await founded(session, chance)

    for week in range(ROUNDS):
        async with database.writing() as session:
            await come_and_go(session, chance, week=week)
            await held(session, chance, schedule_id, week=week)

    async with database.reading() as session:
        k = (await session.exec(select(Partnership))).one().minimum_group
        exposed, enough, shown = await attacked(session, k=k)
        states = [round_.state for round_ in (await session.exec(select(Round))).all()]
    assert states.count("closing") + states.count("skipped") == ROUNDS
    note(23, rounds=ROUNDS, cells_with_k=enough, shown=shown, exposed=len(exposed))
    assert not exposed
    assert shown <= enough


def test_the_attack_finds_a_group_that_a_careless_ledger_gives_away() -> None:
    """The oracle bites: one more cell in the ledger, and three people stand alone."""
    rows = [[1] * 9, [1] * 6 + [0] * 3]

    exposed = disclosure.exposed(rows, 4)

    assert exposed == [(6, 7, 8)]
