"""The digest's one picture: where each shown group stands on each item. From published facts only."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from dialogs import typeface
from dialogs.typeface import Typeface

# A picture is drawn for a phone 360 wide and rendered at twice that: Telegram leaves it as it is.
WIDTH = 360
ZOOM = 2
MARGIN = 20
LEFT, RIGHT = 30.0, 330.0
LOW, HIGH = 1.0, 5.0
LANE = 17.0
# Marks nearer than this would cover each other, and stand on different lanes.
APART = 16.0
LINE = {"title": 23.0, "wording": 19.0, "text": 17.0}
SIZE = {"title": 18.0, "wording": 14.5, "text": 12.5}
MOST_LINES = {"title": 2, "subtitle": 2, "wording": 4, "note": 5}

# One outline a cell, about 14 across and centred on 0, 0; told apart by form alone, in grey too.
# The diamond is kept for the total.
OUTLINES = (
    "M-6.6 0a6.6 6.6 0 1 0 13.2 0a6.6 6.6 0 1 0-13.2 0z",
    "M-6-6h12v12h-12z",
    "M0-7.4L7.6 6H-7.6z",
    "M-2.5-7h5v4.5h4.5v5h-4.5v4.5h-5v-4.5h-4.5v-5h4.5z",
    "M0 7.4L7.6-6H-7.6z",
    "M-7-3.6L-3.6-7L0-3.4L3.6-7L7-3.6L3.4 0L7 3.6L3.6 7L0 3.4L-3.6 7L-7 3.6L-3.4 0z",
    "M0-8L2-2.6L7.6-2.4L3.2 1.1L4.7 6.6L0 3.5L-4.7 6.6L-3.2 1.1L-7.6-2.4L-2-2.6z",
    "M-2.8-7.5h5.6v15h-5.6z",
)
COLOURS = ("#0b57a4", "#c04a00", "#00705a", "#6a1b9a", "#1a1a1a", "#b0124a", "#8a6100", "#37566b")


@dataclass(frozen=True)
class Mark:
    """Where one shown cell stands: its name, and its published mean from 1 to 5."""

    label: str
    value: float


@dataclass(frozen=True)
class Row:
    """One item: its wording, what the ends 1 and 5 mean, the shown cells, their total, if shown."""

    wording: str
    low_label: str
    high_label: str
    marks: tuple[Mark, ...]
    total: float | None
    agreed: bool


@dataclass(frozen=True)
class Picture:
    """Everything drawn, as finished sentences in the reader's language.

    total_label and agreed_label say in the legend what the diamond and the tick mean;
    without agreed_label no tick is drawn.
    """

    title: str
    subtitle: str
    rows: tuple[Row, ...]
    note: str
    total_label: str = ""
    agreed_label: str = ""


@dataclass(frozen=True)
class Symbol:
    """How a cell is marked: an outline, filled or hollow, or a number once the outlines are used up."""

    outline: str
    colour: str
    hollow: bool
    number: str


@dataclass(frozen=True)
class Text:
    x: float
    y: float
    text: str
    style: str


@dataclass(frozen=True)
class Placed:
    x: float
    y: float
    symbol: Symbol


@dataclass(frozen=True)
class Axis:
    """One item's line at y, how far its marks reach, and the total's diamond with its stem."""

    y: float
    reaches_from: float
    reaches_to: float
    total: float | None
    diamond_y: float


@dataclass
class Sheet:
    """What has been laid out so far, and how far down the page it reaches."""

    y: float = 0.0
    texts: list[Text] = field(default_factory=list)
    marks: list[Placed] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    diamonds: list[tuple[float, float]] = field(default_factory=list)
    ticks: list[tuple[float, float]] = field(default_factory=list)


def svg(picture: Picture) -> str:
    """Draw a picture, 360 wide and as high as it needs. Raises ValueError for values outside 1..5."""
    sheet = _laid_out(picture)
    points = [_x(value) for value in (1, 2, 3, 4, 5)]
    return (
        _environment()
        .get_template("digest.svg.j2")
        .render(sheet=sheet, width=WIDTH, height=round(sheet.y), left=LEFT, right=RIGHT, points=points)
    )


def png(svg_text: str) -> bytes:
    """Render at 720 pixels wide, with our own fonts, the same on every machine.

    Takes about a tenth of a second and holds the interpreter meanwhile, so it is for the odd
    picture, in a thread or a process of its own: of a digest once, not for every reader.
    """
    # Here, not above: only who draws needs the native code (11 MB while it draws, 3 MB after).
    import resvg_py  # noqa: PLC0415 - only who draws pays for it

    fonts = [str(face.file) for face in (typeface.regular(), typeface.bold())]
    drawn: bytes = resvg_py.svg_to_bytes(
        svg_string=svg_text, zoom=ZOOM, skip_system_fonts=True, font_files=fonts, font_family="Roboto"
    )
    return drawn


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dialogs", "templates/pictures"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _laid_out(picture: Picture) -> Sheet:
    sheet = Sheet(y=16)
    symbols = _symbols(picture)
    _paragraph(sheet, picture.title, "title", most=MOST_LINES["title"])
    _paragraph(sheet, picture.subtitle, "text", most=MOST_LINES["subtitle"])
    sheet.y += 8
    _legend(sheet, picture, symbols)
    for number, row in enumerate(picture.rows, start=1):
        _row(sheet, row, symbols, number=number, ticked=row.agreed and bool(picture.agreed_label))
    sheet.y += 14
    _paragraph(sheet, picture.note, "text", most=MOST_LINES["note"])
    sheet.y += 12
    return sheet


def _symbols(picture: Picture) -> dict[str, Symbol]:
    """One symbol a cell, in order of appearance, the same in every row."""
    labels = dict.fromkeys(mark.label for row in picture.rows for mark in row.marks)
    return {label: _symbol(place) for place, label in enumerate(labels)}


def _symbol(place: int) -> Symbol:
    turn, form = divmod(place, len(OUTLINES))
    # Eight forms, then the same hollow; more groups than that are numbered.
    if turn > 1:
        return Symbol(outline="", colour=COLOURS[form], hollow=False, number=str(place + 1))
    return Symbol(outline=OUTLINES[form], colour=COLOURS[form], hollow=turn == 1, number="")


def _legend(sheet: Sheet, picture: Picture, symbols: dict[str, Symbol]) -> None:
    """Symbols with their names, as many on a line as fit."""
    x = float(MARGIN)
    face = typeface.regular()
    # None stands for the total's diamond, "" for the tick of what is agreed.
    entries: list[tuple[str, Symbol | str | None]] = list(symbols.items())
    if picture.total_label and any(row.total is not None for row in picture.rows):
        entries.append((picture.total_label, None))
    if picture.agreed_label and any(row.agreed for row in picture.rows):
        entries.append((picture.agreed_label, ""))
    for number, (label, symbol) in enumerate(entries, start=1):
        name = next(_wrapped(_drawable(face, label, number), face, SIZE["text"], WIDTH - 2 * MARGIN - 22, 1))
        wide = 22 + face.width(name, SIZE["text"])
        if x > MARGIN and x + wide > WIDTH - MARGIN:
            x, sheet.y = float(MARGIN), sheet.y + 22
        if isinstance(symbol, Symbol):
            sheet.marks.append(Placed(x + 8, sheet.y + 11, symbol))
        else:
            (sheet.diamonds if symbol is None else sheet.ticks).append((x + 8, sheet.y + 11))
        sheet.texts.append(Text(x + 22, sheet.y + 15.5, name, "text"))
        x += wide + 16
    sheet.y += 22 if entries else 0


def _row(sheet: Sheet, row: Row, symbols: dict[str, Symbol], *, number: int, ticked: bool) -> None:
    sheet.y += 14
    if ticked:
        sheet.ticks.append((MARGIN + 7, sheet.y + 10))
    _paragraph(
        sheet, row.wording, "wording", most=MOST_LINES["wording"], indent=20 if ticked else 0, number=number
    )
    lanes = _lanes(row, symbols)
    axis = sheet.y + LANE * max(1, len(lanes)) - LANE / 2 + 6
    for up, lane in enumerate(lanes):
        sheet.marks += [Placed(x, axis - LANE * up, symbol) for x, symbol in lane]
    at = [x for lane in lanes for x, _ in lane]
    total = None if row.total is None else _x(row.total)
    # Without marks the diamond takes their place on the line; else it hangs below, and covers none.
    below = axis + (15 if at else 0)
    sheet.axes.append(Axis(axis, min(at, default=LEFT), max(at, default=LEFT), total, below))
    if total is not None:
        sheet.diamonds.append((total, below))
    sheet.y = axis + (25 if total is not None and at else 11)
    _ends(sheet, row)


def _lanes(row: Row, symbols: dict[str, Symbol]) -> list[list[tuple[float, Symbol]]]:
    """Marks from left to right, each on the lowest lane where it covers no other."""
    lanes: list[list[tuple[float, Symbol]]] = []
    for mark in sorted(row.marks, key=lambda mark: mark.value):
        x = _x(mark.value)
        free = next((lane for lane in lanes if x - lane[-1][0] >= APART), None)
        if free is None:
            lanes.append(free := [])
        free.append((x, symbols[mark.label]))
    return lanes


def _x(value: float) -> float:
    if not LOW <= value <= HIGH:
        raise ValueError("a mark stands from 1 to 5")
    return round(LEFT + (RIGHT - LEFT) * (value - LOW) / (HIGH - LOW), 2)


def _ends(sheet: Sheet, row: Row) -> None:
    """What 1 and 5 mean, below the ends of the axis; each has half the width."""
    face, room = typeface.regular(), (WIDTH - 2 * MARGIN) / 2 - 8
    left, right = face.drawable(row.low_label), face.drawable(row.high_label)
    low = list(_wrapped(f"1 · {left}" if left else "1", face, SIZE["text"], room, 2))
    high = list(_wrapped(f"{right} · 5" if right else "5", face, SIZE["text"], room, 2))
    for lines, x, style in ((low, MARGIN, "text"), (high, WIDTH - MARGIN, "end")):
        sheet.texts += [
            Text(x, sheet.y + LINE["text"] * (at + 0.75), line, style) for at, line in enumerate(lines)
        ]
    sheet.y += LINE["text"] * max(len(low), len(high))


def _paragraph(
    sheet: Sheet, text: str, style: str, *, most: int, indent: float = 0, number: int | None = None
) -> None:
    face = typeface.regular() if style == "text" else typeface.bold()
    room = WIDTH - 2 * MARGIN - indent
    for line in _wrapped(_drawable(face, text, number), face, SIZE[style], room, most):
        sheet.texts.append(Text(MARGIN + indent, sheet.y + LINE[style] * 0.76, line, style))
        sheet.y += LINE[style]


def _drawable(face: Typeface, text: str, number: int | None = None) -> str:
    """Give what our letters can draw; a wording in another script is told by its number in the digest."""
    return face.drawable(text) or (f"{number}." if number else "")


def _wrapped(text: str, face: Typeface, size: float, room: float, most: int) -> Iterator[str]:
    """Break a text into lines no wider than room; the last of `most` ends in … if more would follow."""
    left = text
    for _ in range(most - 1):
        if not left:
            return
        fits = _fitting(left, face, size, room)
        yield fits
        left = left[len(fits) :].lstrip()
    if face.width(left, size) > room:
        left = _fitting(left, face, size, room - face.width("…", size)).rstrip(" ,.;:") + "…"
    if left:
        yield left


def _fitting(text: str, face: Typeface, size: float, room: float) -> str:
    """Give the longest beginning that fits, whole words if there are any, else letters."""
    if face.width(text, size) <= room:
        return text
    end, wide = 0, 0.0
    while (wide := wide + face.width(text[end], size)) <= room:
        end += 1
    space = text.rfind(" ", 1, end + 1)
    return text[:space] if space > 0 else text[:end]


if __name__ == "__main__":  # a child process: an SVG in, a PNG out
    sys.stdout.buffer.write(png(sys.stdin.read()))
