"""The letters of our pictures: which characters they have, and how wide each is."""

import struct
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# Accents piled higher than this are an attack on the page, not a language.
MOST_MARKS = 2
MISSING = "□"


@dataclass(frozen=True)
class Typeface:
    """One font file. widths: of each character it can draw, in parts of the letter size."""

    file: Path
    widths: dict[str, float] = field(repr=False)

    def width(self, text: str, size: float) -> float:
        """Width of a drawable text, in the unit of size; kerning, which narrows, is left out."""
        return size * sum(self.widths[sign] for sign in text)

    def drawable(self, text: str) -> str:
        """Give what can be drawn of a text, in one line; empty if most of its letters cannot.

        Signs that steer the reading direction, join or hide are dropped, as are pictures
        (emoji) the font lacks; a single letter it lacks becomes a box.
        """
        kept = "".join(self._drawn(sign) for sign in _visible(text))
        lost = kept.count(MISSING)
        letters = sum(sign.isalnum() for sign in kept)
        return " ".join(kept.split()) if letters >= lost else ""

    def _drawn(self, sign: str) -> str:
        if sign in self.widths:
            return sign
        return MISSING if unicodedata.category(sign)[0] in "LN" else ""


@cache
def regular() -> Typeface:
    return _read("Regular")


@cache
def bold() -> Typeface:
    return _read("Bold")


def _visible(text: str) -> str:
    """Drop control and steering signs; spaces of all kinds become plain ones; no towers of accents."""
    kept: list[str] = []
    marks = 0
    for sign in unicodedata.normalize("NFC", text):
        category = unicodedata.category(sign)
        marks = marks + 1 if category[0] == "M" else 0
        if sign.isspace() or category[0] == "Z":
            kept.append(" ")
        elif category[0] != "C" and marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def _read(weight: str) -> Typeface:
    # Here, not above: who never draws should not pay for looking up the fonts.
    import font_roboto  # noqa: PLC0415 - only who draws pays for it

    file = Path(font_roboto.__file__).parent / "files" / f"Roboto-{weight}.ttf"
    data = file.read_bytes()
    tables = {
        data[at : at + 4]: struct.unpack_from(">I", data, at + 8)[0]
        for at in range(12, 12 + 16 * struct.unpack_from(">H", data, 4)[0], 16)
    }
    em = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    measured = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
    advances = [struct.unpack_from(">H", data, tables[b"hmtx"] + 4 * glyph)[0] for glyph in range(measured)]
    glyphs = _glyphs(data, tables[b"cmap"])
    # Glyphs after the last measured one share its width (OpenType, table hmtx).
    widths = {chr(code): advances[min(glyph, measured - 1)] / em for code, glyph in glyphs.items()}
    return Typeface(file=file, widths=widths | {MISSING: 1.0} if MISSING not in widths else widths)


def _glyphs(data: bytes, start: int) -> dict[int, int]:
    """Character code to glyph, from the font's full table (cmap, platform Windows, format 12)."""
    count = struct.unpack_from(">H", data, start + 2)[0]
    records = [struct.unpack_from(">HHI", data, start + 4 + 8 * at) for at in range(count)]
    table = start + next(offset for platform, encoding, offset in records if (platform, encoding) == (3, 10))
    groups = struct.unpack_from(">I", data, table + 12)[0]
    found = {}
    for at in range(groups):
        first, last, glyph = struct.unpack_from(">III", data, table + 16 + 12 * at)
        found.update({code: glyph + code - first for code in range(first, last + 1)})
    return found
