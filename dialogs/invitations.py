"""The cards that come by themselves while a round runs."""

from collections.abc import Callable, Hashable
from dataclasses import replace

from dialogs.cards import Button, Card, Reader, code, draw
from facilitation import burden, instruments, skipping
from facilitation.instruments import MODES, Instrument, Item, said
from facilitation.rounds import Asked, Opened

# Seconds are told in tens: we only know about how long it takes.
STEP = 10


def invitation(opened: Opened, asked: Asked) -> Card:
    instrument = instruments.parsed(opened.round.instrument)
    items = _items(instrument, asked)
    more_open = any(MODES.index(instrument.shows(item)) > MODES.index(instrument.shown_as) for item in items)
    return _card("invitation", opened, asked, more_open=more_open)


def reminder(opened: Opened, asked: Asked, *, last: bool) -> Card:
    return _card("reminder", opened, asked, last=last)


def to_each(drawing: Callable[[Opened, Asked], Card], opened: Opened) -> Callable[[Asked], Card]:
    """The drawing of such a card for one after the other, made once for all who read the same.

    Of thousands every single drawing would hold up whoever taps meanwhile. Only what the buttons lead to is
    each person's own: their invitation, and nothing else.
    """
    drawn: dict[Hashable, Card] = {}

    def to(asked: Asked) -> Card:
        codes = tuple(item for item, _ in asked.invitation.questions)
        alike = asked.organisation, asked.language, asked.timezone, codes
        if alike not in drawn:
            drawn[alike] = drawing(opened, asked)
        card = drawn[alike]
        return replace(card, rows=tuple(tuple(_own(one, asked) for one in row) for row in card.rows))

    return to


def _own(button: Button, asked: Asked) -> Button:
    return replace(button, data=code(button.data.partition(":")[0], asked.invitation.id))


def _card(template: str, opened: Opened, asked: Asked, **facts: object) -> Card:
    partnership = opened.partnership
    reader = Reader(asked.language or partnership.language, asked.timezone or partnership.timezone)
    instrument = instruments.parsed(opened.round.instrument)
    items = _items(instrument, asked)
    texts = sum(item.kind == "text" for item in items)
    return draw(
        template,
        reader,
        partnership=partnership.name,
        organisation=asked.organisation,
        title=said(instrument.title, reader.language),
        number=opened.round.number,
        taps=len(items) - texts,
        texts=texts,
        seconds=-(-burden.seconds(items) // STEP) * STEP,
        shown_as=instrument.shown_as,
        closes=opened.round.closes_at,
        invitation=asked.invitation.id,
        **facts,
    )


def _items(instrument: Instrument, asked: Asked) -> list[Item]:
    """What this seat is asked, card by card."""
    items = {item.code: item for item in instrument.items}
    return [items[code] for code, _ in asked.invitation.questions] or list(instrument.items)


def skipped(opened: Opened, reader: Reader) -> Card:
    """To a facilitator: a round did not take place, and why."""
    reason = opened.round.reason
    return draw(
        "skipped",
        reader,
        partnership=opened.partnership.name,
        title=said(opened.title, reader.language),
        opened=opened.round.opens_at,
        reason=reason,
        holiday=reason.removeprefix(skipping.HOLIDAY) if reason.startswith(skipping.HOLIDAY) else "",
        following=opened.following,
    )
