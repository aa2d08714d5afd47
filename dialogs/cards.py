"""A card is a screen as plain data: text and buttons. Sentences come from templates only."""

import html
import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.support import NullTranslations
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dialogs import catalogues
from facilitation.refusals import Refusal

ENGLISH = "en"
MARK = "\x1e"  # stands around a button in a rendered template; no text a person wrote can hold it
# What steers the reading direction, hides, breaks lines by itself or cannot be sent. The two joiners stay:
# names in some scripts, and emoji, need them.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
TAG = re.compile(r"<[^<>]*>")
GAP = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Button:
    """`data` comes back when it is tapped: kind and numbers, at most 64 bytes. Or it opens `url`."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True)
class Enclosed:
    """A file that goes along with a card: a picture to be seen, or a document to be kept."""

    name: str
    content: bytes
    picture: bool


@dataclass(frozen=True)
class Card:
    """`text` is Telegram's HTML."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    enclosed: Enclosed | None = None


@dataclass(frozen=True)
class Reader:
    """Whom a card is drawn for; `speaking` is the partnership that speaks, where they sit in several."""

    language: str = ENGLISH
    timezone: str = "UTC"
    speaking: str = ""


def code(kind: str, *numbers: int) -> str:
    return ":".join((kind, *(str(number) for number in numbers)))


class _Marked(Markup):
    """A button on its way through a template, as JSON between marks; taken apart again in `draw`."""


def button(label: str, kind: str, *numbers: int) -> Markup:
    return _marked(label, code(kind, *numbers), "")


def link(label: str, url: str) -> Markup:
    return _marked(label, "", url)


def _marked(label: str, data: str, url: str) -> Markup:
    return _Marked(MARK + json.dumps([visible(html.unescape(str(label))), data, url]) + MARK)


def visible(text: str) -> str:
    """A text without signs that turn the reading direction, hide, or that we use ourselves."""
    return HIDDEN.sub("", text)


def short(text: str, most: int) -> str:
    """A person's words on one line of at most `most` UTF-16 units: nothing they wrote looks like ours."""
    line = " ".join(visible(text.replace("\u2028", " ").replace("\u2029", " ")).split())
    if width(line) <= most:
        return line
    end, room = 0, most - 1
    while (room := room - width(line[end])) >= 0:
        end += 1
    space = line.rfind(" ", end // 2, end + 1)
    return line[: space if space > 0 else end].rstrip(" ,.;:") + "…"


def width(text: str) -> int:
    """How long Telegram finds a text: its UTF-16 units."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def catalogue(language: str) -> NullTranslations:
    """The translated sentences of a language; English needs none."""
    return catalogues.loaded(language)


@lru_cache(maxsize=256)
def spoken(language: str) -> str:
    """The language a card is drawn in for somebody who speaks this one."""
    return language if type(catalogue(language)) is not NullTranslations else ENGLISH


@cache
def environment(language: str) -> Environment:
    made = Environment(
        loader=PackageLoader("dialogs", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        finalize=_plain,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    made.globals.update(button=button, link=link)
    made.filters["short"] = short
    return made


def _plain(printed: object) -> object:
    if isinstance(printed, str) and not isinstance(printed, _Marked):
        shown = visible(printed)
        return Markup(shown) if isinstance(printed, Markup) else shown  # noqa: S704 - as escaped as it came
    return printed


def draw(template: str, reader: Reader, **facts: object) -> Card:
    """Render one card. A fact the template needs and does not get is an error, never a gap."""
    zone, language = ZoneInfo(reader.timezone), spoken(reader.language)
    rendered = (
        environment(language)
        .get_template(f"{template}.html")
        .render(
            day=lambda moment: _day(moment, zone, language),
            date=lambda moment: _date(moment, zone, language),
            hour=lambda moment: _clock(moment, zone, language),
            span=lambda first, last: _span(first, last, zone, language),
            **facts,
        )
    )
    body, _, _ = rendered.partition(MARK)
    rows = tuple(row for line in rendered.split("\n") if (row := _buttons(line)))
    return Card(_spoken_by(reader, GAP.sub("\n\n", body.strip())), rows)


def _spoken_by(reader: Reader, text: str) -> str:
    """Whoever sits in several partnerships always sees which one is speaking."""
    speaking = html.escape(short(reader.speaking, 100))
    return f"<i>{speaking}</i>\n\n{text}" if speaking and speaking not in text else text


def plain(card_text: str) -> str:
    """A card's text without its HTML, for where letters are drawn or shown as they are."""
    return html.unescape(TAG.sub("", card_text))


def units(card: Card) -> int:
    """How long Telegram finds a card: only what can be seen counts."""
    return width(plain(card.text))


def sentence(refusal: Refusal, reader: Reader) -> str:
    """What a refusal says, in plain letters."""
    said = catalogue(spoken(reader.language)).gettext(refusal.template())
    return visible(said.format(**refusal.facts))


def _buttons(line: str) -> tuple[Button, ...]:
    return tuple(Button(*json.loads(part)) for part in line.split(MARK)[1::2])


def _day(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """Tuesday 10:00."""
    return format_datetime(moment.astimezone(zone), "EEEE H:mm", locale=language)


def _clock(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """14:00."""
    return format_datetime(moment.astimezone(zone), "H:mm", locale=language)


def _span(first: datetime, last: datetime, zone: ZoneInfo, language: str) -> tuple[str, str]:
    """3 and 6 November, or 30 October and 2 November."""
    begins, ends = _date(first, zone, language), _date(last, zone, language)
    if begins.partition(" ")[2] == ends.partition(" ")[2]:
        begins = begins.partition(" ")[0]
    return begins, ends


def _date(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """3 November."""
    return format_date(moment.astimezone(zone).date(), "d MMMM", locale=language)
