import struct
import subprocess
import sys
import time
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogs import pictures, typeface
from dialogs.pictures import Mark, Picture, Row

SVG = "{http://www.w3.org/2000/svg}"
ENDS = ("not at all", "clearly")
SCALE = "(1 = not at all, 5 = clearly)"
COMMUNITY, PUBLIC, OTHERS = "Community groups", "Public bodies", "Others"

RIVERSIDE = Picture(
    title="Riverside",
    subtitle="Pulse 14 · 3 to 7 November",
    rows=(
        Row(
            "In the last two weeks, our view changed a decision.",
            *ENDS,
            marks=(Mark(COMMUNITY, 1.5), Mark(PUBLIC, 4.5), Mark(OTHERS, 3)),
            total=2.8,
            agreed=False,
        ),
        Row(
            "The family drop-in is worth its time.",
            *ENDS,
            marks=(Mark(COMMUNITY, 4.5), Mark(PUBLIC, 4.5), Mark(OTHERS, 4.5)),
            total=4.6,
            agreed=True,
        ),
        Row("We could say no.", "no", "yes", marks=(Mark(PUBLIC, 4),), total=None, agreed=False),
        Row(
            "I know whom to ask.",
            "never",
            "always",
            marks=(Mark(COMMUNITY, 3), Mark(OTHERS, 3.1)),
            total=3.1,
            agreed=False,
        ),
        Row("What we agreed is being done.", *ENDS, marks=(), total=2.2, agreed=False),
    ),
    note="Each mark stands for a group of people, never for one.",
    total_label="All of us",
    agreed_label="Where we agree",
)

HOSTILE = [
    "</text><script>alert(1)</script>",
    "<b>&amp;&lt; ]]> \"'",
    "\u202egnihtemos \u2067dna\u2069 \u200fmore\u200e",
    "W" * 300,
    "Donaudampfschifffahrtsgesellschaft" * 9,
    "😀👍🏽👩\u200d👩\u200d👧 so what",
    "مرحبا بكم في الشراكة",
    "Z" + "\u0301\u0302\u0303\u0304" * 40 + "algo",
    "\x00\x1b\ud800\ufffe\ufdd0",
    "",
    "   \n\t ",
    "{{ 7 * 7 }} {% raw %}",
    "&#x202e;&#0;",
]


def told(drawn: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(drawn).iter(f"{SVG}text")]


def with_words(words: str) -> Picture:
    row = Row(words, words, words, marks=(Mark(words, 2), Mark(COMMUNITY, 2)), total=2, agreed=True)
    return Picture(words, words, (row,), words, words, words)


def test_the_picture_names_the_partnership_the_dates_the_items_and_the_groups() -> None:
    words = told(pictures.svg(RIVERSIDE))

    joined = " ".join(words)
    for said in ("Riverside", "Pulse 14 · 3 to 7 November", "All of us", "Where we agree", "never for one."):
        assert said in joined
    for row in RIVERSIDE.rows:
        assert row.wording in joined
    for name in (COMMUNITY, PUBLIC, OTHERS):
        assert words.count(name) == 1
    assert words.count("1 · not at all") == words.count("clearly · 5") == 3


def test_each_mark_stands_at_its_value_and_none_covers_another() -> None:
    sheet = pictures._laid_out(RIVERSIDE)

    marks = [mark for mark in sheet.marks if mark.y > 100]
    assert [mark.x for mark in marks[:3]] == [67.5, 180.0, 292.5]
    assert len(marks) == 9
    for one, other in combinations(marks, 2):
        assert abs(one.x - other.x) >= 16 or abs(one.y - other.y) >= 16


@given(st.lists(st.integers(10, 50).map(lambda tenths: tenths / 10), min_size=1, max_size=24))
@settings(max_examples=50, deadline=None)
def test_marks_never_cover_each_other_wherever_they_stand(values: list[float]) -> None:
    marks = tuple(Mark(f"Group {number}", value) for number, value in enumerate(values))
    row = Row("An item", *ENDS, marks=marks, total=3, agreed=False)

    sheet = pictures._laid_out(Picture("Riverside", "", (row,), ""))

    standing = sheet.marks[len(values) :]
    assert len(standing) == len(values)
    for one, other in combinations(standing, 2):
        assert abs(one.x - other.x) >= 16 or abs(one.y - other.y) >= 16


def test_groups_are_told_apart_by_form_alone() -> None:
    marks = tuple(Mark(f"Group {number}", 3) for number in range(30))
    row = Row("An item", *ENDS, marks=marks, total=None, agreed=False)

    symbols = pictures._symbols(Picture("Riverside", "", (row,), ""))

    forms = {(symbol.outline, symbol.hollow, symbol.number) for symbol in symbols.values()}
    assert len(forms) == 30
    assert "30" in told(pictures.svg(Picture("Riverside", "", (row,), "")))


