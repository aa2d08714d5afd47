"""Every card in every state: whole, within measures, in plain words, and safe from what people write."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from dialogs import briefs, cards, conversation, digests
from dialogs.cards import Button, Card, Reader
from dialogs.translators import refusals
from facilitation import instruments
from facilitation.refusals import Refusal
from synthesis.disclosure import FEWEST
from tests import proof
from tests.dialogs import markup, published, scenes
from tests.dialogs.scenes import ALL, WORDS, Scene
from tests.dialogs.test_translation import messages

TEMPLATES = Path(cards.__file__).parent / "templates"
LONGEST_MESSAGE, LONGEST_CAPTION, LONGEST_NOTICE, LONGEST_DATA = 4096, 1024, 200, 64
# Letters that a button shows beside so many others on a phone 360 wide.
ROOM = {1: 34, 2: 15, 3: 10, 4: 7, 5: 5, 6: 4}
# Parts of a card, never sent alone.
PARTS = {"answer", "answered_back", "choice", "cell", "author", "place", "picture"}

everywhere = pytest.mark.parametrize("scene", ALL, ids=lambda scene: scene.name)


def test_every_template_is_drawn() -> None:
    drawn = {scene.template for scene in ALL}

    assert {path.stem for path in TEMPLATES.glob("*.html")} == drawn


@everywhere
def test_a_card_is_whole_and_telegram_can_read_it(scene: Scene) -> None:
    card = scene.draw(WORDS)

    shown, _ = markup.read(card.text)
    assert shown.strip()
    assert cards.units(card) == markup.units(shown) <= LONGEST_MESSAGE
    assert not re.search(r"\n{3}|None|undefined|\{\{|\}\}|%\(|  ", shown)
    if scene.template == "caption":
        assert markup.units(shown) <= LONGEST_CAPTION


@everywhere
def test_every_button_fits_and_has_a_verb(scene: Scene) -> None:
    rows = scene.draw("a name of thirty letters or so").rows

    for row in rows:
        assert all(0 < markup.units(button.label) <= ROOM[len(row)] for button in row)
        for button in row:
            assert len(button.data.encode()) <= LONGEST_DATA
            assert button.url.startswith("https://") or button.data.partition(":")[0] in conversation.VERBS


def test_a_group_chat_gets_no_buttons() -> None:
    cards_of_groups = [scene.draw(WORDS) for scene in ALL if scene.name.endswith("group True")]

    assert cards_of_groups
    assert not any(card.rows for card in cards_of_groups)


@pytest.mark.parametrize("words", ["word " * 300, "x" * 1500, "\U0001f600" * 700, "&<>" * 500, "ä" * 1500])
def test_a_digest_always_fits_a_screen_or_two(words: str) -> None:
    lengths = {
        scene.name: cards.units(scene.draw(words)) for scene in ALL if scene.template in ("digest", "brief")
    }

    assert not {name: length for name, length in lengths.items() if length > digests.LONGEST + 1600}
    assert not {
        name: length
        for name, length in lengths.items()
        if name.startswith("digest") and length > digests.LONGEST
    }


# What people write.

SIGNS = [
    *"abc \n\t&<>\"'{}%()[]:;*_`~|\\/#@!?=+-.,0123456789äßéñøžשלםمحب你好😀👍",
    "\x1e",
    "\x00",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\u2028",
    "\ufeff",
    "\xad",
    "\r",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "%(name)s",
    "<b>",
    "</b>",
    "<i>",
    "<u>",
    "<a href='https://example.org'>",
    "<tg-spoiler>",
    "</code>",
    "&lt;",
    "&#60;",
    "&amp;amp;",
    "word" * 60,
    "\n\nWhere we agree\n• ",
    '\x1e["Join", "join:1"]\x1e',
    "\U000e0041",
]
BIDI = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00\x1e\xad\u2028\U000e0041]")


def hostile(seed: int) -> str:
    chance = Random(seed)
    return "".join(chance.choices(SIGNS, k=chance.choice((1, 5, 20, 60, 200))))


def shape(card: Card) -> tuple[list[str], int, list[Button]]:
    """What words may not change: the tags, the number of lines, and where the buttons lead."""
    shown, tags = markup.read(card.text)
    return tags, shown.count("\n"), [Button("", button.data) for row in card.rows for button in row]


# One scene a template in which the words matter, the most telling one.
SHOWING = {
    scene.template: scene
    for scene in ALL
    if scene.draw("first").text != scene.draw("other").text and "group True" not in scene.name
}
SHOWING["digest"] = next(scene for scene in ALL if scene.name == "digest: quote by name , group False")
CROWDED = next(scene for scene in ALL if scene.name == "digest: crowded, group False")


@pytest.mark.promise
def test_hostile_words_break_no_card_and_look_like_none_of_ours(note: Callable[..., None]) -> None:
    plain = {name: shape(scene.draw("plain words")) for name, scene in SHOWING.items()}
    texts = proof.size(ci=50, long=1000)

    for seed in range(texts):
        words = hostile(seed) + "."
        # The fullest digest takes its time to draw.
        crowded = {"crowded": CROWDED} if seed % 20 == 0 else {}
        for name, scene in (SHOWING | crowded).items():
            card = scene.draw(words)
            found = shape(card)
            assert not BIDI.search(card.text)
            assert cards.units(card) <= (digests.LONGEST if scene.template == "digest" else LONGEST_MESSAGE)
            if scene.template != "digest":
                assert found == plain[name], (name, seed)
            assert not any(BIDI.search(button.label) for row in card.rows for button in row)
    note(29, texts=texts, templates=len(SHOWING), breaks=0)


def test_words_stay_what_they_are() -> None:
    words = "5 < 6 & “yes”, {{ he }} said: 100%"

    assert words in markup.read(SHOWING["refused"].draw(words).text)[0]


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 5, "short"),
        ("two words", 8, "two…"),
        ("a very long sentence, it goes on", 22, "a very long sentence…"),
        ("nobreak" * 4, 10, "nobreakno…"),
        ("one\n\n two\t three", 50, "one two three"),
        ("one\u2028two\u202e", 50, "one two"),
        ("\U0001f600" * 4, 8, "\U0001f600" * 4),
        ("\U0001f600" * 5, 8, "\U0001f600" * 3 + "…"),
        ("", 5, ""),
    ],
)
def test_words_are_shortened_to_one_line_between_words(text: str, most: int, expected: str) -> None:
    found = cards.short(text, most)

    assert found == expected
    assert markup.units(found) <= most


# How we speak.

BANNED = re.compile(
    r"\b(scores?|toxic|risks?|stakeholders?|leverag\w*|utilis\w*|utiliz\w*|synerg\w*|actionable|empower\w*|"
    r"deliverables?|capacity.building|key learnings?|going forward|reach out|touch base|deep dive|robust|"
    r"holistic|facilitate engagement|dysfunction\w*|non.?complian\w*|fail(ed|ure|s)?|failing|overdue|"
    r"you must|invalid|error|oops|unfortunately|please note|streak|ranking|league)\b",
    re.IGNORECASE,
)
LONGEST_SENTENCE = 25


def sentences() -> list[str]:
    """Every sentence of ours: of the templates, the refusals and the bank."""
    found = [message for some in messages().values() for message in some]
    found += [refusal.template() for refusal in refusals()]
    for path in instruments.BANK.glob("*.yaml"):
        instrument = instruments.parsed(instruments.raw(path.stem))
        for item in (*instrument.items, *instrument.bank):
            worded = (item.wording, item.why, item.low, item.high, *item.options)
            found += [wording["en"] for wording in worded if wording]
    return found


def test_our_sentences_are_short_plain_and_calm() -> None:
    said = sentences()

    assert len(said) > 150
    for text in said:
        plain = re.sub(r"<[^>]+>|%\(\w+\)s|\{\w+\}", "x", text)
        assert not BANNED.search(plain), text
        assert "!" not in plain, text
        for sentence in re.split(r"(?<=[.?:;])\s+", plain):
            assert len(sentence.split()) <= LONGEST_SENTENCE, text


@pytest.mark.parametrize("kind", ["same", "other"])
def test_what_pops_up_on_a_tap_is_short(kind: str) -> None:
    card = next(scene.draw(WORDS) for scene in ALL if scene.name == f"said_back: {kind} False")

    assert markup.units(cards.plain(card.text)) <= LONGEST_NOTICE


@pytest.mark.parametrize("refusal", sorted(refusals(), key=str))
def test_a_refusal_to_a_tap_fits_its_notice(refusal: type[Refusal]) -> None:
    of_taps = ("facilitation.answers", "facilitation.invites")

    said = refusal.template()

    assert said
    assert refusal.__module__ not in of_taps or markup.units(said) <= LONGEST_NOTICE


# The digest's own rules.


@pytest.mark.parametrize(
    ("opened", "expected"), [("2026-11-03", "3 to 6 November"), ("2026-10-30", "30 October to 6 November")]
)
def test_a_digest_says_which_days_it_is_about(opened: str, expected: str) -> None:
    made = published.facts(WORDS, opened=f"{opened}T10:00:00+00:00")

    card = digests.card(published.digest(made), scenes.partnership(), language="en")

    assert expected in card.text


def text_of(state: str) -> str:
    return markup.read(
        next(scene for scene in ALL if scene.name == f"digest: {state}, group False").draw(WORDS).text
    )[0]


def test_a_digest_names_both_sides_with_their_figures_and_the_odds_of_chance() -> None:
    text = text_of("turnout 3 of 4")

    assert "Lower: Community groups 1.5\nHigher: We hear about the plan when it is printed. 4.5, " in text
    assert "less than once in 200 times" in text


@pytest.mark.parametrize(
    ("p", "odds"), [(0.0001, 1000), (0.004, 200), (0.01, 100), (0.02, 50), (0.05, 20), (0.051, None)]
)
def test_the_odds_told_are_never_better_than_they_are(p: float, odds: int | None) -> None:
    assert digests._odds([published.gap("a", [1], [2], p=p), published.gap("b", [1], [2], p=0.0001)]) == odds


def test_the_hidden_are_mentioned_wherever_something_is_hidden() -> None:
    hidden = "Some groups are too small, or too few of them answered, to show them apart."

    assert hidden in text_of("nothing")
    assert hidden in text_of("somebody in no group")
    assert hidden in text_of("mixed")
    assert hidden in text_of("turnout 3 of 4")
    assert hidden not in text_of("crowded")


def test_a_digest_without_figures_says_so_and_asks_something_else() -> None:
    text = text_of("nothing")

    assert "Too few of us answered to show figures this time." in text
    assert f"from {FEWEST} people or more" in text
    assert "out of 5" not in text
    assert "what would make these questions worth our time?" in text


def test_a_digest_without_division_says_what_was_tested_and_no_more() -> None:
    alike, partly, close = (
        text_of(state) for state in ("no division", "no division in part", "a gap too small to show")
    )

    assert "Our groups see these questions alike: they differ no more than chance would give." in alike
    assert "cannot tell" not in alike
    assert "Where it could be tested, our groups see things alike" in partly
    assert "On the other questions these answers cannot tell." in partly
    assert "Where it could be tested" in close
    for text in (alike, partly, close):
        assert "A split inside a group would not show here yet." in text
        assert "Where we are close, that is worth saying when we meet." in text
        assert "divides" not in text
    assert "alike" not in text_of("too few to tell").replace("If these groups saw it alike", "")


def test_what_came_of_answering_the_last_digest_is_told_if_it_may_be() -> None:
    told = "Of those who answered the last digest, "

    assert told not in text_of("turnout 3 of 4")
    assert f"{told}most saw it that way." in text_of("answered back 3 of 4")
    assert f"{told}most saw it otherwise." in text_of("answered back 0 of 4")


def test_a_signed_quote_is_not_denied() -> None:
    assert "Nothing here says who said what." in text_of("quote by kind public")
    assert "Beyond the words that somebody signed, nothing here says who said what." in text_of(
        "quote by name "
    )


def test_an_item_that_parts_us_is_not_called_common_ground() -> None:
    made = published.facts(
        WORDS, signals=[published.gap("worth_it", [1], [2], p=0.01), published.ground("worth_it", [1, 2])]
    )

    card = digests.card(published.digest(made), scenes.partnership(), language="en")

    assert "Where we agree" not in card.text


def test_every_number_in_a_digest_stands_in_its_published_facts() -> None:
    """What a digest says of answers comes from published figures, bands, odds, and nothing else."""
    for state, made in published.states().items():
        facts = made("words")
        figures = [one for item in facts["items"] for one in [*item["cells"], item["total"]] if one]
        known = {str(one[key]) for one in figures for key in ("mean", "least", "most")}
        known |= {"3", "6", "14", "5", str(facts["minimum_group"]), *map(str, digests.ROUND_ODDS)}
        # Partners who are not reached, and words kept out, are no answers.
        known |= {str(len(facts["unreached"]["none"])), str(facts["withheld"] + facts["owed"]["withheld"])}
        card = digests.card(published.digest(made("words")), scenes.partnership("words"), language="en")
        told = re.sub(r"\d+ more group", "", markup.read(card.text)[0])

        assert set(re.findall(r"\d+(?:\.\d+)?", told)) <= known, state


def test_no_two_kinds_of_group_have_one_name() -> None:
    names = Counter(scene.draw("A name").text for scene in ALL if scene.template == "cell")

    assert names.most_common(1)[0][1] == 1


def test_every_word_is_read_a_page_at_a_time() -> None:
    quotes = [{"item": "", "text": f"{at} " + "x" * 2990, "by": "", "name": ""} for at in range(3)]
    quotes += [{"item": "", "text": f"short {at}", "by": "back", "name": ""} for at in range(30)]

    pages = briefs.pages(quotes)
    drawn = [
        briefs.page(published.digest({}), Reader(), quotes, at, private=True) for at in range(len(pages))
    ]

    assert [quote for page in pages for quote in page] == quotes
    assert all(cards.units(card) <= LONGEST_MESSAGE for card in drawn)
    assert [bool(card.rows) for card in drawn] == [True] * (len(pages) - 1) + [False]
