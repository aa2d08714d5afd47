"""A round at a glance: the digest's picture and its caption, from frozen facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dialogs import labels
from dialogs.cards import Card, Reader, draw, plain
from dialogs.pictures import Mark, Picture, Row
from facilitation.instruments import said
from storage.digests import Digest
from storage.partnerships import Partnership

Facts = Mapping[str, Any]


def picture(digest: Digest, partnership: Partnership, *, language: str) -> Picture | None:
    """One row an item, from shown values alone; None where there is no figure."""
    facts = digest.facts
    if not any(item["total"] for item in facts["items"]):
        return None
    for_whom = Reader(language, partnership.timezone)
    subtitle, note, total_label, agreed_label = _around(facts, for_whom)
    return Picture(
        title=facts["partnership"],
        subtitle=subtitle,
        rows=_rows(facts, for_whom),
        note=note,
        total_label=total_label,
        agreed_label=agreed_label,
    )


def _around(facts: Facts, for_whom: Reader) -> list[str]:
    heading = draw(
        "picture",
        for_whom,
        title=said(facts["title"], for_whom.language),
        number=facts["number"],
        opened=datetime.fromisoformat(facts["opened"]),
        closed=datetime.fromisoformat(facts["closed"]),
    )
    return plain(heading.text).split("\n")


def _rows(facts: Facts, for_whom: Reader) -> tuple[Row, ...]:
    names = {cell: labels.cell(shape, for_whom) for cell, shape in facts["cells"].items()}
    agreed = {signal["item"] for signal in facts["signals"] if signal["kind"] == "common_ground"}
    language, ends = for_whom.language, facts["ends"]
    return tuple(
        Row(
            wording=said(facts["wordings"][item["code"]], language),
            low_label=said(ends[item["code"]]["low"], language),
            high_label=said(ends[item["code"]]["high"], language),
            marks=tuple(Mark(names[str(figure["cell"])], figure["mean"]) for figure in item["cells"]),
            total=item["total"]["mean"] if item["total"] else None,
            agreed=item["code"] in agreed,
        )
        for item in facts["items"]
    )


def caption(digest: Digest, partnership: Partnership, *, language: str) -> Card:
    facts = digest.facts
    title = said(facts["title"], language)
    return draw("caption", Reader(language, partnership.timezone), facts=facts, title=title)
