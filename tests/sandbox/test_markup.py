"""Telegram's HTML, tag by tag."""

import contextlib
import html

import pytest
from aiogram.types import MessageEntity
from hypothesis import given
from hypothesis import strategies as st

from sandbox import entities, markup, texts
from sandbox.refusals import Refused


def spans(source: str) -> list[tuple[str, int, int]]:
    _, found = markup.parse(source)
    return [(entity.type, entity.offset, entity.length) for entity in found]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("<b>x</b>", "bold"),
        ("<strong>x</strong>", "bold"),
        ("<i>x</i>", "italic"),
        ("<em>x</em>", "italic"),
        ("<u>x</u>", "underline"),
        ("<ins>x</ins>", "underline"),
        ("<s>x</s>", "strikethrough"),
        ("<strike>x</strike>", "strikethrough"),
        ("<del>x</del>", "strikethrough"),
        ('<span class="tg-spoiler">x</span>', "spoiler"),
        ("<tg-spoiler>x</tg-spoiler>", "spoiler"),
        ('<a href="https://example.org/?a=1&amp;b=2">x</a>', "text_link"),
        ("<code>x</code>", "code"),
        ("<pre>x</pre>", "pre"),
        ("<blockquote>x</blockquote>", "blockquote"),
        ("<blockquote expandable>x</blockquote>", "expandable_blockquote"),
        ('<tg-emoji emoji-id="5">x</tg-emoji>', "custom_emoji"),
        ("<B>x</B>", "bold"),
    ],
)
def test_every_tag_becomes_its_entity(source: str, kind: str) -> None:
    assert spans(source) == [(kind, 0, 1)]


def test_a_link_keeps_its_address_unescaped() -> None:
    _, [link] = markup.parse('<a href="https://example.org/?a=1&amp;b=2">x</a>')

    assert link.url == "https://example.org/?a=1&b=2"


def test_code_in_pre_is_one_entity_with_a_language() -> None:
    _, [found] = markup.parse('<pre><code class="language-python">x = 1</code></pre>')

    assert (found.type, found.language, found.length) == ("pre", "python", 5)


def test_nested_tags_count_in_utf16() -> None:
    assert spans("😀<b>a<i>😀</i></b>") == [("bold", 2, 3), ("italic", 3, 2)]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;b&gt; &amp; &quot;", '<b> & "'),
        ("&#65;&#x42;&#X1F600;", "AB😀"),
        ("a > b & c", "a > b & c"),
        ("AT&T; no", None),
        ("1 & 2", "1 & 2"),
    ],
)
def test_four_names_and_numbers_are_read(source: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(Refused, match="Unsupported entity"):
            markup.parse(source)
    else:
        assert markup.parse(source)[0] == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("é<x>y</x>", 'Unsupported start tag "x" at byte offset 2'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("<br/>", 'Unsupported start tag "br" at byte offset 0'),
        ("<p>x</p>", 'Unsupported start tag "p"'),
        ("<script>x</script>", 'Unsupported start tag "script"'),
        ("<3>", 'Unsupported start tag "3"'),
        ('<b class="x">y</b>', 'Unsupported attribute "class" of the tag "b"'),
        ("<a>y</a>", 'Tag "a" must have attribute "href"'),
        ('<a href="x" onclick="y">z</a>', 'Unsupported attribute "onclick"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
        ('<code class="x">y</code>', "language-"),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "emoji-id"),
        ('<a href="x>y</a>', "Unexpected characters"),
        ("&nbsp;", 'Unsupported entity "&nbsp;"'),
        ("&#0;", "Unsupported entity"),
        ("&#xD800;", "Unsupported entity"),
        ("&#99999999999;", "Unsupported entity"),
    ],
)
def test_broken_markup_says_where(source: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        markup.parse(source)

    assert refused.value.description.startswith("Bad Request: can't parse entities: ")
    assert reason in refused.value.description


def test_white_space_at_the_ends_goes_and_entities_follow() -> None:
    text, [bold] = texts.written(" \n<b> x </b> ", "HTML", None)

    assert (text, bold.offset, bold.length) == ("x", 0, 1)


def test_commands_links_and_names_are_found() -> None:
    found = entities.detect("/mydata see https://example.org/a, or ask @parley_bot #week 1/2")

    assert [entity.type for entity in found] == ["bot_command", "url", "mention", "hashtag"]
    assert found[1].length == len("https://example.org/a")


def test_nothing_is_found_inside_code() -> None:
    assert [entity.type for entity in texts.written("<code>/start</code>", "HTML", None)[1]] == ["code"]


def test_an_entity_beyond_the_text_is_refused() -> None:
    beyond = MessageEntity(type="bold", offset=3, length=5)

    with pytest.raises(Refused, match="ends after the end of the text"):
        texts.written("Hello", None, [beyond])


@given(st.text())
def test_escaped_text_comes_through_as_it_was(text: str) -> None:
    assert markup.parse(html.escape(text, quote=False)) == (text, [])


@given(st.text())
def test_any_text_is_parsed_or_refused(source: str) -> None:
    with contextlib.suppress(Refused):
        text, found = markup.parse(source)
        assert all(entity.offset + entity.length <= entities.units(text) for entity in found)


PARTS = ["<b>", "</b>", "<i>", "</i>", "<a href='https://e.org'>", "</a>", "😀", "&lt;", "x"]


@given(st.lists(st.sampled_from(PARTS)))
def test_what_the_page_shows_has_the_same_letters_and_closed_tags(parts: list[str]) -> None:
    try:
        text, found = markup.parse("".join(parts))
    except Refused:
        return
    shown = entities.render(text, found)

    assert markup.parse(shown.replace(' target="_blank" rel="noopener noreferrer"', ""))[0] == text


def test_a_hostile_address_is_no_link_on_the_page() -> None:
    text, found = markup.parse('<a href="javascript:alert(1)">x</a>')

    assert entities.render(text, found) == "x"
