"""The digest as a card, drawn from frozen facts; and what people say back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import awaited, briefs, labels, readers, withholding
from dialogs.cards import Card, Reader, draw, plain, short, units
from dialogs.events import Awaiting, Reply, Said, Setting, Tapped
from dialogs.verbs import Command, Verb, Words
from facilitation import digests
from facilitation.instruments import CONFIDENTIAL, said
from facilitation.refusals import NotYours
from storage.digests import Digest
from storage.partnerships import Partnership
from storage.rounds import Awaited

LONGEST = 1800  # what can be seen of a digest, in UTF-16 units
# A side of a finding is said to come up less than once in so many rounds by chance alone.
ROUND_ODDS = (1000, 500, 200, 100, 50, 20)
SIGNED = ("name", "organisation")

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Room:
    """How much of everything a digest has room for: letters of a wording, a name, a quote, and how many."""

    wording: int
    name: int
    names: int
    quote: int
    quotes: int
    totals: int
    owed: int
    findings: int
    tallies: int


# The first in which a digest fits is taken; the last fits whatever people are called and wrote.
RATED = (
    Room(wording=110, name=48, names=4, quote=180, quotes=3, totals=8, owed=3, findings=2, tallies=6),
    Room(wording=90, name=32, names=3, quote=140, quotes=3, totals=6, owed=2, findings=2, tallies=4),
    Room(wording=64, name=24, names=2, quote=90, quotes=2, totals=5, owed=1, findings=2, tallies=2),
    Room(wording=64, name=24, names=2, quote=64, quotes=1, totals=5, owed=1, findings=1, tallies=2),
    Room(wording=36, name=16, names=1, quote=48, quotes=1, totals=2, owed=0, findings=1, tallies=2),
)
# Where nothing is rated, words are what a round is about.
SPOKEN = (
    Room(wording=110, name=48, names=6, quote=240, quotes=24, totals=0, owed=3, findings=0, tallies=6),
    Room(wording=110, name=48, names=6, quote=180, quotes=12, totals=0, owed=3, findings=0, tallies=6),
    Room(wording=90, name=40, names=4, quote=130, quotes=10, totals=0, owed=2, findings=0, tallies=4),
    Room(wording=90, name=32, names=4, quote=100, quotes=9, totals=0, owed=2, findings=0, tallies=4),
    Room(wording=72, name=28, names=3, quote=84, quotes=7, totals=0, owed=1, findings=0, tallies=3),
    Room(wording=64, name=24, names=2, quote=64, quotes=5, totals=0, owed=1, findings=0, tallies=2),
    Room(wording=56, name=20, names=2, quote=48, quotes=3, totals=0, owed=0, findings=0, tallies=2),
)


def card(digest: Digest, partnership: Partnership, *, language: str, to_group: bool = False) -> Card:
    """The digest everyone gets. In a group chat it has no buttons: what one says back is one's own."""
    for_whom = Reader(language, partnership.timezone)
    rooms = RATED if digest.facts["items"] else SPOKEN
    drawn = (_drawn(digest, for_whom, room) for room in rooms)
    fitting = next((one for one in drawn if units(one) <= LONGEST), None) or _drawn(
        digest, for_whom, rooms[-1]
    )
    return replace(fitting, rows=()) if to_group else fitting


def _drawn(digest: Digest, for_whom: Reader, room: Room) -> Card:
    facts = digest.facts
    parted = _of_kind(facts, "organisation_differs")
    apart = {signal["item"] for signal in parted}
    language = for_whom.language
    return draw(
        "digest",
        for_whom,
        digest=digest.id,
        facts=facts,
        room=room,
        title=said(facts["title"], language),
        opened=datetime.fromisoformat(facts["opened"]),
        closed=datetime.fromisoformat(facts["closed"]),
        wordings={code: said(wording, language) for code, wording in facts["wordings"].items()},
        parted=[_sides(facts, signal, for_whom, room) for signal in parted[: room.findings]],
        odds=_odds(parted[: room.findings]),
        agreed=[one for one in _of_kind(facts, "common_ground") if one["item"] not in apart][: room.findings],
        rated=bool(facts["items"]),
        anything=_anything(facts),
        heard=briefs.heard(facts, for_whom),
        tested=_tested(facts),
        bands={(item["total"]["least"], item["total"]["most"]) for item in facts["items"] if item["total"]},
        tallies=[_tallied(tally, for_whom) for tally in facts["tallies"][: room.tallies]],
        spoken=_spoken(facts, for_whom, room),
        more=_more(facts, room),
        signed=any(one["by"] in SIGNED for one in _quoted(facts)),
        hidden=_hidden(facts),
        owed=_owed(facts, for_whom, room, today=digest.made_at.date()),
        rested=_listed(facts["rested"], room),
        unreached={some: _listed(names, room) for some, names in facts["unreached"].items()},
    )


