"""The digest and the brief as cards, drawn from frozen facts; and what people say back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import answering
from dialogs.cards import Card, Reader, draw, plain, short, units, width
from dialogs.events import Awaiting, Reply, Said, Setting, Tapped
from dialogs.pictures import Mark, Picture, Row
from dialogs.verbs import Command, Verb, Words
from facilitation import digests
from facilitation.digests import Going
from facilitation.instruments import said
from facilitation.refusals import NotYours
from storage.digests import Digest
from storage.partnerships import Partnership
from storage.rounds import Awaited

LONGEST = 1800  # what can be seen of a digest, in UTF-16 units
PAGE = 2800
BRIEF_WORDS, BRIEF_LETTERS = 5, 200
# A side of a finding is said to come up less than once in so many rounds by chance alone.
ROUND_ODDS = (1000, 500, 200, 100, 50, 20)

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


# The first in which a digest fits is taken; the last fits whatever people are called and wrote.
ROOMS = (
    Room(wording=110, name=48, names=4, quote=180, quotes=3, totals=8),
    Room(wording=90, name=32, names=3, quote=140, quotes=3, totals=6),
    Room(wording=64, name=24, names=2, quote=90, quotes=2, totals=5),
)


def card(digest: Digest, partnership: Partnership, *, language: str, to_group: bool = False) -> Card:
    """The digest everyone gets. In a group chat it has no buttons: what one says back is one's own."""
    for_whom = Reader(language, partnership.timezone)
    drawn = (_drawn(digest, for_whom, room) for room in ROOMS)
    fitting = next((one for one in drawn if units(one) <= LONGEST), None) or _drawn(
        digest, for_whom, ROOMS[-1]
    )
    return replace(fitting, rows=()) if to_group else fitting


