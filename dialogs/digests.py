"""The digest and the brief as cards, drawn from frozen facts; and what people say back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import answering
from dialogs.cards import Card, Reader, draw, plain
from dialogs.events import Reply, Said, Tapped
from dialogs.pictures import Mark, Picture, Row
from facilitation import digests
from facilitation.answers import NotYours
from facilitation.digests import Going
from facilitation.instruments import said
from storage.digests import Digest
from storage.partnerships import Partnership

QUOTES = 3
Facts = Mapping[str, Any]


def card(digest: Digest, partnership: Partnership, *, language: str, to_group: bool = False) -> Card:
    """The digest everyone gets. In a group chat it has no buttons: what one says back is one's own."""
    facts = digest.facts
    drawn = draw(
        "digest",
        Reader(language, partnership.timezone),
        digest=digest.id,
        facts=facts,
        title=said(facts["title"], language),
        opened=datetime.fromisoformat(facts["opened"]),
        closed=datetime.fromisoformat(facts["closed"]),
        wordings=_wordings(facts, language),
        parted=_of_kind(facts, "organisation_differs"),
        agreed=_of_kind(facts, "common_ground"),
        means=_means(facts),
        quotes=facts["quotes"][:QUOTES],
        hidden=any(len(item["cells"]) < len(facts["cells"]) for item in facts["items"]),
    )
    return replace(drawn, picture=digest.id, rows=() if to_group else drawn.rows)


def _wordings(facts: Facts, language: str) -> dict[str, str]:
    """The wording of each item, as the round froze it."""
    return {code: said(wording, language) for code, wording in facts["wordings"].items()}


def _of_kind(facts: Facts, kind: str) -> list[dict[str, Any]]:
    return [signal for signal in facts["signals"] if signal["kind"] == kind]


def _means(facts: Facts) -> dict[str, dict[int, float]]:
    return {
        item["code"]: {figure["cell"]: figure["mean"] for figure in item["cells"]} for item in facts["items"]
    }


def picture(digest: Digest, partnership: Partnership, *, language: str) -> Picture:
    """The round at a glance: one row an item, from shown values alone."""
    facts = digest.facts
    names = {cell: label(shape, language=language) for cell, shape in facts["cells"].items()}
    agreed = {signal["item"] for signal in _of_kind(facts, "common_ground")}
    heading = draw(
        "picture",
        Reader(language, partnership.timezone),
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


def label(cell: Mapping[str, str], *, language: str) -> str:
    """What a cell is called: an organisation's own name, a kind of organisation, or the others."""
    return plain(draw("cell", Reader(language), cell=cell).text)


def caption(digest: Digest, partnership: Partnership, *, language: str) -> Card:
    facts = digest.facts
    title = said(facts["title"], language)
    return draw("caption", Reader(language, partnership.timezone), facts=facts, title=title)


def brief(going: Going, *, language: str, words: Sequence[str], back: Sequence[str]) -> Card:
    facts = going.digest.facts
    return draw(
        "brief",
        Reader(language, going.partnership.timezone),
        partnership=going.partnership.name,
        title=said(facts["title"], language),
        number=facts["number"],
        digest_at=going.round.digest_at,
        digest=going.digest.id,
        words=words,
        back=back,
    )


async def tapped(session: AsyncSession, tap: Tapped, kind: str, numbers: tuple[int, ...]) -> Reply:
    """The buttons below a digest. Raises NotYours."""
    if len(numbers) != 1:
        raise NotYours
    return await VERBS[kind](session, tap, numbers[0])


async def _read(session: AsyncSession, tap: Tapped, digest_id: int) -> Reply:
    digest, partnership = await digests.readable(session, digest_id, account=tap.account)
    return Reply(card(digest, partnership, language=partnership.language))


async def _same(session: AsyncSession, tap: Tapped, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "same", account=tap.account)
    return Reply(notice=draw("said_back", Reader(), kind="same").text)


async def _other(session: AsyncSession, tap: Tapped, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "other", account=tap.account)
    return Reply(notice=draw("said_back", Reader(), kind="other").text)


async def _word(session: AsyncSession, tap: Tapped, digest_id: int) -> Reply:
    await digests.readable(session, digest_id, account=tap.account)
    await answering.expect(session, tap.chat, "word", digest_id)
    return Reply(draw("said_back", Reader(), kind="word"))


async def written(session: AsyncSession, message: Said, *, digest_id: int) -> Reply:
    await digests.answer_back(session, digest_id, "word", account=message.account, text=message.text)
    await answering.forget(session, message.chat)
    return Reply(draw("said_back", Reader(), kind="kept"))


VERBS: dict[str, Callable[[AsyncSession, Tapped, int], Awaitable[Reply]]] = {
    "read": _read,
    "same": _same,
    "other": _other,
    "word": _word,
}
