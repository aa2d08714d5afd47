"""Text and the entities over it: counted in UTF-16 units, as Telegram does."""

import html
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from aiogram.types import MessageEntity

FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<url>\bhttps?://[^\s<>\"]+[^\s<>\".,;:!?)'])"
    r"|(?P<email>\b[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{0,190}\w)"
    r"|(?P<mention>(?<!\w)@[A-Za-z]\w{3,31})"
    r"|(?P<hashtag>(?<!\w)#[^\W\d]\w*)"
)
SIMPLE = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}


def units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def by_units(text: str) -> list[int]:
    """Where each UTF-16 unit stands in the text; one more entry for its end."""
    places: list[int] = []
    for place, letter in enumerate(text):
        places.extend([place] * (2 if letter > "\uffff" else 1))
    return [*places, len(text)]


def detect(text: str, given: Sequence[MessageEntity] = ()) -> list[MessageEntity]:
    """The given entities, and the commands, links and names Telegram finds by itself."""
    taken = [(entity.offset, entity.offset + entity.length) for entity in given if entity.type in OPAQUE]
    found: list[MessageEntity] = list(given)
    for match in FOUND.finditer(text):
        start = units(text[: match.start()])
        end = start + units(match.group())
        if not any(start < stop and end > begin for begin, stop in taken):
            found.append(MessageEntity(type=str(match.lastgroup), offset=start, length=end - start))
    return ordered(found)


OPAQUE = frozenset({"code", "pre", "text_link"})


def ordered(entities: Iterable[MessageEntity]) -> list[MessageEntity]:
    return sorted(entities, key=lambda entity: (entity.offset, -entity.length))


def render(text: str, entities: Sequence[MessageEntity] | None) -> str:
    """Safe HTML for a page: every letter escaped, tags made from the entities alone."""
    if not entities:
        return html.escape(text)
    places = by_units(text)
    spans = [
        (places[e.offset], places[min(e.offset + e.length, len(places) - 1)], e) for e in ordered(entities)
    ]
    borders = sorted({0, len(text)} | {edge for start, stop, _ in spans for edge in (start, stop)})
    return "".join(
        _piece(text[start:stop], [e for begin, end, e in spans if begin <= start and stop <= end])
        for start, stop in pairwise(borders)
    )


def _piece(text: str, over: Sequence[MessageEntity]) -> str:
    piece = html.escape(text)
    for entity in reversed(over):
        opening, closing = _tags(entity, text)
        piece = f"{opening}{piece}{closing}"
    return piece


def _tags(entity: MessageEntity, text: str) -> tuple[str, str]:
    if tag := SIMPLE.get(entity.type):
        return f"<{tag}>", f"</{tag}>"
    if entity.type == "spoiler":
        return '<span class="spoiler">', "</span>"
    if entity.type in ("text_link", "url"):
        return _link(entity.url or text)
    if entity.type == "bot_command":
        return f'<span class="command" data-command="{html.escape(text)}">', "</span>"
    return "", ""


def _link(address: str) -> tuple[str, str]:
    if not address.lower().startswith(("http://", "https://", "tg://", "mailto:")):
        return "", ""
    return f'<a href="{html.escape(address)}" target="_blank" rel="noopener noreferrer">', "</a>"
