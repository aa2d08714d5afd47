"""The phones in a real browser: what a visitor sees, taps and types."""

import base64
import re
import struct
import zlib

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.sandbox_page.conftest import Town, phone_of

pytestmark = pytest.mark.browser
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "</div></article><iframe src=javascript:alert(1)>",
    "\u202egnitirw desrever",
    "[x](javascript:alert(1)) &lt;b&gt; {{7*7}} \u200b\u2066",
)


def png(width: int = 300, height: int = 200) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + b"\x66" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_bubbles_show_who_speaks_with_their_formatting(town: Town, page: Page) -> None:
    user = town.member("Refugee Group")
    text = "<b>bold</b> <i>slanted</i> <code>x=1</code>\n<blockquote>a <b>quote</b> of one piece</blockquote>"
    town.card(user, text, ["Join"], ["Who runs this?", "Not now"])

    page.goto(f"/?phones={user}&titles=Refugee group")

    phone = phone_of(page, user)
    expect(phone.locator(".caption")).to_have_text("Refugee group")
    expect(phone.locator(".message.mine .text")).to_have_text("/start")
    theirs = phone.locator(".message:not(.mine)")
    expect(theirs.locator("b").first).to_have_text("bold")
    expect(theirs.locator("blockquote")).to_have_text("a quote of one piece")
    expect(theirs.locator(".keys > div")).to_have_count(2)
    expect(theirs.get_by_role("button", name="Not now")).to_be_visible()
    expect(theirs.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))


def test_a_tap_spins_until_it_is_answered_and_the_notice_shows(town: Town, page: Page) -> None:
    user = town.member("Youth Centre")
    town.card(user, "1 of 2", ["1", "2"])
    page.goto(f"/?phones={user}")
    key = phone_of(page, user).get_by_role("button", name="2", exact=True)

    key.click()

    expect(key).to_have_attribute("aria-busy", "true")
    query = town.update("callback_query")
    assert query["data"] == "2"
    town.bot("answerCallbackQuery", callback_query_id=query["id"], text="Stored")
    expect(key).not_to_have_attribute("aria-busy", "true")
    expect(phone_of(page, user).locator(".toast")).to_have_text("Stored")


def test_an_alert_is_a_dialog_that_escape_closes(town: Town, page: Page) -> None:
    user = town.member("Council")
    town.card(user, "1 of 2", ["1"])
    page.goto(f"/?phones={user}")
    phone_of(page, user).get_by_role("button", name="1", exact=True).click()
    query = town.update("callback_query")

    town.bot("answerCallbackQuery", callback_query_id=query["id"], text="Not stored", show_alert=True)

    dialog = phone_of(page, user).get_by_role("alertdialog")
    expect(dialog).to_contain_text("Not stored")
    expect(dialog.get_by_role("button", name="OK")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_typing_shows_and_what_was_typed_replaces_it(town: Town, page: Page) -> None:
    user = town.member("Health Trust")
    page.goto(f"/?phones={user}")
    expect(phone_of(page, user).locator(".bar-title p")).to_have_text("bot")

    town.bot("sendChatAction", chat_id=user, action="typing")

    expect(phone_of(page, user).locator(".bar-title p")).to_contain_text("typing")
    town.bot("sendMessage", chat_id=user, text="Here you are")
    expect(phone_of(page, user).locator(".message").last).to_contain_text("Here you are")
    expect(phone_of(page, user).locator(".bar-title p")).to_have_text("bot")


def test_unread_marks_stand_until_the_chat_is_opened(town: Town, page: Page) -> None:
    user, other = town.member("Family Charity"), town.member("Facilitator")
    group = town.sandbox.ask("POST", "groups", {"title": "Riverside Forum", "members": [user, other]})["id"]
    town.act(user, "read", chat_id=group)
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)
    expect(phone.locator(".bar h2")).to_have_text("Parley")

    town.act(other, "send", chat_id=group, text="Shall we meet?")

    back = phone.get_by_role("button", name="All chats, 1 unread elsewhere")
    expect(back.locator(".badge")).to_have_text("1")
    back.click()
    entry = phone.get_by_role("button", name="Riverside Forum")
    expect(entry).to_contain_text("Facilitator: Shall we meet?")
    entry.click()
    expect(phone.locator(".who").last).to_have_text("Facilitator")
    expect(phone.get_by_role("button", name="All chats", exact=True)).to_be_visible()
    assert next(chat["unread"] for chat in town.phone(user)["chats"] if chat["id"] == group) == 0