def _sides(facts: Facts, signal: Mapping[str, Any], for_whom: Reader, room: Room) -> dict[str, Any]:
    """What parts on an item: each side as (name, published mean) and how many more there are."""
    means = {
        figure["cell"]: figure["mean"]
        for item in facts["items"]
        for figure in item["cells"]
        if item["code"] == signal["item"]
    }
    sides = {}
    for side in ("low", "high"):
        ids = signal["numbers"][side]
        names = [
            (short(labels.cell(facts["cells"][str(id_)], for_whom), room.name), means[id_]) for id_ in ids
        ]
        sides[side] = (names[: room.names], max(0, len(names) - room.names))
    return {"item": signal["item"]} | sides


def _odds(parted: Sequence[Mapping[str, Any]]) -> int | None:
    """Of the least certain gap told: chance gives it less than once in so many times."""
    p = max((signal["numbers"]["p"] for signal in parted), default=1.0)
    return next((odds for odds in ROUND_ODDS if p <= 1 / odds), None)


def _tested(facts: Facts) -> str:
    """On how many items our groups were tested and found to differ by no more than chance."""
    verdicts = [item["verdict"] for item in facts["items"]]
    return "all" if set(verdicts) == {"none"} else "some" if "none" in verdicts else ""


def _anything(facts: Facts) -> bool:
    return any(item["total"] for item in facts["items"])


def _hidden(facts: Facts) -> bool:
    """Whether some group cannot be seen by itself: too small, not drawn, or too few answers."""
    if not facts["items"]:
        return False
    together = any(cell["shape"] != "organisation" for cell in facts["cells"].values())
    missing = any(not item["total"] or len(item["cells"]) < len(facts["cells"]) for item in facts["items"])
    return together or missing or not facts["apart"]


def _tallied(tally: Mapping[str, Any], for_whom: Reader) -> dict[str, Any]:
    option = said(tally["option"], for_whom.language) if tally["option"] else ""
    told = draw("tally", for_whom, tally=tally, option=option)
    return {"wording": said(tally["wording"], for_whom.language), "told": plain(told.text)}


def _spoken(facts: Facts, for_whom: Reader, room: Room) -> list[dict[str, Any]]:
    """The words there is room for, by question; each voice with its author, and whether it is signed."""
    chosen = _fairly(facts["quotes"], room.quotes, turn=facts["number"])
    groups = []
    for code, question in facts["questions"].items():
        voices = [
            {
                "text": short(quote["text"], room.quote),
                "author": labels.author(quote, for_whom, room.name, facts["questions"]),
                "signed": quote["by"] in SIGNED and question["shows"] != CONFIDENTIAL,
            }
            for quote in chosen
            if quote["item"] == code
        ]
        if len(voices) > 1 and {quote["by"] for quote in chosen if quote["item"] == code} == {"partner"}:
            # Of lines that all say no more of their author than that, each need not say it again.
            voices = [voice | {"author": ""} for voice in voices]
        if voices:
            groups.append({"question": said(question["wording"], for_whom.language), "voices": voices})
    return groups


def _fairly(quotes: Sequence[Mapping[str, str]], most: int, *, turn: int) -> list[Mapping[str, str]]:
    """So many quotes, in the order they came: nobody has a second line before everybody has one.

    Of those with equally few, the question with the fewest lines goes first; and where there is no room for
    all, it changes from round to round whose line is left out. Unsigned words count as an author each.
    """
    left, taken = list(range(len(quotes))), list[int]()
    lines = Counter[str]()
    authors = [quote["name"] if quote["by"] in SIGNED else f"#{at}" for at, quote in enumerate(quotes)]

    def next_in_turn(at: int) -> tuple[int, int, int]:
        place = (at - turn + 1) % len(quotes)
        return lines[f"by {authors[at]}"], lines[f"to {quotes[at]['item']}"], place

    while left and len(taken) < most:
        found = min(left, key=next_in_turn)
        left.remove(found)
        taken.append(found)
        lines.update((f"by {authors[found]}", f"to {quotes[found]['item']}"))
    return [quotes[at] for at in sorted(taken)]


def _quoted(facts: Facts) -> list[Mapping[str, Any]]:
    """Whatever stands in the digest in somebody's words: answers, and what was raised."""
    return [*facts["quotes"], *facts["owed"]["replied"], *facts["owed"]["owed"]]


def _more(facts: Facts, room: Room) -> bool:
    """Whether some words had to be left out of the digest."""
    quotes = facts["quotes"]
    cut = any(short(quote["text"], room.quote) != short(quote["text"], briefs.PAGE) for quote in quotes)
    return cut or len(quotes) > room.quotes


def _owed(facts: Facts, for_whom: Reader, room: Room, *, today: date) -> dict[str, Any]:
    """What was raised: the replies since the last digest, and what is still owed one."""
    owed = facts["owed"]
    told = {
        key: [_raised(one, for_whom, room, today=today) for one in owed[key][: room.owed]]
        for key in ("replied", "owed")
    }
    heard = owed["heard"]
    return told | {
        "more": any(len(owed[key]) > room.owed for key in ("replied", "owed")),
        "alone": owed["alone"],
        "heard": (heard["low"], heard["parts"]) if heard else None,
    }


