"""What people are told when Telegram does not reach somebody, shuts a door, or is used by another."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from dialogs import cards, grouping, operating, people, reports
from dialogs.cards import Card
from facilitation.reach import Unreached
from storage.members import Seat
from tests.cast import MONDAY
from tests.dialogs.published import LARGE
from tests.dialogs.scenes import READER, Scene, drawn, partnership, same


def scenes() -> Iterator[Scene]:
    for what in ("lost", "barred"):
        yield Scene(f"group_{what}", "", partial(_ill, what))
    for state, roles in STATES.items():
        yield Scene("unreached", state, partial(_unreached, roles))
    yield Scene("renamed", "", lambda words: people.renamed(READER, partnership(words), bot="circle_bot"))
    unled = ((True, 7, 1), (False, 7, 1), (False, -7, 1), (False, 7, 2), (False, 7, 12))
    for others, operator, lost in unled:
        state = f"{lost} lost, others {others}, in a chat of one's own {operator > 0}"
        yield Scene("unled", state, partial(_unled, others, operator, lost))
    yield Scene("unled_link", "no link is needed", drawn("unled_link", name=same, url="", days=60))
    link = "https://t.me/parley_bot?start=" + "s" * 32
    yield Scene("unled_link", "", drawn("unled_link", name=same, url=link, days=60))
    yield from to_the_operator()


STATES = {
    "one": ("member",),
    "one who facilitates": ("facilitator",),
    "some": ("member", "facilitator"),
    "one more": ("member",) * 9,
    "many": ("member",) * 12,
}


def to_the_operator() -> Iterator[Scene]:
    yield Scene("rivals", "unknown", lambda _: reports.rivals(here="north (process 7)"))
    yield Scene(
        "rivals", "ours", lambda _: reports.rivals(here="north (process 7)", others="south (process 8)")
    )
    for host, back in (("elsewhere.example", True), ("", True), ("elsewhere.example", False)):
        yield Scene("webhook_taken", f"{host} {back}", partial(_taken, host, back))
    for waiting in (1, 40):
        yield Scene("webhook_complaint", f"{waiting}", partial(_complaint, waiting))
    yield Scene("bot_renamed", "", lambda _: reports.bot_renamed("circle_bot"))


def _lost(words: str, role: str, *, at: datetime = MONDAY) -> Unreached:
    seat = Seat(
        id=LARGE,
        member_id=1,
        organisation_id=1,
        partnership_id=LARGE,
        role=role,
        name=words,
        consent_version="1",
        consented_at=at,
    )
    return Unreached(seat, cards.short(words, 100))


def _ill(what: str, words: str) -> Card:
    return grouping.ill(what, READER, partnership(words))


def _unreached(roles: tuple[str, ...], words: str) -> Card:
    return people.unreached(READER, partnership(words), [_lost(words, role) for role in roles])


def _unled(others: bool, operator: int, count: int, words: str) -> Card:  # noqa: FBT001 - bound by a scene
    lost = [_lost(words, "facilitator")] * count
    return operating.unled(partnership(words), lost, others=others, operator=operator)


def _taken(host: str, back: bool, _: str) -> Card:  # noqa: FBT001 - bound by a scene
    return reports.webhook_taken(host=host, back=back)


def _complaint(waiting: int, words: str) -> Card:
    return reports.webhook_complaint(said=words, waiting=waiting)