def test_what_came_while_the_line_was_down_appears_after_it_is_back(town: Town, page: Page) -> None:
    user = town.member("Youth Centre")
    lines: list[WebSocketRoute] = []
    down: list[bool] = []

    def line(route: WebSocketRoute) -> None:
        if down:
            route.close()
            return
        route.connect_to_server()
        lines.append(route)

    page.route_web_socket("**/control/live", line)
    page.goto(f"/?phones={user}")
    expect(phone_of(page, user).locator(".message")).to_have_count(1)

    down.append(True)
    lines[-1].close()
    expect(page.locator("#connection")).to_be_visible()
    town.bot("sendMessage", chat_id=user, text="While you were away")
    down.clear()

    expect(phone_of(page, user).locator(".message").last).to_contain_text(
        "While you were away", timeout=15_000
    )
    expect(page.locator("#connection")).to_be_hidden()


def test_a_narrow_screen_shows_one_phone_and_tabs_to_the_others(town: Town, narrow_page: Page) -> None:
    one, two = town.member("Council"), town.member("Refugee Group")

    narrow_page.goto(f"/?phones={one},{two}&titles=Council,Refugee group")

    expect(phone_of(narrow_page, one)).to_be_visible()
    expect(phone_of(narrow_page, two)).to_be_hidden()
    narrow_page.get_by_role("button", name="Refugee group").click()
    expect(phone_of(narrow_page, two)).to_be_visible()
    expect(phone_of(narrow_page, one)).to_be_hidden()
    width = narrow_page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(town: Town, page: Page, text: str) -> None:
    user = town.user(text[:60])
    town.act(user, "start")
    town.act(user, "send", text=text)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    town.card(user, f"<b>{escaped}</b>", [text[:60]])
    town.bot("setMyCommands", commands=[{"command": "start", "description": text[:200]}])
    page.goto(f"/?phones={user}&titles={text[:20]}")
    phone = phone_of(page, user)

    expect(phone.locator(".message.mine .text").last).to_have_text(text)
    phone.get_by_role("button", name="Commands").click()

    expect(phone.get_by_role("menu")).to_contain_text("/start")
    assert page.title() == "Sandbox phones"
    assert page.locator("#phones iframe, #phones script, #phones [onerror]").count() == 0
    town.bot("deleteMyCommands")


def test_a_card_is_answered_by_keyboard_alone_and_keeps_the_focus(town: Town, page: Page) -> None:
    user = town.user("Refugee Group")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)
    start = phone.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_visible()

    for _ in range(12):
        page.keyboard.press("Tab")
        if start.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")
    field = phone.get_by_label("Write a message")
    expect(field).to_be_focused()
    number = town.card(user, "1 of 2", ["1", "2"], ["Skip"])
    expect(phone.get_by_role("button", name="Skip")).to_be_visible()
    while not phone.get_by_role("button", name="2", exact=True).evaluate("n => n === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    query = town.update("callback_query")
    keyboard = [[{"text": "1", "callback_data": "b1"}, {"text": "2", "callback_data": "b2"}]]
    town.bot(
        "editMessageText",
        chat_id=user,
        message_id=number,
        text="2 of 2",
        reply_markup={"inline_keyboard": keyboard},
    )
    town.bot("answerCallbackQuery", callback_query_id=query["id"])

    expect(phone.locator(".message").last).to_contain_text("2 of 2")
    expect(phone.locator('.key[data-data="b1"]')).to_be_focused()
    while not field.evaluate("n => n === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.type("We hear about it when it is printed.")
    page.keyboard.press("Enter")
    expect(phone.locator(".message.mine").last).to_contain_text("when it is printed")
    assert town.messages(user)[-1]["text"] == "We hear about it when it is printed."


def test_messages_are_reached_by_arrows_and_their_menu_by_enter(town: Town, page: Page) -> None:
    user = town.member("Council")
    town.bot("sendMessage", chat_id=user, text="A question")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)
    expect(phone.locator(".message")).to_have_count(2)
    phone.get_by_role("log").focus()

    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    phone.get_by_role("menuitem", name="Reply").focus()
    page.keyboard.press("Enter")

    expect(phone.locator(".context")).to_contain_text("Reply to")
    page.keyboard.type("An answer")
    page.keyboard.press("Enter")
    expect(phone.locator(".message.mine .about").last).to_be_visible()
    assert town.messages(user)[-1]["reply_to"] is not None


def test_an_own_message_is_edited_by_a_double_click(town: Town, page: Page) -> None:
    user = town.member("Housing Association")
    town.act(user, "send", text="Frist")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)

    phone.locator(".message.mine", has_text="Frist").dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("First")
    page.keyboard.press("Enter")

    expect(phone.locator(".message.mine").last).to_contain_text("First")
    expect(phone.locator(".message.mine .meta").last).to_contain_text("edited")
    assert town.update("edited_message")["text"] == "First"


