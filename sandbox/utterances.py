"""What simulated people write when they are asked for words."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

LONGEST = 4096  # a real phone cuts a longer text into several messages
FLOOD = 8000


@dataclass(frozen=True)
class Line:
    """Something a person says from a week on. `show`: part of the button for how it may be shown."""

    from_week: int
    say: str
    chance: float = 0.7
    show: str = ""


PLAIN = (
    "The new drop-in times work well for the families we see.",
    "Could we have the agenda two days earlier?",
    "It was good that the smaller groups spoke first this time.",
    "We would like to know what happened to the point about transport.",
    "Nothing urgent from us this week.",
    "Two of our volunteers are ill, so we answer more slowly.",
    "The referral form is still three pages long.",
    "Thank you for moving the meeting; we could all come.",
    "We have a room free on Wednesday evenings, if somebody needs one.",
    "Who decides about the leaflet in the end?",
    "The summer numbers were better than we feared.",
    "We say yes too quickly when the funder is in the room.",
    "Please send the draft before it is agreed, not after.",
    "We could take over the phone list from January.",
)
TERSE = ("fine", "ok", "more time", "no", "money", "transport", "same")
ANGRY = (
    "We said this in spring and nobody wrote it down.",
    "Stop sending us plans that are finished.",
    "Another meeting where two people talk and the rest nod.",
    "Who decided this? Not us.",
)
KEYS = "asdfghjklqwertyuiopzxcvbnm,.-"
FACES = "\U0001f600\U0001f996\U0001f355\U0001f680\U0001f9a9\U0001f937\u200d\u2640\ufe0f"
COMMANDS = ("/strat", "/start@somebody_else_bot", "/", "/help me please", "/0", "//raise", "/RAISE")
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "<b>bold <i>never closed & <a href='javascript:alert(1)'>click</a>",
    "*bold* _under_ [link](tg://user?id=1) `code` ||hidden|| ```\nblock",
    "\u202egnitirw desrever\u202c and \u2066isolated\u2069 and \u200fmarks\u200e",
    "zero\u200b\u200cwidth\u200d\ufeff\u2060 between every\u00ad word",
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7} %s %(name)s {0.__class__}",
    "'; DROP TABLE answers; -- \" OR 1=1 --",
    '=HYPERLINK("http://example.invalid","see")',
    "Z\u0351\u0343\u034f\u0321a\u0354\u0339l\u0322\u0327g\u0315o\u0334 \u0e4f\u0e4f\u0e4f",
    "</div></body></html><!-- &lt;&amp;&#0;&#x202e; -->",
)


def words(temperament: str, lines: Sequence[Line], week: int, chance: Random, *, writes: float) -> str:
    """What is written this week; empty if nothing."""
    due = [line for line in lines if line.from_week <= week]
    if due:
        newest = max(line.from_week for line in due)
        line = chance.choice([line for line in due if line.from_week == newest])
        return line.say if chance.random() < line.chance else ""
    return _own(temperament, chance) if chance.random() < writes else ""


def _own(temperament: str, chance: Random) -> str:
    if temperament == "nonsense":
        return nonsense(chance)
    if temperament == "hostile":
        return hostile(chance)
    return chance.choice({"terse": TERSE, "angry": ANGRY}.get(temperament, PLAIN))


def nonsense(chance: Random) -> str:
    ways = (
        "".join(chance.choices(KEYS + " ", k=chance.randint(4, 60))).strip() or "asdf",
        "".join(chance.choices(FACES, k=chance.randint(1, 12))),
        chance.choice(("la", "ha", "x")) * chance.randint(200, 1200),
        chance.choice(COMMANDS),
    )
    return chance.choice(ways)


def hostile(chance: Random) -> str:
    """Markup of every sort; one in four is 8,000 characters long before the phone cuts it."""
    line = chance.choice(HOSTILE)
    return chance.choice((line, line, line, (line + "<b>") * (FLOOD // (len(line) + 3))))


def stray(temperament: str, chance: Random) -> str:
    """Something typed where a tap was asked for."""
    if temperament == "hostile":
        return hostile(chance)[:LONGEST]
    return chance.choice((*COMMANDS, "5", "yes", "hello", nonsense(chance)))


def pieces(text: str) -> list[str]:
    """A text as the phone sends it: in messages of at most 4,096 UTF-16 units."""
    cut: list[str] = []
    piece, size = "", 0
    for character in text:
        width = len(character.encode("utf-16-le", "surrogatepass")) // 2
        if size + width > LONGEST:
            cut.append(piece)
            piece, size = "", 0
        piece += character
        size += width
    return [part for part in (*cut, piece) if part.strip()]
