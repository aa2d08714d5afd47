"""A member's first month in Chromium: Sam, of a refugee group, from the link to being forgotten."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.story import circle, stage
from tests.story.circle import Circle
from tests.story.stage import PATIENCE, Handset, Stage

pytestmark = pytest.mark.browser

WORDS = "We hear about the plan when it is printed."
BETTER_WORDS = "We hear about the plan when it is printed. Ask us before."
RAISED = "Can the meetings be after seven? Our people work in shifts."
REPLY = "From December on we meet at half past seven."
OLD_BUTTON = "Send /start to see where you are."


def at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    """Riverside keeps London's time, which is UTC in these weeks."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@dataclass
class Month:
    """Everybody in the story."""

    stage: Stage
    sam: Handset
    fay: Handset
    circle: Circle


def reworded(handset: Handset, text: str) -> None:
    """Edit the last message one sent, as with a long press."""
    field_ = handset.page.get_by_label("Write a message")
    field_.press("ArrowUp")
    field_.fill(text)
    field_.press("Enter")
    handset.texts += 1
    handset.sees(text)
    handset.settle()


def told(handset: Handset, text: str) -> None:
    """A short note comes over the chat, and goes by itself."""
    expect(handset.page.locator(".toast")).to_contain_text(text, timeout=PATIENCE * 1000)


def answered(handset: Handset, text: str) -> None:
    """A note lies over the chat until it is tapped away."""
    note = handset.page.get_by_role("alertdialog")
    expect(note).to_contain_text(text, timeout=PATIENCE * 1000)
    note.get_by_role("button", name="OK").click()


def pictured(handset: Handset, name: str, said: str | None = None) -> None:
    """A picture of the chat's end, or from the message on that says so; without notes that fade away."""
    found = handset.page.locator(".message", has_text=said).last
    found.evaluate("(one, whole) => one.scrollIntoView({ block: whole ? 'end' : 'start' })", said is None)
    handset.page.evaluate("document.querySelectorAll('.toast').forEach((one) => one.remove())")
    handset.shot(name)


def nothing_comes(month: Month, *moments: datetime) -> None:
    """Time goes by, and Sam's phone stays silent."""
    before = circle.messages(month.stage, month.sam.user)
    for moment in moments:
        month.stage.move(moment)
    assert circle.messages(month.stage, month.sam.user) == before


# The chapters, in the order of the calendar.


def joins(month: Month) -> None:
    sam = month.sam

    sam.start(month.circle.links["Sam"])

    sam.sees("Riverside asks you in, for Harbour Refugee Group.")
    sam.sees("Nobody here is shown who said what, the facilitator included.")
    sam.sees("Riverside Community Trust, who runs this server, can technically see")
    pictured(sam, "member-1-a-link")
    sam.tap("How it works")
    sam.sees("There are two reminders at most, never at night.")
    sam.tap("Back")
    sam.tap("Join")
    sam.sees("Your first questions come Tuesday 10:00, on 3 November.")


def sets_language_and_clock(month: Month) -> None:
    sam = month.sam

    sam.say("/language")
    sam.tap("Cymraeg")
    sam.sees("Eich iaith a'ch cloc")
    sam.tap("English")
    sam.tap("My clock")
    sam.say("Azores")

    sam.sees("Times are told by the clock of Azores.")
    sam.tap("Back")
    sam.sees("The next questions come Tuesday 9:00, on 3 November.")


def answers_every_card(month: Month) -> None:
    """Goes back once, skips one, writes a sentence and chooses how it may be shown."""
    sam = month.sam
    month.stage.move(at(3, 10))
    sam.sees("Open until Friday 16:00.")
    sam.sees("only group results are shown")

    sam.tap("Start")
    sam.tap("Why this question?")
    sam.sees("Being asked without being heard wears people out.")
    sam.tap("2")
    sam.sees("2 of 6")
    sam.tap("Back")
    sam.sees("Your answer so far: 2 out of 5")
    pictured(sam, "member-2-a-question")
    sam.tap("1")
    sam.tap("3")
    sam.tap("Skip")
    sam.tap("4")
    sam.tap("5")
    sam.sees("Nobody reads along live.")
    sam.say(WORDS)
    sam.sees("Until you choose, only the facilitator gets it, without your name.")
    pictured(sam, "member-3-own-words")
    sam.tap("Quoted, no name")

    sam.sees("Thank you. That was everything. You can change any answer until Friday 16:00.")
    sam.sees("(quoted, no name)")


def changes_an_answer_and_the_words(month: Month) -> None:
    sam = month.sam

    sam.tap("Change an answer")
    sam.sees("no answer")
    sam.tap("3")
    sam.tap("5")
    sam.sees("3. What this partnership asks of us is fair for… → 5 out of 5")
    reworded(sam, BETTER_WORDS)

    sam.sees("You chose: quoted, no name.")
    sam.tap("Keep it")
    sam.sees(BETTER_WORDS)
    month.circle.go_on()


