"""Founding and leading a partnership, without any dialog: the races, and what a founding link is worth."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from facilitation import facilitators, founding, groups, invites, partnerships, ways
from facilitation.facilitators import NobodyElse
from facilitation.founding import FoundingUsed
from facilitation.invites import InviteExpired, InviteUsed
from facilitation.refusals import NotYours, Refusal
from storage.database import Database
from storage.members import Founding, Member, Seat
from storage.partnerships import Partnership
from tests.cast import MONDAY, Cast

GROUP = -500


async def link(database: Database) -> int:
    async with database.writing() as session:
        made, _ = founding.make(now=MONDAY)
        session.add(made)
        await session.flush()
        return made.id


async def found(database: Database, founding_id: int, *, account: int = 77) -> Partnership | Refusal:
    try:
        async with database.writing() as session:
            return await founding.found(
                session,
                await session.get_one(Founding, founding_id),
                account=account,
                name=f"Hillside {account}",
                called="Fay",
                language="en",
                runs_server=False,
                now=MONDAY,
            )
    except Refusal as refusal:
        return refusal


async def test_of_many_who_use_a_link_at_once_one_founds(database: Database) -> None:
    founding_id = await link(database)

    came = await asyncio.gather(*(found(database, founding_id, account=account) for account in range(1, 9)))

    async with database.reading() as session:
        made = (await session.exec(select(Partnership))).all()
        members = (await session.exec(select(Member))).all()
    assert sorted(type(one).__name__ for one in came) == ["FoundingUsed"] * 7 + ["Partnership"]
    assert (len(made), len(members)) == (1, 1)


async def test_a_link_that_two_read_as_unused_still_founds_once(database: Database) -> None:
    founding_id = await link(database)
    async with database.reading() as session:
        stale = await session.get_one(Founding, founding_id)
    await found(database, founding_id)

    with pytest.raises(FoundingUsed):
        async with database.writing() as session:
            await founding.found(
                session,
                stale,
                account=78,
                name="Seaside",
                called="",
                language="en",
                runs_server=False,
                now=MONDAY,
            )


async def test_a_found_partnership_has_one_facilitator_in_a_backbone(database: Database) -> None:
    made = await found(database, await link(database))
    assert isinstance(made, Partnership)

    async with database.writing() as session:
        await founding.name_backbone(session, made, account=77, name="Hillside Forum")
        with pytest.raises(NotYours):
            await founding.name_backbone(session, made, account=78, name="Seaside Forum")
        progress = await founding.progress(session, made, now=MONDAY)
        (one,) = await facilitators.of(session, made.id)
        backbone = await facilitators.organisation(session, made.id, account=77)

    assert (one.account, one.reachable, one.seat.name) == (77, True, "Fay")
    assert (backbone.name, backbone.kind) == ("Hillside Forum", "backbone")
    assert (progress.organisations, progress.people, progress.next_step) == (0, 0, "partners")


async def test_the_steps_are_done_when_they_are_done(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        before = (await founding.progress(session, partnership, now=MONDAY)).next_step
        await ways.in_danger(session, partnership, " call  999 ")
        after = await founding.progress(session, partnership, now=MONDAY)
        with pytest.raises(ways.DangerMissing):
            await ways.in_danger(session, partnership, " \n ")

    assert (before, after.next_step) == ("danger", "")
    assert (after.organisations, after.people, after.invited, after.scheduled) == (5, 15, True, True)
    assert partnership.danger == "call 999"


async def test_two_facilitators_who_step_down_at_once_leave_one(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations["forum"], role="facilitator", name="", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        await invites.join(session, invite, account=88, language="en", now=MONDAY)

    async def down(account: int) -> str:
        try:
            async with database.writing() as session:
                partnership = await session.get_one(Partnership, cast.partnership.id)
                await facilitators.step_down(session, partnership, account=account, now=MONDAY)
        except NobodyElse:
            return "stays"
        return "goes"

    came = await asyncio.gather(down(88), down(cast.facilitator))

    async with database.reading() as session:
        wanted = select(Seat).where(Seat.role == "facilitator", col(Seat.left_at).is_(None))
        assert len((await session.exec(wanted)).all()) == 1
    assert sorted(came) == ["goes", "stays"]


async def test_stepping_down_is_for_those_who_facilitate(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)

        for account in (cast.members[0], 99):
            with pytest.raises(NotYours):
                await facilitators.step_down(session, partnership, account=account, now=MONDAY)
            with pytest.raises(NotYours):
                await groups.link(session, partnership, account=account, now=MONDAY)


async def test_a_group_link_that_is_too_old_links_nothing(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        secret = await groups.link(session, partnership, account=cast.facilitator, now=MONDAY)
        invite = await invites.by_secret(session, secret)

        with pytest.raises(InviteExpired):
            await groups.bring(session, invite, partnership, chat=GROUP, now=MONDAY + timedelta(days=1))

        await groups.bring(session, invite, partnership, chat=GROUP, now=MONDAY)
        assert partnership.group_chat == GROUP


async def test_of_two_groups_that_use_a_link_at_once_one_is_linked(database: Database, cast: Cast) -> None:
    async with database.writing() as session:
        partnership = await session.get_one(Partnership, cast.partnership.id)
        secret = await groups.link(session, partnership, account=cast.facilitator, now=MONDAY)

    async def bring(chat: int) -> str:
        try:
            async with database.writing() as session:
                invite = await invites.by_secret(session, secret)
                partnership = await session.get_one(Partnership, cast.partnership.id)
                await groups.bring(session, invite, partnership, chat=chat, now=MONDAY)
        except InviteUsed:
            return "used"
        return "linked"

    came = await asyncio.gather(*(bring(chat) for chat in (-1, -2, -3)))

    assert sorted(came) == ["linked", "used", "used"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [("  Hill \n side\u202e ", "Hill side"), ("ﻦ\u200dم", "ﻦ\u200dم"), ("x" * 100, "x" * 100)],
)
def test_a_name_stands_on_one_line(typed: str, name: str) -> None:
    assert partnerships.named(typed) == name


@pytest.mark.parametrize("typed", ["", " \n", "\u202e", "\u200d", "x" * 101])
def test_a_name_is_short_and_can_be_read(typed: str) -> None:
    with pytest.raises((partnerships.NameMissing, partnerships.NameTooLong)):
        partnerships.named(typed)
