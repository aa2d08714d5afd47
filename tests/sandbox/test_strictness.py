"""As strict as Telegram, or stricter."""

from typing import Any

import aiogram.methods
import aiohttp
import pytest

from sandbox.methods import HANDLERS
from tests.sandbox.conftest import Phone, Raw, png

HELLO = {"text": "Hello"}


async def test_an_unknown_parameter_is_refused(raw: Raw, member: Phone) -> None:
    told = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", colour="red")

    assert told == 'Bad Request: unknown parameter "colour"'


async def test_an_unknown_name_inside_a_keyboard_is_refused(raw: Raw, member: Phone) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a", "colour": "red"}]]}

    told = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)

    assert told == 'Bad Request: unknown parameter "reply_markup.inline_keyboard.colour"'


async def test_what_is_known_but_not_modelled_says_so(raw: Raw, member: Phone) -> None:
    told = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", message_effect_id="1")

    assert told.startswith('Not Implemented: parameter "message_effect_id" of sendMessage')


@pytest.mark.parametrize("method", ["sendVideo", "logOut", "close", "copyMessage", "banChatMember"])
async def test_a_method_that_is_not_modelled_answers_501_by_name(raw: Raw, method: str) -> None:
    status, body = await raw(method)

    assert status == 501
    assert body["description"] == f"Not Implemented: {method} is not modelled by this sandbox"


async def test_a_method_nobody_knows_is_not_found(raw: Raw) -> None:
    status, body = await raw("sendCheer")

    assert (status, body) == (404, {"ok": False, "error_code": 404, "description": "Not Found"})


async def test_a_wrong_token_is_unauthorised(raw: Raw) -> None:
    async with raw.session.get(f"{raw.sandbox.url}/bot1:nobody/getMe") as answer:
        body = await answer.json()

    assert body == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_what_is_no_token_at_all_is_not_found(raw: Raw) -> None:
    async with raw.session.get(f"{raw.sandbox.url}/botnonsense/getMe") as answer:
        body = await answer.json()

    assert body == {"ok": False, "error_code": 404, "description": "Not Found"}


@pytest.mark.parametrize("name", ["getMe", "getme", "GETME"])
async def test_method_names_may_be_in_any_case(raw: Raw, name: str) -> None:
    assert (await raw.result(name))["is_bot"]


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "<b></b>", "<b> </b>"])
async def test_an_empty_text_is_refused(raw: Raw, member: Phone, text: str) -> None:
    told = await raw.refusal("sendMessage", chat_id=member.user, text=text, parse_mode="HTML")

    assert told == "Bad Request: message text is empty"


async def test_a_missing_text_is_an_empty_one(raw: Raw, member: Phone) -> None:
    assert await raw.refusal("sendMessage", chat_id=member.user) == "Bad Request: message text is empty"
    assert await raw.refusal("sendMessage", text="Hello") == "Bad Request: chat_id is empty"


@pytest.mark.parametrize(
    ("text", "fits"),
    [("a" * 4096, True), ("a" * 4097, False), ("😀" * 2048, True), ("😀" * 2048 + "a", False)],
)
async def test_a_text_has_4096_utf16_units(raw: Raw, member: Phone, text: str, *, fits: bool) -> None:
    status, body = await raw("sendMessage", chat_id=member.user, text=text)

    assert (status == 200) is fits
    assert fits or body["description"] == "Bad Request: message is too long"


async def test_length_counts_after_the_entities_are_parsed(raw: Raw, member: Phone) -> None:
    text = f"<b>{'&amp;' * 4096}</b>"

    sent = await raw.result("sendMessage", chat_id=member.user, text=text, parse_mode="HTML")

    assert sent["text"] == "&" * 4096


@pytest.mark.parametrize(("length", "fits"), [(1024, True), (1025, False)])
async def test_a_caption_has_1024_units(raw: Raw, member: Phone, length: int, *, fits: bool) -> None:
    status, body = await upload(raw, "sendPhoto", "photo", png(), chat_id=member.user, caption="a" * length)

    assert (status == 200) is fits
    assert fits or body["description"] == "Bad Request: message caption is too long"


