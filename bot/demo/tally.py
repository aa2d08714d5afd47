"""What came of a demo: letters and updates by the sandbox's journal, beside Parley's database."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from facilitation.instruments import said
from storage.database import Database
from storage.digests import Digest, Signal
from storage.members import Member, Seat
from storage.queues import Incoming
from storage.rounds import Answer, Invitation, Round

Json = dict[str, Any]


@dataclass
class Seen:
    """What phones saw. Keys of `digests`: (chat, digest or its text); a group's digest has no buttons.

    Keys of `reminders`: (invitation, text), as the last of the two says that it is the last.
    """

    invitations: Counter[int] = field(default_factory=Counter)
    reminders: Counter[tuple[int, str]] = field(default_factory=Counter)
    digests: Counter[tuple[int, str]] = field(default_factory=Counter)
    asked_again: Counter[tuple[int, str]] = field(default_factory=Counter)
    updates: set[int] = field(default_factory=set)
    blocked: dict[int, list[tuple[datetime, str]]] = field(default_factory=dict)

    @property
    def duplicates(self) -> int:
        """Letters that came more than once; a digest that somebody asked to read again is none."""
        twice = sum((self.invitations - Counter(set(self.invitations))).values())
        twice += sum((self.reminders - Counter(set(self.reminders))).values())
        return twice + sum((self.digests - self.asked_again - Counter(set(self.digests))).values())

    def had_blocked(self, account: int, at: datetime) -> bool:
        """Whether this phone refused the bot at that moment."""
        before = [action for moment, action in self.blocked.get(account, ()) if moment <= at]
        return bool(before) and before[-1] == "block"


def entries(journal: Path) -> Iterator[Json]:
    with journal.open(encoding="ascii") as lines:
        for line in lines:
            yield json.loads(line)


def phones(journal: Iterable[Json]) -> Seen:
    seen = Seen()
    for entry in journal:
        match entry["kind"]:
            case "update":
                seen.updates.add(entry["update_id"])
            case "user":
                _did(seen, entry)
            case "call" if entry["ok"] and entry["method"] == "sendMessage":
                _got(seen, entry)
    return seen


def _did(seen: Seen, entry: Json) -> None:
    action, user = entry["action"], entry["user_id"]
    if action in ("block", "unblock"):
        seen.blocked.setdefault(user, []).append((datetime.fromisoformat(entry["at"]), action))
    elif action == "tap" and entry["data"].startswith("read:"):
        seen.asked_again[user, entry["data"].partition(":")[2]] += 1


def _got(seen: Seen, entry: Json) -> None:
    """Tell a letter by its buttons: an invitation starts, a reminder answers, a digest can be answered."""
    labels = {
        kind: (button["text"], number)
        for row in entry["buttons"]
        for button in row
        for kind, _, number in [button.get("data", "").partition(":")]
    }
    if "start" in labels and "not" in labels:
        label, number = labels["start"]
        if label == "Start":
            seen.invitations[int(number)] += 1
        else:
            seen.reminders[int(number), entry["text"]] += 1
    elif "same" in labels:
        seen.digests[entry["chat_id"], labels["same"][1]] += 1
    elif entry["chat_id"] < 0:
        seen.digests[entry["chat_id"], entry["text"]] += 1


async def lost_invitations(session: AsyncSession, seen: Seen) -> list[str]:
    """Invitations that no phone saw although its owner had not blocked the bot."""
    wanted = (
        select(Invitation.id, Member.account, Round.number, Round.opens_at)
        .join(Seat, col(Seat.id) == col(Invitation.seat_id))
        .join(Member, col(Member.id) == col(Seat.member_id))
        .join(Round, col(Round.id) == col(Invitation.round_id))
    )
    return [
        f"phone {account}: the invitation to round {number}"
        for invitation, account, number, opened in (await session.exec(wanted)).all()
        if not seen.invitations[invitation] and not seen.had_blocked(account or 0, opened)
    ]


async def handled(session: AsyncSession) -> set[int]:
    """Updates that Parley has handled to the end and still knows of: after 30 days it forgets them."""
    return set((await session.exec(select(Incoming.update_id).where(Incoming.state == "done"))).all())


async def figures(session: AsyncSession, seen: Seen) -> Json:
    given = col(Answer.value).is_not(None) | col(Answer.text).is_not(None)
    opened = select(func.count()).select_from(Round).where(col(Round.number) > 0)
    answers = select(func.count()).select_from(Answer).where(given)
    return {
        "rounds": (await session.exec(opened)).one(),
        "invitations": seen.invitations.total(),
        "answers": (await session.exec(answers)).one(),
        "reminders": seen.reminders.total(),
        "digests": seen.digests.total() - (seen.asked_again & seen.digests).total(),
        "signals": await _count(session, Signal),
    }


async def _count(session: AsyncSession, table: type[SQLModel]) -> int:
    return (await session.exec(select(func.count()).select_from(table))).one()


async def parted(database: Database) -> str:
    """The questions on which the newest digest says that groups part, as it words them; "" for none."""
    async with database.reading() as session:
        digest = (await session.exec(select(Digest).order_by(col(Digest.id).desc()).limit(1))).first()
    if digest is None:
        return ""
    found = [signal["item"] for signal in digest.facts["signals"] if signal["kind"] == "organisation_differs"]
    return " and ".join(f"“{said(digest.facts['wordings'][item], 'en')}”" for item in found)
