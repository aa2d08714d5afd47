"""Telegram's HTML: text and entities out of it, or a refusal that says where it went wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiogram.types import MessageEntity

from sandbox.entities import ordered, units
from sandbox.refusals import Refused, bad_request

TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
ATTRIBUTES = {
    "span": "class",
    "a": "href",
    "code": "class",
    "blockquote": "expandable",
    "tg-emoji": "emoji-id",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
TOKEN = re.compile(r"<[^>]*>?|&(?:#[xX]?[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);|&|[^<&]+")
TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<rest>[^>]*)>")
ATTRIBUTE = re.compile(r"\s+([A-Za-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")


@dataclass
class Open:
    name: str
    value: str | None
    offset: int


@dataclass
class _Parse:
    source: str
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[Open] = field(default_factory=list)
    entities: list[MessageEntity] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += units(text)


def parse(source: str) -> tuple[str, list[MessageEntity]]:
    """Visible text and its entities."""
    if "<" not in source and "&" not in source:
        return source, []
    state = _Parse(source)
    for match in TOKEN.finditer(source):
        token = match.group()
        if token[0] == "<":
            _tag(state, token, match.start())
        elif token[0] == "&" and len(token) > 1:
            state.add(_character(token, at=_bytes(source, match.start())))
        else:
            state.add(token)
    if state.stack:
        raise _broken(f'Can\'t find end tag corresponding to start tag "{state.stack[-1].name}"')
    return "".join(state.pieces), ordered(_merged(state.entities))


def _tag(state: _Parse, token: str, place: int) -> None:
    at = _bytes(state.source, place)
    match = TAG.fullmatch(token)
    if match is None:
        if not token.endswith(">"):
            raise _broken(f"Unclosed start tag at byte offset {at}")
        raise _broken(f'Unsupported start tag "{token[1:-1].partition(" ")[0]}" at byte offset {at}')
    name = match["name"].lower()
    if match["end"]:
        _close(state, name, match["rest"], at=at)
        return
    if name not in TYPES:
        raise _broken(f'Unsupported start tag "{name}" at byte offset {at}')
    state.stack.append(Open(name, _attribute(name, match["rest"], at=at), state.length))


def _close(state: _Parse, name: str, rest: str, *, at: int) -> None:
    if not state.stack:
        raise _broken(f"Unexpected end tag at byte offset {at}")
    opened = state.stack.pop()
    if name != opened.name or rest.strip():
        wanted = f'expected "</{opened.name}>", found "</{name}{rest}>"'
        raise _broken(f"Unmatched end tag at byte offset {at}, {wanted}")
    if state.length > opened.offset:
        state.entities.append(_entity(opened, state.length - opened.offset))


def _entity(opened: Open, length: int) -> MessageEntity:
    kind, value = TYPES[opened.name], opened.value
    if opened.name == "blockquote" and value is not None:
        kind = "expandable_blockquote"
    return MessageEntity(
        type=kind,
        offset=opened.offset,
        length=length,
        url=value if opened.name == "a" else None,
        custom_emoji_id=value if opened.name == "tg-emoji" else None,
        language=value if opened.name == "code" else None,
    )


def _attribute(name: str, rest: str, *, at: int) -> str | None:
    """The one attribute a tag may have; more lenient than none, stricter than Telegram."""
    given: dict[str, str] = {}
    place = 0
    while match := ATTRIBUTE.match(rest, place):
        values = [value for value in match.groups()[1:] if value is not None]
        given[match.group(1).lower()] = unescape(values[0]) if values else ""
        place = match.end()
    if rest[place:].strip():
        raise _broken(f'Unexpected characters in the tag "{name}" at byte offset {at}')
    allowed = ATTRIBUTES.get(name)
    if wrong := [key for key in given if key != allowed]:
        raise _broken(f'Unsupported attribute "{wrong[0]}" of the tag "{name}" at byte offset {at}')
    value = given.get(allowed or "")
    if complaint := _wrong_value(name, value):
        raise _broken(f'Tag "{name}" must have {complaint} at byte offset {at}')
    return value.removeprefix("language-") if name == "code" and value else value


def _wrong_value(name: str, value: str | None) -> str:
    if name == "span" and value != "tg-spoiler":
        return 'class "tg-spoiler"'
    if name == "a" and not value:
        return 'attribute "href"'
    if name == "tg-emoji" and not (value or "").isdigit():
        return 'a number as "emoji-id"'
    if name == "code" and value is not None and not value.startswith("language-"):
        return 'a class that starts with "language-"'
    return ""


def _character(token: str, *, at: int) -> str:
    name = token[1:-1]
    if name in NAMED:
        return NAMED[name]
    sign, numeral = name[:1], name[1:].lower()
    try:
        letter = chr(int(numeral.lstrip("x"), base=16 if numeral.startswith("x") else 10))
    except (ValueError, OverflowError):
        letter = "\x00"
    if sign == "#" and letter != "\x00" and not "\ud800" <= letter <= "\udfff":
        return letter
    raise _broken(f'Unsupported entity "{token}" at byte offset {at}')


def unescape(value: str) -> str:
    return re.sub(r"&(lt|gt|amp|quot);", lambda match: NAMED[match.group(1)], value)


def _merged(entities: Sequence[MessageEntity]) -> list[MessageEntity]:
    """`<pre><code class="language-x">` is one entity with a language, and code holds nothing else."""
    codes = {(e.offset, e.length): e for e in entities if e.type == "code"}
    pres = {(e.offset, e.length) for e in entities if e.type == "pre"}
    solid = [e for e in entities if e.type in ("pre", "code")]
    kept: list[MessageEntity] = []
    for entity in entities:
        span = (entity.offset, entity.length)
        if entity.type == "pre" and span in codes:
            kept.append(entity.model_copy(update={"language": codes[span].language}))
        elif entity.type == "code":
            if span not in pres:
                kept.append(entity.model_copy(update={"language": None}))
        elif entity.type == "pre" or not any(_inside(entity, other) for other in solid):
            kept.append(entity)
    return kept


def _inside(entity: MessageEntity, other: MessageEntity) -> bool:
    return other.offset <= entity.offset and entity.offset + entity.length <= other.offset + other.length


def _bytes(source: str, place: int) -> int:
    return place if source.isascii() else len(source[:place].encode("utf-8", "surrogatepass"))


def _broken(reason: str) -> Refused:
    return bad_request(f"can't parse entities: {reason}")