def test_a_group_keeps_its_form_in_every_row() -> None:
    rows = RIVERSIDE.rows
    reordered = replace(rows[0], marks=rows[0].marks[::-1])

    first = pictures._symbols(RIVERSIDE)
    second = pictures._symbols(replace(RIVERSIDE, rows=(rows[0], reordered)))

    assert second == first


def test_where_nothing_but_the_total_is_shown_a_diamond_stands_on_the_line() -> None:
    row = Row("An item", *ENDS, marks=(), total=3, agreed=False)

    sheet = pictures._laid_out(Picture("Riverside", "", (row,), "", total_label="All of us"))

    assert sheet.diamonds[-1] == (180.0, sheet.axes[0].y)
    assert len(sheet.diamonds) == 2
    assert sheet.marks == []


def test_a_tick_is_drawn_only_if_the_legend_explains_it() -> None:
    explained = pictures._laid_out(RIVERSIDE)
    unexplained = pictures._laid_out(replace(RIVERSIDE, agreed_label=""))

    assert len(explained.ticks) == 2
    assert unexplained.ticks == []


def test_an_empty_round_is_a_title_and_a_note() -> None:
    drawn = pictures.svg(Picture("Riverside", "", (), "Nothing can be shown."))

    assert told(drawn) == ["Riverside", "Nothing can be shown."]


@pytest.mark.parametrize("value", [0.9, 5.1, float("nan")])
def test_a_value_off_the_scale_is_refused(value: float) -> None:
    row = Row("An item", *ENDS, marks=(Mark(COMMUNITY, value),), total=None, agreed=False)

    with pytest.raises(ValueError, match="from 1 to 5"):
        pictures.svg(Picture("Riverside", "", (row,), ""))


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_words_and_stay_on_the_page(words: str) -> None:
    drawn = pictures.svg(with_words(words))

    page = ET.fromstring(drawn)
    assert {element.tag.removeprefix(SVG) for element in page.iter()} <= {
        *("svg", "style", "rect", "g", "path", "text")
    }
    assert not set("\u202e\u2067\u2069\u200f\u200e\x00") & set(drawn)
    assert float(page.get("height", 0)) < 800
    assert pictures.png(drawn).startswith(b"\x89PNG")


@given(st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_no_line_of_any_text_is_wider_than_the_page(words: str) -> None:
    sheet = pictures._laid_out(with_words(words))

    sizes = {"title": (typeface.bold(), 18), "wording": (typeface.bold(), 14.5)}
    for line in sheet.texts:
        face, size = sizes.get(line.style, (typeface.regular(), 12.5))
        wide = face.width(line.text, size)
        left = line.x - wide if line.style == "end" else line.x
        assert left >= 0
        assert left + wide <= 360


def test_a_long_wording_ends_in_dots_after_four_lines() -> None:
    words = "we were asked in time and could still change the plan, " * 8
    row = Row(words, *ENDS, marks=(), total=3, agreed=False)

    lines = [
        line.text for line in pictures._laid_out(Picture("", "", (row,), "")).texts if line.style == "wording"
    ]

    assert len(lines) == 4
    assert lines[-1].endswith("…")
    assert all(line == line.strip() and "  " not in line for line in lines)


def test_a_wording_our_letters_cannot_draw_is_told_by_its_number() -> None:
    rows = (RIVERSIDE.rows[0], replace(RIVERSIDE.rows[1], wording="مرحبا بكم في الشراكة"))

    drawn = pictures.svg(replace(RIVERSIDE, rows=rows))

    assert "2." in told(drawn)


def test_the_image_is_twice_a_phones_width_the_same_every_time_and_quick() -> None:
    drawn = pictures.svg(RIVERSIDE)
    first = pictures.png(drawn)

    started = time.process_time()
    second = pictures.png(drawn)
    took = time.process_time() - started

    assert struct.unpack(">I", first[16:20])[0] == 720
    assert first == second
    assert took < 0.3


def test_letters_are_really_drawn() -> None:
    empty = pictures.png(pictures.svg(Picture("", "", (), "note")))
    lettered = pictures.png(pictures.svg(Picture("", "", (), "quite another note")))

    assert empty != lettered


def test_who_only_imports_pictures_pays_for_neither_renderer_nor_fonts() -> None:
    code = "import sys, dialogs.pictures; print({'resvg_py', 'font_roboto', 'numpy'} & set(sys.modules))"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "set()"