def test_a_link_into_the_bot_starts_it_on_this_phone(town: Town, page: Page) -> None:
    user = town.member("Facilitator")
    town.bot("sendMessage", chat_id=user, text="Join: https://t.me/parley_bot?start=seat-14")
    page.goto(f"/?phones={user}")

    phone_of(page, user).get_by_role("link", name="https://t.me/parley_bot").click()

    expect(phone_of(page, user).locator(".message.mine")).to_have_count(2)
    expect(phone_of(page, user).locator(".message.mine .text").last).to_have_text("/start")
    assert town.messages(user)[-1]["text"] == "/start seat-14"


def test_a_link_into_a_group_asks_which_and_brings_the_bot_in(town: Town, page: Page) -> None:
    user = town.member("Facilitator")
    town.bot("sendMessage", chat_id=user, text="Here: https://t.me/parley_bot?startgroup=seat-16")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)

    phone.get_by_role("link", name="https://t.me/parley_bot").click()
    phone.get_by_role("menuitem", name="New group").click()
    page.keyboard.type("Riverside together")
    page.keyboard.press("Enter")

    expect(phone.locator(".message.mine .text")).to_have_text("/start@parley_bot seat-16")
    group = next(chat for chat in town.phone(user)["chats"] if chat["title"] == "Riverside together")
    assert group["messages"][-1]["text"] == "/start@parley_bot seat-16"


def test_a_file_is_sent_from_the_phone(town: Town, page: Page) -> None:
    user = town.member("Facilitator")
    page.goto(f"/?phones={user}")
    content = b"partnership,organisation\n"

    page.locator("input[type=file]").set_input_files(
        {"name": "roster.csv", "mimeType": "text/csv", "buffer": content}
    )

    expect(phone_of(page, user).locator(".message.mine").last).to_contain_text("roster.csv")
    assert town.messages(user)[-1]["document"]["name"] == "roster.csv"


def test_an_invite_link_can_be_opened_by_hand_before_the_first_start(town: Town, page: Page) -> None:
    user = town.user("Youth Centre")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)

    phone.get_by_role("button", name="More about this chat").click()
    phone.get_by_role("menuitem", name="Open an invite link").click()
    page.keyboard.type("t.me/parley_bot?start=seat-15")
    page.keyboard.press("Enter")

    expect(phone.locator(".message.mine .text")).to_have_text("/start")
    assert town.messages(user)[-1]["text"] == "/start seat-15"


def test_a_phone_that_is_not_read_yet_takes_a_tap_once_it_is(town: Town, page: Page) -> None:
    user = town.member("Funder")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/control/phones/{user}", hold, times=1)
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)
    more = phone.get_by_label("More about this chat")
    expect(more).to_be_attached()

    with pytest.raises(NotInTime):
        more.click(timeout=300)
    held[0].continue_()
    more.click()

    expect(phone.get_by_role("menuitem", name="Block the bot")).to_be_visible()


def test_blocking_replaces_the_writing_field_and_unblocking_brings_it_back(town: Town, page: Page) -> None:
    user = town.member("Funder")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)

    phone.get_by_role("button", name="More about this chat").click()
    phone.get_by_role("menuitem", name="Block the bot").click()

    unblock = phone.get_by_role("button", name="Unblock")
    expect(unblock).to_be_visible()
    assert town.phone(user)["blocked"] is True
    unblock.click()
    expect(phone.get_by_label("Write a message")).to_be_visible()