async def upload(raw: Raw, method: str, field: str, data: bytes, **given: object) -> tuple[int, Any]:
    form = aiohttp.FormData()
    for name, value in given.items():
        form.add_field(name, str(value))
    form.add_field(field, data, filename="file.png", content_type="image/png")
    async with raw.session.post(f"{raw.sandbox.url}/bot{raw.sandbox.token}/{method}", data=form) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (png(5001, 5000), "PHOTO_INVALID_DIMENSIONS"),
        (png(100, 1), "PHOTO_INVALID_DIMENSIONS"),
        (b"", "file must be non-empty"),
    ],
    ids=["text", "too large", "too thin", "empty"],
)
async def test_only_a_proper_picture_is_a_photo(raw: Raw, member: Phone, data: bytes, told: str) -> None:
    _, body = await upload(raw, "sendPhoto", "photo", data, chat_id=member.user)

    assert body["description"] == f"Bad Request: {told}"


async def test_an_attached_file_may_have_any_name(raw: Raw, member: Phone) -> None:
    status, body = await upload(raw, "sendPhoto", "f1", png(), chat_id=member.user, photo="attach://f1")

    assert (status, body["result"]["photo"][0]["width"]) == (200, 3)


async def test_a_file_that_is_not_attached_is_missed(raw: Raw, member: Phone) -> None:
    told = await raw.refusal("sendPhoto", chat_id=member.user, photo="attach://nothing")
    unknown = await raw.refusal("sendPhoto", chat_id=member.user, photo="AgACAgQnothing")

    assert told == 'Bad Request: attached file "nothing" is not in the request'
    assert unknown == "Bad Request: wrong file identifier/HTTP URL specified"


@pytest.mark.parametrize(
    ("button", "told"),
    [
        ({"text": "a"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "a", "callback_data": "a", "url": "https://example.org"}, "exactly one action"),
        ({"text": " ", "callback_data": "a"}, 'Field "text"'),
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "url": "javascript://x"}, "Unsupported URL protocol"),
        ({"text": "a", "url": "http://localhost"}, "Wrong HTTP URL"),
        ({"text": "a", "web_app": {"url": "http://example.org"}}, "Only HTTPS links are allowed"),
        ({"callback_data": "a"}, "can't parse reply keyboard markup"),
    ],
)
async def test_a_wrong_button_is_refused(raw: Raw, member: Phone, button: dict[str, Any], told: str) -> None:
    keyboard = {"inline_keyboard": [[button]]}

    said = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)

    assert said.startswith("Bad Request: ")
    assert told in said


async def test_64_bytes_of_callback_data_fit(raw: Raw, member: Phone) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 32}]]}

    await raw.result("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)
    await member.act("tap", message_id=(await member.last())["id"], data="é" * 32)


async def test_more_than_100_buttons_are_refused(raw: Raw, member: Phone) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]] * 101}

    told = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)

    assert told == "Bad Request: reply markup is too long"


async def test_a_missing_message_cannot_be_edited(raw: Raw, member: Phone) -> None:
    told = await raw.refusal("editMessageText", chat_id=member.user, message_id=999, text="Hello")

    assert told == "Bad Request: message to edit not found"


async def test_somebody_elses_message_cannot_be_edited(raw: Raw, member: Phone) -> None:
    theirs = await member.act("send", text="Mine")

    told = await raw.refusal("editMessageText", chat_id=member.user, **theirs, text="Yours")

    assert told == "Bad Request: message can't be edited"


async def test_a_message_with_a_forced_reply_cannot_be_edited(raw: Raw, member: Phone) -> None:
    sent = await raw.result(
        "sendMessage", chat_id=member.user, text="Say", reply_markup={"force_reply": True}
    )

    told = await raw.refusal(
        "editMessageText", chat_id=member.user, message_id=sent["message_id"], text="Tell"
    )

    assert told == "Bad Request: message can't be edited"


