"""A text on its way into a message: parsed, trimmed, measured."""

from collections.abc import Sequence

from aiogram.enums import MessageEntityType
from aiogram.types import MessageEntity

from sandbox import markup
from sandbox.entities import by_units, detect, units
from sandbox.refusals import bad_request, not_modelled

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ENTITY_TYPES = frozenset(kind.value for kind in MessageEntityType)

Written = tuple[str, list[MessageEntity]]


def written(text: str, parse_mode: object, entities: Sequence[MessageEntity] | None) -> Written:
    """What a reader would see of a text, with all its entities."""
    _proper(text)
    shown, given = _parsed(text, parse_mode, entities)
    shown, given = _trimmed(shown, given)
    return shown, detect(shown, given)


def message_text(text: str, parse_mode: object, entities: Sequence[MessageEntity] | None) -> Written:
    shown, given = written(text, parse_mode, entities)
    if not shown:
        raise bad_request("message text is empty")
    if units(shown) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return shown, given


def caption(text: str | None, parse_mode: object, entities: Sequence[MessageEntity] | None) -> Written:
    if not text:
        return "", []
    shown, given = written(text, parse_mode, entities)
    if units(shown) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return shown, given


def _parsed(text: str, parse_mode: object, entities: Sequence[MessageEntity] | None) -> Written:
    mode = parse_mode.lower() if isinstance(parse_mode, str) else ""
    if mode == "html":
        return markup.parse(text)
    if mode in ("markdown", "markdownv2"):
        raise not_modelled(f"parse_mode {parse_mode}")
    if mode:
        raise bad_request("unsupported parse_mode")
    length = units(text)
    for entity in entities or ():
        if entity.type not in ENTITY_TYPES:
            raise bad_request(f'can\'t parse MessageEntity: unsupported type "{entity.type}"')
        if entity.offset < 0 or entity.length <= 0 or entity.offset + entity.length > length:
            raise bad_request(
                f"entity beginning at UTF-16 offset {entity.offset} ends after the end of the text"
            )
    return text, list(entities or ())


def _trimmed(text: str, entities: list[MessageEntity]) -> Written:
    """White space at both ends is taken off, and entities are cut to what is left."""
    shown = text.strip()
    if shown == text:
        return text, entities
    cut = len(by_units(text[: len(text) - len(text.lstrip())])) - 1
    length = units(shown)
    kept: list[MessageEntity] = []
    for entity in entities:
        start = max(entity.offset - cut, 0)
        stop = min(entity.offset + entity.length - cut, length)
        if stop > start:
            kept.append(entity.model_copy(update={"offset": start, "length": stop - start}))
    return shown, kept


def _proper(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise bad_request("strings must be encoded in UTF-8")
    if "\x00" in text:
        raise bad_request("text must not contain NUL")
