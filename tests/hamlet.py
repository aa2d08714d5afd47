"""Hamlet: a few people and a facilitator, asked by as many schedules as a test needs; and their phones.

What should become of each date is worked out here from the calendar alone, with nothing of the product's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from facilitation import planning
from storage.database import Database
from storage.members import Member, Seat
from storage.partnerships import Organisation, Partnership
from storage.rounds import Schedule
from tests import crowd
from tests.sandbox_process import Sandbox

FIRST = 700_000
LONDON = ZoneInfo("Europe/London")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TOO_LATE = timedelta(hours=36)
LEAST = timedelta(hours=1)  # to answer, for who is asked late
PROMPT = timedelta(minutes=15)
# What the rounds of each questionnaire are called on a phone.
HEADING = re.compile(r"^(?:\S.* · |Brief: \S.*, )(?P<title>[a-z-]+)(?: (?P<number>\d+))?$", re.MULTILINE)
DID_NOT_OPEN = re.compile(r"(?:(\d+) rounds|The round of [^.]+) did not open")


@dataclass(frozen=True)
class Asked:
    """One schedule, in the words of a test: every so many days from `starts`, from `opens` to `closes`."""

    instrument: str
    starts: date
    every: int
    opens: time
    closes: time
    window_days: int = 0
    digest_days: int = 0
    digest: time = time(9, 0)

    def row(self, partnership_id: int, *, now: datetime, quiet: tuple[str, str]) -> Schedule:
        return Schedule(
            partnership_id=partnership_id,
            instrument=self.instrument,
            rule=f"FREQ=DAILY;INTERVAL={self.every}",
            starts=self.starts,
            opens=f"{self.opens:%H:%M}",
            window_days=self.window_days,
            closes=f"{self.closes:%H:%M}",
            digest_days=self.digest_days,
            digest=f"{self.digest:%H:%M}",
            quiet_from=quiet[0],
            quiet_until=quiet[1],
            started_at=now,
            created_at=now,
        )

    def occurrences(self, until: date) -> Iterator["Occurrence"]:
        day = self.starts
        while day <= until:
            following = first_shown(day + self.every * DAY, self.opens)
            closing = day + self.window_days * DAY
            digest = first_shown(closing + self.digest_days * DAY, self.digest)
            opens, closes = first_shown(day, self.opens), first_shown(closing, self.closes)
            yield Occurrence(self.instrument, day, opens, closes, following, digest)
            day += self.every * DAY


@dataclass(frozen=True)
class Occurrence:
    title: str
    day: date
    opens: datetime
    closes: datetime
    following: datetime
    digest: datetime

    def opens_at(self, looked: datetime, *, quiet: tuple[str, str]) -> bool:
        """Whether it opens if somebody first looks then: less than 36 hours late, and before the next.

        It asks people by day; and if it asks them late, they have an hour.
        """
        begins = awake(looked, quiet)
        least = LEAST if begins - self.opens >= PROMPT else timedelta()
        return looked - self.opens < TOO_LATE and begins < min(self.following, self.closes - least)


def first_shown(day: date, at: time) -> datetime:
    """The first minute at which clocks show this time of that day, or a later one where it is left out."""
    moment = datetime.combine(day, time(), UTC) - timedelta(hours=2)
    while (wall := moment.astimezone(LONDON).replace(tzinfo=None)) < datetime.combine(day, at):
        far = datetime.combine(day, at) - wall > timedelta(hours=2)
        moment += timedelta(minutes=30) if far else MINUTE
    return moment


def awake(moment: datetime, quiet: tuple[str, str]) -> datetime:
    """The first minute from this one on that is outside the quiet hours there."""
    start, end = (time.fromisoformat(hour) for hour in quiet)
    while start != end and not end <= (wall := moment.astimezone(LONDON)).time() < start:
        moment = first_shown(wall.date() + (DAY if wall.time() >= start else 0 * DAY), end)
    return moment


@dataclass(frozen=True)
class Hamlet:
    members: Sequence[int]
    facilitator: int

    @property
    def lead(self) -> int:
        return self.members[0]

    @property
    def everybody(self) -> Sequence[int]:
        return [*self.members, self.facilitator]

    def asked(self, title: str) -> Sequence[int]:
        """Whom a questionnaire asks: an organisation's voice is its lead's."""
        return [self.lead] if title == "check-in" else self.members


async def founded(
    database: Database, schedules: Sequence[Asked], *, now: datetime, size: int, quiet: tuple[str, str]
) -> Hamlet:
    """The facilitator's account is the last; the first member may speak for their organisation."""
    accounts = range(FIRST, FIRST + size + 1)
    async with database.writing() as session:
        partnership = Partnership(name="Hamlet", timezone=LONDON.key, created_at=now)
        session.add(partnership)
        await session.flush()
        group, backbone = (
            Organisation(partnership_id=partnership.id, name=kind.title(), kind=kind)
            for kind in ("community", "backbone")
        )
        people = [Member(account=account, created_at=now) for account in accounts]
        rows = [one.row(partnership.id, now=now, quiet=quiet) for one in schedules]
        session.add_all([group, backbone, *people, *rows])
        await session.flush()
        session.add_all(
            Seat(
                member_id=member.id,
                organisation_id=(backbone if member is people[-1] else group).id,
                partnership_id=partnership.id,
                role="facilitator" if member is people[-1] else "member",
                lead=member is people[0],
                consent_version="2026-11",
                consented_at=now,
            )
            for member in people
        )
        await session.flush()
        for row in rows:
            await planning.plan(session, row.id, now=now)
    return Hamlet(accounts[:-1], accounts[-1])