async def test_text_and_caption_are_not_the_same(raw: Raw, member: Phone) -> None:
    text = await raw.result("sendMessage", chat_id=member.user, text="Hello")
    _, photo = await upload(raw, "sendPhoto", "photo", png(), chat_id=member.user)

    no_caption = await raw.refusal(
        "editMessageCaption", chat_id=member.user, message_id=text["message_id"], caption="A"
    )
    no_text = await raw.refusal(
        "editMessageText", chat_id=member.user, message_id=photo["result"]["message_id"], text="A"
    )

    assert no_caption == "Bad Request: there is no caption in the message to edit"
    assert no_text == "Bad Request: there is no text in the message to edit"


async def test_a_reply_needs_its_message(raw: Raw, member: Phone) -> None:
    asked: dict[str, Any] = {"chat_id": member.user, "text": "Hello"}

    told = await raw.refusal("sendMessage", **asked, reply_parameters={"message_id": 999})

    assert told == "Bad Request: message to be replied not found"
    lenient = {"message_id": 999, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await raw.result("sendMessage", **asked, reply_parameters=lenient)


async def test_a_deactivated_account_is_out_of_reach(raw: Raw, member: Phone) -> None:
    await member.act("deactivate")

    assert await raw.refusal("sendMessage", chat_id=member.user, **HELLO) == "Forbidden: user is deactivated"


async def test_a_bot_thrown_out_of_a_group_says_so(raw: Raw, member: Phone) -> None:
    group = await member.sandbox.control("POST", "groups", {"title": "Circle", "members": [member.user]})
    await member.sandbox.control("POST", f"groups/{group['id']}/bot", {"status": "kicked"})

    told = await raw.refusal("sendMessage", chat_id=group["id"], text="Hello")

    assert told == "Forbidden: bot was kicked from the group chat"


async def test_an_old_tap_cannot_be_answered(raw: Raw, member: Phone) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    sent = await raw.result("sendMessage", chat_id=member.user, text="Hello", reply_markup=keyboard)
    tap = await member.act("tap", message_id=sent["message_id"], data="a")
    await member.sandbox.control("POST", "limits", {"callback_ttl": 0})

    told = await raw.refusal("answerCallbackQuery", callback_query_id=tap["id"])

    assert told == ("Bad Request: query is too old and response timeout expired or query ID is invalid")
    assert (await member.sandbox.control("GET", "pending"))["callbacks"] == 0


async def test_a_tick_has_200_letters(raw: Raw, member: Phone) -> None:
    told = await raw.refusal("answerCallbackQuery", callback_query_id="1", text="a" * 201)

    assert told == "Bad Request: MESSAGE_TOO_LONG"


@pytest.mark.parametrize("mode", ["Markdown", "MarkdownV2"])
async def test_markdown_is_not_modelled(raw: Raw, member: Phone, mode: str) -> None:
    told = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", parse_mode=mode)

    assert told == f"Not Implemented: parse_mode {mode} is not modelled by this sandbox"


async def test_an_unknown_parse_mode_is_refused(raw: Raw, member: Phone) -> None:
    told = await raw.refusal("sendMessage", chat_id=member.user, text="Hello", parse_mode="BBCode")

    assert told == "Bad Request: unsupported parse_mode"


@pytest.mark.parametrize("text", ["nul \x00", "lone \ud800"])
async def test_text_that_is_no_text_is_refused(raw: Raw, member: Phone, text: str) -> None:
    status, _ = await raw("sendMessage", chat_id=member.user, text=text)

    assert status == 400


@pytest.mark.parametrize(
    "command", [{"command": "Help", "description": "x"}, {"command": "a" * 33, "description": "x"}]
)
async def test_a_command_has_small_letters_and_at_most_32(raw: Raw, command: dict[str, str]) -> None:
    assert await raw.refusal("setMyCommands", commands=[command]) == "Bad Request: BOT_COMMAND_INVALID"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"question": " ", "options": ["a"]}, "must be non-empty"),
        ({"question": "Q", "options": []}, "at least 1 option"),
        ({"question": "Q", "options": ["a" * 101]}, "must not exceed"),
        ({"question": "Q", "options": ["a"], "type": "quiz"}, "wrong correct option"),
        ({"question": "Q", "options": ["a"], "type": "riddle"}, "invalid poll type"),
    ],
)
async def test_a_wrong_poll_is_refused(raw: Raw, member: Phone, given: dict[str, Any], told: str) -> None:
    assert told in await raw.refusal("sendPoll", chat_id=member.user, **given)