def _drawn(digest: Digest, for_whom: Reader, room: Room) -> Card:
    facts = digest.facts
    parted = _of_kind(facts, "organisation_differs")
    apart = {signal["item"] for signal in parted}
    quotes = facts["quotes"][: room.quotes]
    return draw(
        "digest",
        for_whom,
        digest=digest.id,
        facts=facts,
        room=room,
        title=said(facts["title"], for_whom.language),
        opened=datetime.fromisoformat(facts["opened"]),
        closed=datetime.fromisoformat(facts["closed"]),
        wordings=_wordings(facts, for_whom.language),
        parted=[_sides(facts, signal, for_whom, room) for signal in parted[:2]],
        odds=_odds(parted[:2]),
        agreed=[signal for signal in _of_kind(facts, "common_ground") if signal["item"] not in apart][:2],
        anything=_anything(facts),
        heard=_heard(facts, for_whom),
        tested=_tested(facts),
        bands={(item["total"]["least"], item["total"]["most"]) for item in facts["items"] if item["total"]},
        quotes=[(short(quote["text"], room.quote), _author(quote, for_whom, room.name)) for quote in quotes],
        more=_more(facts["quotes"], room),
        signed=any(quote["by"] in ("name", "organisation") for quote in facts["quotes"]),
        hidden=_hidden(facts),
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
        names = [(short(label(facts["cells"][str(id_)], for_whom), room.name), means[id_]) for id_ in ids]
        sides[side] = (names[: room.names], max(0, len(names) - room.names))
    return {"item": signal["item"]} | sides


def _odds(parted: Sequence[Mapping[str, Any]]) -> int | None:
    """Of the least certain gap told: chance gives it less than once in so many times."""
    p = max((signal["numbers"]["p"] for signal in parted), default=1.0)
    return next((odds for odds in ROUND_ODDS if p <= 1 / odds), None)


def _heard(facts: Facts, for_whom: Reader) -> str:
    """What came of answering the last digest; "" where too few did."""
    back = facts["answered_back"]
    return plain(draw("answered_back", for_whom, part=(back["low"], back["parts"])).text) if back else ""


def _tested(facts: Facts) -> str:
    """On how many items our groups were tested and found to differ by no more than chance."""
    verdicts = [item["verdict"] for item in facts["items"]]
    return "all" if set(verdicts) == {"none"} else "some" if "none" in verdicts else ""


def _anything(facts: Facts) -> bool:
    return any(item["total"] for item in facts["items"])


def _hidden(facts: Facts) -> bool:
    """Whether some group cannot be seen by itself: too small, not drawn, or too few answers."""
    together = any(cell["shape"] != "organisation" for cell in facts["cells"].values())
    missing = any(not item["total"] or len(item["cells"]) < len(facts["cells"]) for item in facts["items"])
    return together or missing or not facts["apart"]


def _more(quotes: Sequence[Mapping[str, str]], room: Room) -> bool:
    """Whether some words had to be left out of the digest."""
    cut = any(short(quote["text"], room.quote) != short(quote["text"], PAGE) for quote in quotes)
    return cut or len(quotes) > room.quotes


def _author(quote: Mapping[str, str], for_whom: Reader, most: int) -> str:
    return plain(draw("author", for_whom, quote=quote, name_room=most).text)


def _wordings(facts: Facts, language: str) -> dict[str, str]:
    """The wording of each item, as the round froze it."""
    return {code: said(wording, language) for code, wording in facts["wordings"].items()}


def _of_kind(facts: Facts, kind: str) -> list[dict[str, Any]]:
    return [signal for signal in facts["signals"] if signal["kind"] == kind]


def picture(digest: Digest, partnership: Partnership, *, language: str) -> Picture | None:
    """The round at a glance: one row an item, from shown values alone; None where there is no figure."""
    facts = digest.facts
    if not _anything(facts):
        return None
    for_whom = Reader(language, partnership.timezone)
    names = {cell: label(shape, for_whom) for cell, shape in facts["cells"].items()}
    agreed = {signal["item"] for signal in _of_kind(facts, "common_ground")}
    heading = draw(
        "picture",
        for_whom,
        title=said(facts["title"], language),
        number=facts["number"],
        opened=datetime.fromisoformat(facts["opened"]),
        closed=datetime.fromisoformat(facts["closed"]),
    )
    subtitle, note, total_label, agreed_label = plain(heading.text).split("\n")
    wordings, ends = _wordings(facts, language), facts["ends"]
    rows = tuple(
        Row(
            wording=wordings[item["code"]],
            low_label=said(ends[item["code"]]["low"], language),
            high_label=said(ends[item["code"]]["high"], language),
            marks=tuple(Mark(names[str(figure["cell"])], figure["mean"]) for figure in item["cells"]),
            total=item["total"]["mean"] if item["total"] else None,
            agreed=item["code"] in agreed,
        )
        for item in facts["items"]
    )
    return Picture(
        title=facts["partnership"],
        subtitle=subtitle,
        rows=rows,
        note=note,
        total_label=total_label,
        agreed_label=agreed_label,
    )


def label(cell: Mapping[str, str], for_whom: Reader) -> str:
    """What a cell is called: an organisation's own name, a kind of organisation, or the others."""
    return plain(draw("cell", for_whom, cell=cell).text)


def caption(digest: Digest, partnership: Partnership, *, language: str) -> Card:
    facts = digest.facts
    title = said(facts["title"], language)
    return draw("caption", Reader(language, partnership.timezone), facts=facts, title=title)


def brief(going: Going, *, language: str, words: Sequence[str], back: Sequence[str]) -> Card:
    """The facilitator's card before the digest: what parts, and as many of the words for them as fit."""
    facts = going.digest.facts
    wordings = _wordings(facts, language)
    told = [[short(word, BRIEF_LETTERS) for word in some[:BRIEF_WORDS]] for some in (words, back)]
    return draw(
        "brief",
        Reader(language, going.partnership.timezone),
        partnership=going.partnership.name,
        title=said(facts["title"], language),
        number=facts["number"],
        digest_at=going.round.digest_at,
        digest=going.digest.id,
        parted=[wordings[signal["item"]] for signal in _of_kind(facts, "organisation_differs")[:2]],
        anything=_anything(facts),
        heard=_heard(facts, Reader(language, going.partnership.timezone)),
        words=told[0],
        back=told[1],
        more=told != [[short(word, PAGE) for word in some] for some in (words, back)],
    )


def _page(
    digest: Digest, for_whom: Reader, quotes: Sequence[Mapping[str, str]], at: int, *, private: bool
) -> Card:
    """Every word, a page at a time. Raises NotYours for a page there is not."""
    pages = _pages(quotes)
    if at >= len(pages):
        raise NotYours
    words = [
        {"text": quote["text"], "author": _author(quote, for_whom, 200) if quote["by"] else ""}
        for quote in pages[at]
    ]
    return draw("words", for_whom, digest=digest.id, private=private, words=words, page=at, pages=len(pages))


def _pages(quotes: Sequence[Mapping[str, str]]) -> list[list[Mapping[str, str]]]:
    pages: list[list[Mapping[str, str]]] = [[]]
    room = PAGE
    for quote in quotes:
        needs = width(quote["text"]) + BRIEF_LETTERS
        if pages[-1] and needs > room:
            pages.append([])
            room = PAGE
        pages[-1].append(quote)
        room -= needs
    return pages


async def _read(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    return Reply(card(digest, partnership, language=partnership.language))


async def _aloud(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int, at: int) -> Reply:
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    for_whom = Reader(partnership.language, partnership.timezone)
    return Reply(_page(digest, for_whom, digest.facts["quotes"], at, private=False))


async def _words(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int, at: int) -> Reply:
    """What was left for the facilitator alone. Raises NotYours for everybody else."""
    words, back = await digests.words(session, digest_id, account=tap.account)
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    quotes = [{"text": text, "by": "", "name": ""} for text in words]
    quotes += [{"text": text, "by": "back", "name": ""} for text in back]
    return Reply(_page(digest, Reader(partnership.language, partnership.timezone), quotes, at, private=True))


async def _same(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "same", account=tap.account)
    return Reply(notice=_noted(tap, "same"))


async def _other(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "other", account=tap.account)
    if await session.get(Awaited, tap.chat) is not None:  # a question waits for words already
        return Reply(notice=_noted(tap, "other"))
    await answering.expect(session, tap.chat, "word", digest_id)
    return Reply(notice=_noted(tap, "missing"))


def _noted(tap: Tapped, kind: str) -> str:
    return plain(draw("said_back", Reader(tap.language), kind=kind).text)


async def _word(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int) -> Reply:
    waiting = await digests.word_kept(session, digest_id, account=tap.account)
    await answering.expect(session, tap.chat, "word", digest_id)
    return Reply(draw("said_back", Reader(tap.language), kind="word", waiting=waiting))


async def written(session: AsyncSession, message: Said, awaiting: Awaiting, _: Setting) -> Reply:
    await digests.answer_back(session, awaiting.about, "word", account=message.account, text=message.text)
    await answering.forget(session, message.chat)
    return Reply(draw("said_back", Reader(message.language), kind="kept"))


VERBS = {
    "read": Verb(_read, 1),
    "aloud": Verb(_aloud, 2),
    "words": Verb(_words, 2),
    "same": Verb(_same, 1),
    "other": Verb(_other, 1),
    "word": Verb(_word, 1),
}
WORDS: dict[str, Words] = {"word": written}
COMMANDS: dict[str, Command] = {}
