"""The facilitator's brief before a digest; and every word of a round, a page at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dialogs import labels
from dialogs.cards import Card, Reader, draw, plain, short, width
from facilitation import skipping
from facilitation.digests import Going
from facilitation.instruments import said
from storage.digests import Digest

PAGE = 2800
BRIEF_WORDS, BRIEF_LETTERS = 5, 200
RAISED, RAISED_LETTERS = 5, 90
NAME = 100  # letters of an author's name beside a whole text

Facts = Mapping[str, Any]


def brief(going: Going, *, language: str, words: Sequence[str], back: Sequence[str]) -> Card:
    """What parts, what is owed, and as many of the words for the facilitator as fit."""
    facts = going.digest.facts
    for_whom = Reader(language, going.partnership.timezone)
    told = [[short(word, BRIEF_LETTERS) for word in some[:BRIEF_WORDS]] for some in (words, back)]
    parted = [one["item"] for one in facts["signals"] if one["kind"] == "organisation_differs"]
    return draw(
        "brief",
        for_whom,
        partnership=going.partnership.name,
        partnership_id=going.partnership.id,
        title=said(facts["title"], language),
        number=facts["number"],
        digest_at=going.round.digest_at,
        unsent=going.round.reason in skipping.NOT_SENT,
        digest=going.digest.id,
        parted=[said(facts["wordings"][item], language) for item in parted[:2]],
        rated=bool(facts["items"]),
        anything=any(item["total"] for item in facts["items"]),
        voices=len(facts["quotes"]),
        raised=[_raised(one) for one in going.raised[:RAISED]],
        raised_more=len(going.raised) > RAISED,
        heard=heard(facts, for_whom),
        words=told[0],
        back=told[1],
        more=told != [[short(word, PAGE) for word in some] for some in (words, back)],
    )


def _raised(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "text": short(one["text"], RAISED_LETTERS),
        "reply": one["reply"],
        "owed_by": datetime.fromisoformat(f"{one['owed_by']}T12:00:00+00:00"),
        "heard": one["heard"],
    }


def heard(facts: Facts, for_whom: Reader) -> str:
    """What came of answering the last digest; "" where too few did."""
    back = facts["answered_back"]
    return plain(draw("answered_back", for_whom, part=(back["low"], back["parts"])).text) if back else ""


def page(
    digest: Digest, for_whom: Reader, quotes: Sequence[Mapping[str, str]], at: int, *, private: bool
) -> Card:
    """Every word, a page at a time, below its question."""
    found = pages(quotes)
    at = min(at, len(found) - 1)  # words may have been taken back since
    asked = {} if private else digest.facts["questions"]
    several = len({quote["item"] for quote in quotes}) > 1
    words, question = [], ""
    for quote in found[at]:
        begins = several and quote["item"] != question
        question = quote["item"]
        words.append(
            {
                "text": quote["text"],
                "author": labels.author(quote, for_whom, NAME, asked) if quote["by"] else "",
                "question": said(asked[question]["wording"], for_whom.language) if begins else "",
            }
        )
    return draw("words", for_whom, digest=digest.id, private=private, words=words, page=at, pages=len(found))


def pages(quotes: Sequence[Mapping[str, str]]) -> list[list[Mapping[str, str]]]:
    found: list[list[Mapping[str, str]]] = [[]]
    room = PAGE
    for quote in quotes:
        needs = width(quote["text"]) + BRIEF_LETTERS
        if found[-1] and needs > room:
            found.append([])
            room = PAGE
        found[-1].append(quote)
        room -= needs
    return found