@dataclass(frozen=True)
class Came:
    """One message on a phone. `kind` by what stands on it; `id` is that of its invitation or digest."""

    chat: int
    kind: str
    title: str
    number: int
    id: int
    text: str


@dataclass
class Phones:
    """The phones of Hamlet, read from the sandbox's journal as it grows."""

    world: Sandbox
    seen: int = 0
    came: list[Came] = field(default_factory=list)

    @classmethod
    def of(cls, world: Sandbox, hamlet: Hamlet) -> "Phones":
        crowd.phones(world, hamlet.everybody)
        return cls(world, world.ask("GET", "journal?since=999999999")["next"])

    async def look(self) -> list[Came]:
        """What came since the last look."""
        page: dict[str, Any] = await self.world.control("GET", f"journal?since={self.seen}&kind=call")
        self.seen = page["next"]
        new = [_read(one) for one in page["entries"] if one["ok"] and one["method"] == "sendMessage"]
        self.came += new
        return new


def _read(entry: dict[str, Any]) -> Came:
    buttons = [button.get("data", "") for row in entry["buttons"] for button in row]
    verbs = {data.partition(":")[0]: data.split(":")[1:] for data in buttons}
    text = entry["text"]
    heading = HEADING.search(text)
    title = heading["title"] if heading else ""
    number = int(heading["number"] or 0) if heading else 0
    about = verbs.get("start") or verbs.get("word") or verbs.get("read") or ["0"]
    return Came(entry["chat_id"], _kind(text, verbs), title, number, int(about[0]), text)


def _kind(text: str, verbs: dict[str, list[str]]) -> str:
    if "not" in verbs:
        return "reminder" if "Still open until" in text else "invitation"
    if "word" in verbs:
        return "digest"
    if text.startswith("Brief:"):
        return "brief"
    if text.startswith("While I was away\n") or " was skipped" in text:
        return "skipped"
    return "other"


def told_skipped(note: str) -> dict[str, int]:
    """How many rounds a note says did not open, by the title of their schedule."""
    found: dict[str, int] = {}
    title = ""
    for line in note.split("\n"):
        if heading := HEADING.match(line):
            title = heading["title"]
        if " was skipped" in line:
            found[title] = found.get(title, 0) + 1
        elif told := DID_NOT_OPEN.match(line):
            found[title] = found.get(title, 0) + int(told[1] or 1)
    return found