async def test_get_form_and_json_say_the_same(raw: Raw, member: Phone) -> None:
    address = f"{raw.sandbox.url}/bot{raw.sandbox.token}/sendMessage"
    given = {
        "chat_id": str(member.user),
        "text": "[1]",
        "reply_markup": '{"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}',
        "disable_notification": "true",
    }

    async with raw.session.get(address, params=given) as query, raw.session.post(address, data=given) as form:
        answers = [
            await query.json(),
            await form.json(),
            {"result": await raw.result("sendMessage", **given)},
        ]

    assert {answer["result"]["text"] for answer in answers} == {"[1]"}
    assert all(answer["result"]["reply_markup"]["inline_keyboard"] for answer in answers)


@pytest.mark.parametrize("body", ["{", "[]", "nonsense", "[" * 100_000])
async def test_a_body_that_is_no_object_is_refused(raw: Raw, body: str) -> None:
    address = f"{raw.sandbox.url}/bot{raw.sandbox.token}/sendMessage"
    headers = {"Content-Type": "application/json"}

    async with raw.session.post(address, data=body, headers=headers) as answer:
        told = await answer.json()

    assert told["description"] == "Bad Request: can't parse JSON object"


async def test_every_method_is_modelled_or_says_that_it_is_not(raw: Raw) -> None:
    kinds = [getattr(aiogram.methods, name) for name in aiogram.methods.__all__]
    every = {getattr(kind, "__api_method__", None) for kind in kinds}
    names = {name for name in every if isinstance(name, str)}

    told = {name: await raw(name) for name in names}

    unmodelled = {name for name, (status, _) in told.items() if status == 501}
    assert set(HANDLERS) | {"getUpdates"} >= names - unmodelled
    assert unmodelled.isdisjoint(HANDLERS)
    assert {status for status, _ in told.values()} == {200, 400, 501}


@pytest.mark.parametrize("chat", ["@nobody", "--5", "²", "9" * 5000, "", 2**63, -1])
async def test_a_chat_id_of_any_kind_is_answered(raw: Raw, chat: object) -> None:
    assert await raw.refusal("sendMessage", chat_id=chat, text="Hello") == "Bad Request: chat not found"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"text": "\xff"}'),
        ("multipart/form-data; boundary=x", b"nonsense"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--',
        ),
        ("multipart/form-data", b"no boundary"),
        ("text/plain", b"hello"),
        ("application/x-www-form-urlencoded", b"text=%ff&chat_id=%00"),
    ],
)
async def test_a_broken_body_is_a_bad_request(raw: Raw, kind: str, body: bytes) -> None:
    address = f"{raw.sandbox.url}/bot{raw.sandbox.token}/sendMessage"

    async with raw.session.post(address, data=body, headers={"Content-Type": kind}) as answer:
        told = await answer.json()

    assert (answer.status, told["ok"]) == (400, False)


async def test_half_a_letter_does_not_break_the_journal(raw: Raw, member: Phone) -> None:
    await raw("sendMessage", chat_id=member.user, text="lone \ud800")
    await member.sandbox.control("POST", "updates", {"update": {"message": {"text": "\ud800"}}})

    assert (await raw.result("getUpdates"))[0]["message"]["text"] == "\ud800"
    assert (await member.sandbox.control("GET", "journal"))["entries"]
