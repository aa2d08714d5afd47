"""The cards that come by themselves while a round runs."""

from dialogs.cards import Card, Reader, draw
from facilitation import burden, instruments
from facilitation.instruments import said
from facilitation.rounds import Asked, Opened


def invitation(opened: Opened, asked: Asked) -> Card:
    return _card("invitation", opened, asked)


def reminder(opened: Opened, asked: Asked) -> Card:
    return _card("reminder", opened, asked)


def _card(template: str, opened: Opened, asked: Asked) -> Card:
    reader = Reader(opened.partnership.language, opened.partnership.timezone)
    instrument = instruments.parsed(opened.round.instrument)
    return draw(
        template,
        reader,
        partnership=opened.partnership.name,
        organisation=asked.organisation,
        title=said(instrument.title, reader.language),
        number=opened.round.number,
        ratings=len(instrument.rated),
        texts=len(instrument.items) - len(instrument.rated),
        seconds=burden.seconds(instrument.items),
        closes=opened.round.closes_at,
        invitation=asked.invitation.id,
    )


def skipped(opened: Opened) -> Card:
    """To the facilitator: a round did not take place, and why."""
    reader = Reader(opened.partnership.language, opened.partnership.timezone)
    return draw(
        "skipped",
        reader,
        partnership=opened.partnership.name,
        opened=opened.round.opens_at,
        reason=opened.round.reason,
    )
