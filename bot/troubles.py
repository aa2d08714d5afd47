"""What is wrong with this Parley, as rows: noticed by whichever process lives, told by one of them, once.

Each kind of trouble has one memo that stays: since when, and when it was last told, so that trouble which
comes and goes is told once an hour and no more.
"""

import json
import math
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.database import Database
from storage.memos import Memo

# Which signs of life each kind of trouble is about.
KINDS: Mapping[str, tuple[str, ...]] = {
    "listening": ("listening",),
    "work": ("handling", "delivery"),
    "clock": ("clock",),
    "telegram": ("telegram",),
}
UNTELLABLE = "telegram"  # while it lasts; it is told when it is over
PREFIX = "trouble:"
NEVER = float("-inf")
AGAIN = 3600.0
CLAIMED = 30.0  # whoever is telling may die of the same trouble; after this another one tells

Step = Literal["", "began", "tell", "tell_end", "end"]


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble. Times ending in `_s` are machine seconds."""

    since: datetime
    lasts: bool = True
    told: bool = False  # this time
    began_s: float = NEVER
    told_s: float = NEVER  # this or an earlier time
    claimed_s: float = NEVER

    def value(self) -> str:
        return json.dumps({name: v for name, v in asdict(self).items() if name != "since" and v != NEVER})


@dataclass
class Telling:
    """What this process is to tell now: kinds with the moment they began. Nobody else tells it meanwhile."""

    begun: dict[str, datetime] = field(default_factory=dict)
    unsaid: dict[str, datetime] = field(default_factory=dict)  # begun, and nobody can be told now
    over: dict[str, datetime] = field(default_factory=dict)

    def add(self, kind: str, step: Step, since: datetime, *, tellable: bool) -> None:
        if step == "began" and not tellable:
            self.unsaid[kind] = since
        elif step == "tell":
            self.begun[kind] = since
        elif step == "tell_end":
            self.over[kind] = since

    def __bool__(self) -> bool:
        return bool(self.begun or self.over)


def kinds(late: Collection[str]) -> set[str]:
    """The kinds of trouble that these late parts make."""
    return {kind for kind, parts in KINDS.items() if any(part in late for part in parts)}


def decided(
    known: Trouble | None, *, late: bool, seconds: float, sure_after: float, afterwards: bool = False
) -> Step:
    """What to do about one kind of trouble, as data.

    `sure_after`: so many seconds it must have lasted; without end, nobody may be told now.
    `afterwards`: nobody can be told while it lasts.
    """
    if known is None or not known.lasts:
        return "began" if late else ""
    if _within(known.claimed_s, CLAIMED, seconds):
        return ""
    resting = _within(known.told_s, AGAIN, seconds)
    if not late:
        return "tell_end" if known.told or (afterwards and not resting) else "end"
    wait = known.told or resting or afterwards or _within(known.began_s, sure_after, seconds)
    return "" if wait else "tell"


def _within(since_s: float, length: float, seconds: float) -> bool:
    # A machine that was started anew counts its seconds from 0 again: what lies ahead is long past.
    return since_s <= seconds < since_s + length


async def known(session: AsyncSession, *, locked: bool = False) -> dict[str, Trouble]:
    wanted = select(Memo).where(col(Memo.name).startswith(PREFIX)).order_by(Memo.name)
    rows = (await session.exec(wanted.with_for_update() if locked else wanted)).all()
    return {row.name.removeprefix(PREFIX): Trouble(since=row.at, **json.loads(row.value)) for row in rows}


async def kept(database: Database, session: AsyncSession, kind: str, trouble: Trouble) -> None:
    row = {"name": PREFIX + kind, "value": trouble.value(), "at": trouble.since}
    insert = database.insert(Memo).values(**row)
    await session.exec(insert.on_conflict_do_update(index_elements=["name"], set_=row))


async def noticed(
    database: Database, late: Mapping[str, datetime], *, judged: AbstractSet[str], sure_after: float
) -> Telling:
    """Write down what is wrong now, and claim what is to be told of it.

    `late`: kinds of trouble with the last moment all was well. `judged`: the kinds that can be told from well
    now. Other processes notice the same at the same time: the rows are held, so one of them tells.
    """
    async with database.reading() as session:  # almost always there is nothing to hold a writer up for
        if not late and not any(trouble.lasts for trouble in (await known(session)).values()):
            return Telling()
    telling = Telling()
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        before = await known(session, locked=True)
        for kind in sorted(judged & {*late, *before}):
            trouble = before.get(kind)
            step = decided(
                trouble,
                late=kind in late,
                seconds=seconds,
                sure_after=sure_after,
                afterwards=kind == UNTELLABLE,
            )
            after = _after(step, trouble, late.get(kind), seconds)
            if after is not None:
                await kept(database, session, kind, after)
                tellable = kind != UNTELLABLE and sure_after < math.inf
                telling.add(kind, step, after.since, tellable=tellable)
    return telling


def _after(step: Step, trouble: Trouble | None, since: datetime | None, seconds: float) -> Trouble | None:
    """The row after this step; None: it stays as it is."""
    if step == "began" and since is not None:
        told_s = trouble.told_s if trouble else NEVER
        return Trouble(since, began_s=seconds, told_s=told_s)
    if trouble is None or not step:
        return None
    if step == "end":
        return replace(trouble, lasts=False)
    return replace(trouble, claimed_s=seconds)


async def settled(database: Database, telling: Telling, *, told: bool) -> None:
    """Write down that it was told; if it could not be, it is anybody's to tell again."""
    async with database.writing() as session:
        seconds = await database.machine_seconds(session)
        before = await known(session, locked=True)
        for kind in sorted({*telling.begun, *telling.over} & before.keys()):
            freed = replace(before[kind], claimed_s=NEVER)
            if told:
                freed = replace(freed, told_s=seconds, told=True, lasts=kind not in telling.over)
            await kept(database, session, kind, freed)