def _raised(one: Mapping[str, Any], for_whom: Reader, room: Room, *, today: date) -> dict[str, Any]:
    until = _noon(one["until"]) if one["until"] else None
    words = short(one["words"], room.quote)
    told = draw("reply", for_whom, kind=one["reply"], until=until, words=words) if one["reply"] else None
    return {
        "text": short(one["text"], room.quote),
        "author": labels.author(one, for_whom, room.name),
        "reply": " ".join(plain(told.text).split("\n")) if told else "",
        "owed_by": _noon(one["owed_by"]),
        "late": date.fromisoformat(one["owed_by"]) < today,
    }


def _noon(day: str) -> datetime:
    """A moment of a date that is that date wherever somebody reads it."""
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def _listed(names: Sequence[str], room: Room) -> dict[str, Any]:
    shown = [short(name, room.name) for name in names[: room.names]]
    return {"names": shown, "count": len(names), "more": len(names) > len(shown)}


def _of_kind(facts: Facts, kind: str) -> list[dict[str, Any]]:
    return [signal for signal in facts["signals"] if signal["kind"] == kind]


async def _reader(session: AsyncSession, tap: Tapped, partnership: Partnership) -> Reader:
    """Their own language; days are the digest's own, so that everybody speaks of the same ones."""
    found = await readers.of(session, account=tap.account, partnership_id=partnership.id)
    return replace(found, timezone=partnership.timezone)


async def _read(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    """The digest, or for a facilitator before it is out its preview, from which quotes can be kept out."""
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    reader = await _reader(session, tap, partnership)
    drawn = card(digest, partnership, language=reader.language)
    waits = await digests.waits(session, digest_id, account=tap.account)
    if waits:
        return Reply(withholding.preview(drawn, digest, reader))
    late = await digests.came_late(session, digest_id, account=tap.account)
    lost = await digests.brief_lost(session, digest_id, account=tap.account)
    return Reply(await _alone(session, tap, digest, drawn, reader, late=late) if late or lost else drawn)


async def _alone(
    session: AsyncSession, tap: Tapped, digest: Digest, drawn: Card, reader: Reader, *, late: bool
) -> Card:
    """One that was not sent says so. Where no brief came, a facilitator's words are behind a button."""
    try:
        words, back = await digests.words(session, digest.id, account=tap.account)
    except NotYours:
        words, back = [], []
    if not (late or words or back):
        return drawn
    around = draw("unsent", reader, digest=digest.id, words=bool(words or back), late=late)
    told = "\n\n".join(some for some in (around.text, drawn.text) if some)
    return replace(drawn, text=told, rows=(*drawn.rows, *around.rows))


async def _aloud(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int, at: int) -> Reply:
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    reader = await _reader(session, tap, partnership)
    return Reply(briefs.page(digest, reader, digest.facts["quotes"], at, private=False))


async def _words(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int, at: int) -> Reply:
    """What was left for the facilitator alone. Raises NotYours for everybody else."""
    words, back = await digests.words(session, digest_id, account=tap.account)
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    quotes = [{"item": "", "text": text, "by": "", "name": ""} for text in words]
    quotes += [{"item": "", "text": text, "by": "back", "name": ""} for text in back]
    return Reply(briefs.page(digest, await _reader(session, tap, partnership), quotes, at, private=True))


async def _same(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "same", account=tap.account)
    return Reply(notice=await _noted(session, tap, "same"))


async def _other(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "other", account=tap.account)
    if await session.get(Awaited, tap.chat) is not None:  # a question waits for words already
        return Reply(notice=await _noted(session, tap, "other"))
    await awaited.expect(session, tap.chat, "word", digest_id)
    # Until it is tapped away: a note that fades is gone before it is read.
    return Reply(notice=await _noted(session, tap, "missing"), alert=True)


async def _noted(session: AsyncSession, tap: Tapped, kind: str) -> str:
    reader = await readers.alone(session, account=tap.account, language=tap.language)
    return plain(draw("said_back", reader, kind=kind).text)


async def _word(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    waiting = await digests.word_kept(session, digest_id, account=tap.account)
    await awaited.expect(session, tap.chat, "word", digest_id)
    reader = await readers.alone(session, account=tap.account, language=tap.language)
    return Reply(draw("said_back", reader, kind="word", waiting=waiting))


async def written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    await digests.answer_back(session, awaiting.about, "word", account=message.account, text=message.text)
    await awaited.forget(session, message.chat)
    reader = await readers.alone(session, account=message.account, language=message.language)
    return Reply(draw("said_back", reader, kind="kept"))


VERBS = {
    "read": Verb(_read, 1),
    "aloud": Verb(_aloud, 2),
    "words": Verb(_words, 2),
    "same": Verb(_same, 1),
    "other": Verb(_other, 1),
    "word": Verb(_word, 1),
} | withholding.VERBS
WORDS: dict[str, Words] = {"word": written}
COMMANDS: dict[str, Command] = {}
