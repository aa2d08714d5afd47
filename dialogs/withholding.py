"""Keeping a quote out of a digest before it goes out: which one, why, and the word to its author."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from dialogs import labels, readers
from dialogs.cards import Card, Reader, draw, plain, short
from dialogs.events import Post, Reply, Setting, Tapped
from dialogs.verbs import Verb
from facilitation import withholding
from facilitation.withholding import KeptOut
from storage.digests import Digest
from storage.partnerships import Partnership

PAGE = 5  # quotes to choose from at a time
LETTERS, NAME = 300, 60
TOLD_WITHIN = timedelta(days=14)


def preview(drawn: Card, digest: Digest, reader: Reader) -> Card:
    """What everyone gets, with a way to keep a quote out; what one says back to a digest comes later."""
    around = draw("preview", reader, digest=digest.id, quotes=len(digest.facts["quotes"]))
    keep = tuple(row for row in drawn.rows if row[0].data.startswith("aloud:"))
    return replace(drawn, text=f"{around.text}\n\n{drawn.text}", rows=keep + around.rows)


async def _choose(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int, at: int) -> Reply:
    digest, partnership = await withholding.waiting(session, digest_id, account=tap.account)
    return Reply(await _list(session, tap, digest, partnership, at=at), over=tap.message)


async def _list(
    session: AsyncSession, tap: Tapped, digest: Digest, partnership: Partnership, *, at: int
) -> Card:
    reader = await readers.of(session, account=tap.account, partnership_id=partnership.id)
    quotes = digest.facts["quotes"]
    at = min(at, max(0, len(quotes) - 1) // PAGE)  # there may have been more of them
    shown = [_told(quote, reader, digest) for quote in quotes[at * PAGE : (at + 1) * PAGE]]
    return draw(
        "keepout",
        reader,
        digest=digest.id,
        quotes=shown,
        page=at,
        more=(at + 1) * PAGE < len(quotes),
        withheld=digest.facts["withheld"],
    )


def _told(quote: Mapping[str, str], reader: Reader, digest: Digest) -> dict[str, object]:
    return {
        "text": short(quote["text"], LETTERS),
        "author": labels.author(quote, reader, NAME, digest.facts["questions"]),
        "mark": withholding.fingerprint(quote),
    }


async def _ask(session: AsyncSession, tap: Tapped, _: Setting, digest_id: int, mark: int) -> Reply:
    """Why these words are to stay out; the list again where they stand there no more."""
    digest, partnership = await withholding.waiting(session, digest_id, account=tap.account)
    reader = await readers.of(session, account=tap.account, partnership_id=partnership.id)
    found = next((one for one in digest.facts["quotes"] if withholding.fingerprint(one) == mark), None)
    if found is None:
        return Reply(await _list(session, tap, digest, partnership, at=0), over=tap.message)
    reasons = [_reason(reason, reader) for reason in withholding.REASONS]
    card = draw("keepout_why", reader, digest=digest.id, quote=_told(found, reader, digest), reasons=reasons)
    return Reply(card, over=tap.message)


def _reason(reason: str, reader: Reader) -> str:
    return plain(draw("reasons", reader, reason=reason).text)


async def _keep_out(  # noqa: PLR0917 - as every verb, with the three numbers of its button
    session: AsyncSession, tap: Tapped, setting: Setting, digest_id: int, reason: int, mark: int
) -> Reply:
    told = await withholding.keep_out(session, digest_id, mark, reason, account=tap.account)
    digest, partnership = await withholding.waiting(session, digest_id, account=tap.account)
    why, complaints = withholding.REASONS[reason], bool(setting.operator_chat)
    posts = tuple(_post(one, partnership, reason=why, complaints=complaints, tap=tap) for one in told)
    card = await _list(session, tap, digest, partnership, at=0)
    return Reply(card, over=tap.message, posts=posts)


def _post(one: KeptOut, partnership: Partnership, *, reason: str, complaints: bool, tap: Tapped) -> Post:
    """The word to the author, in their own language; it says which partnership speaks."""
    reader = Reader(one.language, partnership.timezone)
    card = draw(
        "kept_out",
        reader,
        partnership=partnership.name,
        text=one.text,
        why=_reason(reason, reader),
        complaints=complaints,
    )
    begins = readers.by_day(reader, tap.received_at)
    return Post(f"kept_out:{one.answer}", one.account, card, begins, TOLD_WITHIN)


VERBS = {
    "keepouts": Verb(_choose, 2),
    "keepout": Verb(_ask, 2),
    "keptout": Verb(_keep_out, 3),
}
