import pytest

from dialogs import typeface


def test_widths_are_the_fonts_own() -> None:
    # Roboto Regular: H is 1,461 and i 498 of 2,048 units wide (table hmtx).
    assert typeface.regular().width("Hi", 2048) == pytest.approx(1461 + 498)
    assert typeface.bold().width("Hi", 2048) != typeface.regular().width("Hi", 2048)


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Wir hören zu: łódź, Ελλάδα, Привет", "Wir hören zu: łódź, Ελλάδα, Привет"),
        ("e\u0301", "é"),
        ("two\n\tlines\u00a0here", "two lines here"),
        ("a\u202eb\u2066c\u200dd\u00ade\x00f\ud800", "abcdef"),
        ("so 😀 what 👍🏽", "so what"),
        ("A" + "\u0301" * 9, "Á" + "\u0301" * 2),
        ("only 中 here", "only □ here"),
        ("中文中文 ab", ""),
        ("", ""),
    ],
)
def test_what_can_be_drawn_of_a_text(written: str, drawn: str) -> None:
    assert typeface.regular().drawable(written) == drawn


def test_marks_alone_are_drawable() -> None:
    assert typeface.regular().drawable("…?") == "…?"