def reads_the_digest_and_answers_back(month: Month) -> None:
    sam = month.sam
    month.stage.move(at(6, 17))
    month.stage.move(at(9, 8))

    month.stage.move(at(9, 9))

    sam.sees("Lower: Community groups 1.5")
    sam.sees(f"“{BETTER_WORDS}” (a community group)")
    assert "Sam" not in sam.text
    pictured(sam, "member-4-the-digest", "at a glance")
    sam.tap("That's how I see it")
    told(sam, "Thank you, kept.")
    sam.tap("Not quite")
    answered(sam, "What is missing? Write it as your next message.")
    sam.say("Ask us before the plan, not after it.")
    sam.sees("Kept. The facilitator reads it, without your name")


def taps_an_old_button(month: Month) -> None:
    sam = month.sam

    sam.tap("Change an answer")

    sam.saw("This round closed on 6 November. Its digest is here.")
    sam.tap("Read it")
    sam.sees("Lower: Community groups 1.5")


def begins_the_second_round(month: Month) -> None:
    """Rates others as well, and stops half-way."""
    sam = month.sam
    month.stage.move(at(10, 10))

    sam.tap("Start")
    sam.tap("2")
    sam.tap("4")

    sam.sees(re.compile("you and"))
    sam.sees("Could you say no to them without losing something that matters?")
    sam.tap("5")
    sam.sees("4 of 8")


def raises_something(month: Month) -> None:
    sam = month.sam
    month.stage.move(at(11, 12))

    sam.say("/raise")
    sam.sees("A reply is owed to you by 25 November. It comes here.")
    sam.say(RAISED)
    sam.sees("Until you choose, nobody gets it.")
    sam.tap("Someone at our organisation")

    sam.sees("Thank you. It is on its way.")
    pictured(sam, "member-5-raised")


def is_reminded_by_day(month: Month) -> None:
    """Half of the window is over in the night: the reminder waits for the morning by Sam's own clock."""
    sam = month.sam
    nothing_comes(month, at(12, 1, 30))
    assert "Still open until" not in month.circle.told()
    nothing_comes(month, at(12, 8))
    assert "Still open until Friday 17:00" in month.circle.told()

    month.stage.move(at(12, 9))

    sam.sees("Still open until Friday 16:00")
    sam.sees("If it does not fit this week, that is fine too.")
    pictured(sam, "member-6-a-reminder")
    sam.tap("Answer")
    sam.sees("4 of 8")
    for rating in ("3", "4", "2", "4"):
        sam.tap(rating)
    sam.sees("What should be said aloud this week?")
    sam.tap("Skip")
    sam.sees("Thank you. That was everything.")
    month.circle.go_on()


def is_given_a_reply(month: Month) -> None:
    fay, sam = month.fay, month.sam
    fay.sees("Something was raised, and is owed a reply.")
    assert RAISED not in fay.text

    fay.tap("Read it")
    fay.tap("11 November: Can the meetin", exact=False)
    fay.tap("Agreed")
    fay.say(REPLY)
    fay.tap("In 2 weeks: 26 November")
    fay.sees("Agreed, by 26 November.")
    fay.tap("Send")
    fay.sees("The reply is on its way.")
    month.stage.move(at(12, 10))

    sam.sees("There is a reply to what you raised")
    sam.sees(f"Agreed, by 26 November. “{REPLY}”")
    nothing_comes(month, at(13, 9))


def reads_it_in_the_digest(month: Month) -> None:
    sam = month.sam
    month.stage.move(at(13, 17))
    month.stage.move(at(16, 8))

    month.stage.move(at(16, 9))

    sam.sees("You said, we did")
    sam.sees(f"“{RAISED}” (someone at Harbour Refugee Group)")
    sam.sees("Beyond the words that somebody signed, nothing here says who said what.")


def does_not_want_to_this_week(month: Month) -> None:
    """No reminder comes any more; and a change of mind is welcome."""
    sam = month.sam
    month.stage.move(at(17, 10))

    sam.tap("Not this week")

    sam.sees("All right, no reminder this week.")
    nothing_comes(month, at(19, 9), at(20, 9))
    assert "This is the last reminder." in month.circle.told()
    sam.tap("Start after all")
    for rating in ("2", "3", "2", "4"):
        sam.tap(rating)
    sam.sees("What do you think most others here said")
    sam.sees("Question 2 was: “We can disagree here without paying for it later.”")
    sam.tap("4")
    sam.tap("Skip")
    sam.sees("Thank you. That was everything.")