def test_a_blocked_bot_is_restarted_with_one_tap(town: Town, page: Page) -> None:
    user = town.member("Funder")
    town.act(user, "block")
    page.goto(f"/?phones={user}")
    phone = phone_of(page, user)

    phone.get_by_role("button", name="Restart bot").click()

    expect(phone.get_by_label("Write a message")).to_be_visible()
    expect(phone.get_by_text("/start").last).to_be_visible()
    assert town.phone(user)["blocked"] is False


def test_a_picture_is_sent_shown_and_enlarged(town: Town, page: Page) -> None:
    user = town.member("Council")
    town.act(user, "photo", name="us.png", base64=base64.b64encode(png()).decode(), caption="All of us")
    page.goto(f"/?phones={user}")

    phone_of(page, user).get_by_role("button", name="Enlarge the picture").click()

    large = page.get_by_role("dialog", name="All of us")
    expect(large.get_by_role("img")).to_be_visible()
    assert large.get_by_role("img").evaluate("node => node.naturalWidth") == 300
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)


def test_a_poll_takes_a_vote_and_shows_the_shares(town: Town, page: Page) -> None:
    user = town.member("Health Trust")
    options = [{"text": "Tuesday"}, {"text": "Thursday"}]
    town.bot("sendPoll", chat_id=user, question="Which evening?", options=options, is_anonymous=False)
    page.goto(f"/?phones={user}")

    phone_of(page, user).get_by_role("button", name="Thursday").click()

    chosen = phone_of(page, user).get_by_role("button", name="Thursday")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(chosen).to_contain_text("100 %")
    assert town.update("poll_answer")["option_ids"] == [1]


def test_new_messages_leave_a_reader_higher_up_alone(town: Town, page: Page) -> None:
    user = town.member("Family Charity")
    for number in range(30):
        town.bot("sendMessage", chat_id=user, text=f"Message {number}\n\nwith some more to it")
    page.goto(f"/?phones={user}")
    log = phone_of(page, user).get_by_role("log")
    expect(log.get_by_text("Message 29")).to_be_in_viewport()
    log.evaluate("node => node.scrollTo(0, 200)")
    jump = phone_of(page, user).get_by_role("button", name="Go to the newest message")
    expect(jump).to_be_visible()

    town.bot("sendMessage", chat_id=user, text="One more")

    expect(jump.locator(".badge")).to_have_text("1")
    assert log.evaluate("node => node.scrollTop") == 200
    jump.click()
    expect(log.get_by_text("One more")).to_be_in_viewport()


def test_the_strip_says_what_happens_and_its_wishes_wait_while_it_is_busy(town: Town, page: Page) -> None:
    user = town.member("Facilitator")
    page.goto(f"/?phones={user}")
    strip = {"time": "Tuesday 3 November 2026, 10:00", "text": "Round 2 is open.", "busy": False}
    town.sandbox.ask("POST", "strip", strip)
    expect(page.locator("#strip-text")).to_have_text("Round 2 is open.")
    expect(page.locator("#strip-time")).to_have_text("Tuesday 3 November 2026, 10:00")
    expect(phone_of(page, user).locator(".status span")).to_have_text("10:00")

    page.get_by_role("button", name="Next day").click()

    assert town.sandbox.ask("GET", "wish?wait=3") == {"advance": "day"}
    town.sandbox.ask("POST", "strip", {"busy": True, "text": "Tuesday passes."})
    expect(page.get_by_role("button", name="Next week")).to_be_disabled()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.wait_for_timeout(800)
    town.sandbox.ask("POST", "strip", {"busy": False})
    expect(page.get_by_role("button", name="Next week")).to_be_enabled()
    expect(page.get_by_role("progressbar")).to_be_hidden()


def test_without_a_choice_the_phones_of_the_strip_stand_there(town: Town, page: Page) -> None:
    user = town.member("Council")
    town.sandbox.ask("POST", "strip", {"phones": [{"user": user, "chat": user, "caption": "The council"}]})

    page.goto("/")

    expect(page.locator(".phone")).to_have_count(1)
    expect(page.locator(".caption")).to_have_text("The council")
    town.sandbox.ask("POST", "strip", {"phones": []})
