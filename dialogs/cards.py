"""A card is a screen as plain data: text, buttons, picture. Sentences come from templates only."""

import html
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from facilitation.refusals import Refusal

MARK = "\x1e"  # stands around a button in a rendered template; no text a person wrote can hold it
FORBIDDEN = {
    ord(sign): None for sign in "\x00\x1e\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
}


@dataclass(frozen=True)
class Button:
    """`data` comes back when it is tapped: kind and numbers, at most 64 bytes."""

    label: str
    data: str


@dataclass(frozen=True)
class Card:
    """`text` is Telegram's HTML. `picture` names a stored picture (a digest's id), not bytes."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    picture: int | None = None


@dataclass(frozen=True)
class Reader:
    """Whom a card is drawn for."""

    language: str = "en"
    timezone: str = "UTC"


def code(kind: str, *numbers: int) -> str:
    return ":".join((kind, *(str(number) for number in numbers)))


class _Marked(Markup):
    """A button on its way through a template, as JSON between marks; taken apart again in `draw`."""


def button(label: str, kind: str, *numbers: int) -> Markup:
    return _Marked(MARK + json.dumps([html.unescape(str(label)), code(kind, *numbers)]) + MARK)


@cache
def environment(language: str) -> Environment:
    made = Environment(
        loader=PackageLoader("dialogs", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        finalize=_plain,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    made.globals.update(button=button)
    made.globals["language"] = language
    return made


def _plain(printed: object) -> object:
    """Whatever a template prints, without signs that turn the reading direction or that we use ourselves."""
    if isinstance(printed, str) and not isinstance(printed, _Marked):
        return printed.translate(FORBIDDEN)
    return printed


def draw(template: str, reader: Reader, *, picture: int | None = None, **facts: object) -> Card:
    """Render one card. A fact the template needs and does not get is an error, never a gap."""
    zone = ZoneInfo(reader.timezone)
    rendered = (
        environment(reader.language)
        .get_template(f"{template}.html")
        .render(
            day=lambda moment: _day(moment, zone, reader.language),
            date=lambda moment: _date(moment, zone, reader.language),
            clock=lambda moment: format_time(moment.astimezone(zone), "HH:mm", locale=reader.language),
            **facts,
        )
    )
    body, _, _ = rendered.partition(MARK)
    rows = tuple(row for line in rendered.split("\n") if (row := _buttons(line)))
    return Card(body.strip(), rows, picture)


def plain(text: str) -> str:
    """A card's text without its HTML, for where letters are drawn rather than marked up."""
    return str(Markup(text).striptags()) if "\n" not in text else "\n".join(map(plain, text.split("\n")))  # noqa: S704 - it is taken apart, not trusted


def sentence(refusal: Refusal) -> str:
    return environment("en").from_string("{{ said }}").render(said=refusal.sentence())


def _buttons(line: str) -> tuple[Button, ...]:
    return tuple(Button(*json.loads(part)) for part in line.split(MARK)[1::2])


def _day(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """Tuesday 10:00."""
    return format_datetime(moment.astimezone(zone), "EEEE HH:mm", locale=language)


def _date(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """3 November."""
    return format_date(moment.astimezone(zone).date(), "d MMMM", locale=language)