def chooses_in_the_fourth_round(month: Month) -> None:
    sam = month.sam
    for moment in (at(20, 17), at(23, 8), at(23, 9), at(24, 10)):
        month.stage.move(moment)

    sam.tap("Start")
    sam.tap("3")
    sam.tap("3")
    sam.sees("When we disagree here, what is it mostly about?")
    sam.tap("How things are done")
    sam.tap("4")
    sam.tap("4")
    sam.tap("Skip")

    sam.sees("→ How things are done")
    month.circle.go_on()


def is_asked_whether_heard(month: Month) -> None:
    sam = month.sam

    month.stage.move(at(26, 12))

    sam.sees("Were you heard?")
    sam.sees(REPLY)
    pictured(sam, "member-7-were-you-heard")
    sam.tap("Yes")
    sam.sees("It is kept: you were heard.")
    sam.sees("The facilitator reads this in the next brief, without your name.")


def is_away_for_a_week(month: Month) -> None:
    """Sam is asked nothing meanwhile; the digest comes all the same."""
    sam = month.sam

    sam.say("/away")
    sam.tap("A week")

    sam.sees("You are away until 3 December. From that day on you are asked again.")
    for moment in (at(27, 17), at(30, 8), at(30, 9)):
        month.stage.move(moment)
    sam.sees("Chosen by most of us: What we want to reach.")
    nothing_comes(month, at(1, 10, month=12), at(3, 10, month=12))
    sam.say("/start")
    sam.sees("Nothing to do now. The next questions come Tuesday 9:00, on 8 December.")


def looks_up_earlier_digests(month: Month) -> None:
    sam = month.sam

    sam.say("/digests")
    offered = [key["text"] for row in circle.messages(month.stage, sam.user)[-1]["buttons"] for key in row]
    assert offered[:4] == [
        f"pulse {number} · {day} November" for number, day in ((4, 27), (3, 20), (2, 13), (1, 6))
    ]
    sam.tap("pulse 1 · 6 November")

    sam.sees(f"“{BETTER_WORDS}” (a community group)")


def reads_everything_that_is_kept(month: Month) -> None:
    sam = month.sam

    sam.say("/mydata")

    sam.sees("What is kept about you")
    pictured(sam, "member-8-what-is-kept")
    with sam.page.expect_download() as download:
        sam.page.locator(".message").last.get_by_role("link", name="parley-mydata.json").click()
    kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert kept["you"]["clock"] == "Atlantic/Azores"
    assert [place["organisation"] for place in kept["places"]] == ["Harbour Refugee Group"]
    assert all(words in json.dumps(kept, ensure_ascii=False) for words in (BETTER_WORDS, RAISED))


def leaves(month: Month) -> None:
    sam = month.sam

    sam.say("/leave")
    sam.sees("The facilitator learns only that a seat is empty, not why.")
    sam.tap("Leave")

    sam.sees("You have left Riverside. Thank you for what you brought.")
    sam.tap("Choose another day")
    answered(sam, OLD_BUTTON)
    sam.say("/start")
    sam.sees("You have left the partnerships you were in.")


def is_forgotten(month: Month) -> None:
    sam = month.sam

    sam.say("/forget")
    sam.sees("This cannot be taken back: digests and messages that were sent already")
    sam.tap("Go on to erase")
    sam.tap("Yes, erase everything")

    sam.sees("Everything about you is erased. Parley does not know you any more.")
    sam.tap("Choose another day")
    answered(sam, OLD_BUTTON)
    sam.say("/start")
    sam.sees("To take part you need a link from the facilitator of your partnership.")
    assert "You have left" not in sam.text


CHAPTERS = (
    joins,
    sets_language_and_clock,
    answers_every_card,
    changes_an_answer_and_the_words,
    reads_the_digest_and_answers_back,
    taps_an_old_button,
    begins_the_second_round,
    raises_something,
    is_reminded_by_day,
    is_given_a_reply,
    reads_it_in_the_digest,
    does_not_want_to_this_week,
    chooses_in_the_fourth_round,
    is_asked_whether_heard,
    is_away_for_a_week,
    looks_up_earlier_digests,
    reads_everything_that_is_kept,
    leaves,
    is_forgotten,
)


def test_a_member_joins_answers_is_heard_rests_and_leaves_within_a_month(tmp_path: Path) -> None:
    with stage.opened(tmp_path, at(2, 9), unreviewed_languages="cy") as stage_:
        month = Month(
            stage_,
            stage_.person("Sam"),
            stage_.person("Fay"),
            circle.gathered(stage_, on_stage=("Sam", "Fay")),
        )
        month.fay.start(month.circle.links["Fay"])
        month.fay.tap("Join")

        for chapter in CHAPTERS:
            chapter(month)
