"""Facilitators: who they are, inviting another, and handing over."""

from datetime import UTC, datetime

import pytest

from dialogs.events import Setting
from facilitation import invites
from storage.database import Database
from tests.cast import MONDAY, Cast
from tests.dialogs.phone import Phone, data, labels, text

SETTING = Setting(bot="parley_bot")


@pytest.fixture
def facilitator(database: Database, cast: Cast) -> Phone:
    return Phone(database, cast.facilitator, now=MONDAY, setting=SETTING)


async def second(database: Database, cast: Cast, *, account: int = 88) -> Phone:
    async with database.writing() as session:
        invite, _ = invites.make(
            cast.organisations["forum"], role="facilitator", name="Fay", language="en", now=MONDAY
        )
        session.add(invite)
        await session.flush()
        await invites.join(session, invite, account=account, language="en", now=MONDAY)
    return Phone(database, account, now=MONDAY, setting=SETTING)


async def test_the_only_facilitator_is_told_to_invite_another_first(cast: Cast, facilitator: Phone) -> None:
    listed = await facilitator.tap(f"fac:{cast.partnership.id}")
    refused = [await facilitator.tap(f"{kind}:{cast.partnership.id}") for kind in ("fac_down", "fac_gone")]

    assert "You are the only one." in text(listed)
    assert labels(listed) == [["Invite another facilitator"], ["Back"]]
    assert data(listed, "Invite another facilitator") == f"inv:{cast.organisations['forum'].id}:1"
    assert all("Invite another facilitator first" in one.notice for one in refused)


async def test_handing_over_is_asked_twice_and_told_to_whoever_goes_on(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await second(database, cast)

    listed = await facilitator.tap(f"fac:{cast.partnership.id}")
    sure = await facilitator.tap(data(listed, "Step down"))
    gone = await facilitator.tap(data(sure, "Yes, I step down"))
    again = await facilitator.tap(data(sure, "Yes, I step down"))

    (told,) = gone.posts
    assert "• Fay" in text(listed)
    assert "You get no briefs" in text(sure)
    assert "1 other facilitator is told, and goes on." in text(sure)
    assert "You facilitate Riverside no more." in text(gone)
    assert told.chat == 88
    assert f"Person {cast.facilitator} has stepped down" in told.card.text
    assert "does nothing here" in again.notice


async def test_whoever_goes_on_hears_of_a_handing_over_by_day(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    await second(database, cast)
    facilitator.now = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)

    gone = await facilitator.tap(f"fac_gone:{cast.partnership.id}")

    (told,) = gone.posts
    assert told.begins == datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


async def test_who_cannot_be_reached_does_not_count_as_somebody_to_hand_over_to(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    fay = await second(database, cast)
    await fay.block()

    refused = await facilitator.tap(f"fac_gone:{cast.partnership.id}")

    assert "Invite another facilitator first" in refused.notice


async def test_two_who_hand_over_to_each_other_leave_one(
    database: Database, cast: Cast, facilitator: Phone
) -> None:
    fay = await second(database, cast)

    first = await facilitator.tap(f"fac_gone:{cast.partnership.id}")
    late = await fay.tap(f"fac_gone:{cast.partnership.id}")

    assert "no more" in text(first)
    assert "Invite another facilitator first" in late.notice
