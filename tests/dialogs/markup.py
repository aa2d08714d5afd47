"""Telegram's HTML as our cards may use it, read by a second pair of eyes: three tags, and a few signs."""

import html
import re

TAGS = ("b", "i", "code")
SIGNS = re.compile(r"&(?:lt|gt|amp|quot|#3[49]);")
PIECE = re.compile(r"<(/?)([a-z]+)>")


class BrokenError(Exception):
    """Telegram would refuse this, or read more into it than we wrote."""


def read(text: str) -> tuple[str, list[str]]:
    """The visible text, and the tags in their order. Raises BrokenError."""
    opened: list[str] = []
    tags: list[str] = []
    shown = ""
    at = 0
    for piece in PIECE.finditer(text):
        shown += _shown(text[at : piece.start()])
        at = piece.end()
        closing, name = piece.groups()
        if name not in TAGS:
            raise BrokenError(f"the tag {name}")
        if not closing:
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise BrokenError(f"the end of {name}")
        tags.append(closing + name)
    if opened:
        raise BrokenError(f"no end of {opened[-1]}")
    return shown + _shown(text[at:]), tags


def _shown(text: str) -> str:
    if "<" in text or ">" in text:
        raise BrokenError("a bracket that stands for itself")
    if "&" in SIGNS.sub("", text):
        raise BrokenError("an ampersand that stands for itself")
    return html.unescape(text)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
