"""A tiny bot over HTTP: asks to join, then three ratings, what fits, a number and a sentence."""

import asyncio
import re
from dataclasses import dataclass, field
from html import escape
from typing import Any, Self

import httpx

from tests.sandbox_process import Sandbox

QUESTIONS = (
    "In the last two weeks, our view changed a decision.",
    "We could say no to the council.",
    "And what do you think most others here answered?",
)
BARRIERS = "Which of these get in our way at the moment?"
OPTIONS = ("Too little time", "Pride or power", "Having to compete", "None of these")
HOURS = "About how many hours did this take from you last month?"
FITS, COUNT, LAST = len(QUESTIONS), len(QUESTIONS) + 1, len(QUESTIONS) + 2
OF = LAST + 1
WORDS = "What should be said aloud this week?"


def keys(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [[{"text": text, "callback_data": data} for text, data in row] for row in rows]
    }


def question(at: int, said: int | None, chosen: set[int]) -> tuple[str, dict[str, Any]]:
    passing = [*([("Back", f"ask {at - 1}")] if at else []), ("Keep it" if said else "Skip", f"skip {at}")]
    if at == LAST:
        return f"{OF} of {OF}\n\n<b>{WORDS}</b>\nJust write it.", keys(passing)
    if at == COUNT:
        asked = f"{at + 1} of {OF}\n\n<b>{HOURS}</b>\nWrite a whole number from 0 to 40 as a message."
        return asked, keys(passing)
    if at == FITS:
        options = [
            [(f"✓ {name}", f"drop {at} {n}") if n in chosen else (name, f"pick {at} {n}")]
            for n, name in enumerate(OPTIONS)
        ]
        ways = [passing[0], ("Done" if chosen else "Skip", f"skip {at}")]
        return f"{at + 1} of {OF}\n\n<b>{BARRIERS}</b>\nTap all that fit, then Done.", keys(*options, ways)
    before = f"\n\nYour answer so far: {said}" if said else ""
    steps = [(f"{n} clearly" if n == 5 else str(n), f"rate {at} {n}") for n in range(1, 6)]
    return f"{at + 1} of {OF}\n\n<b>{QUESTIONS[at]}</b>{before}", keys(steps, passing)


@dataclass
class ScriptedBot:
    sandbox: Sandbox
    stored: dict[tuple[int, str], int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    chosen: dict[int, set[int]] = field(default_factory=dict)  # whose options
    hours: dict[int, int] = field(default_factory=dict)
    unclear: int = 0  # texts that were no number where one was asked for
    joined: list[tuple[int, str]] = field(default_factory=list)
    asked: dict[int, tuple[int, int]] = field(
        default_factory=dict
    )  # whose next text answers which message's question
    deaf: bool = False
    puzzled: int = 0  # texts nobody asked for
    closed: bool = False
    loses: int = 0  # how many ratings are still refused with an alert
    offset: int = 0

    async def call(self, method: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.client.post(f"{self.sandbox.url}/bot{self.sandbox.token}/{method}", json=body)
        told = answer.json()
        if not told["ok"] and "not modified" not in told["description"]:
            raise AssertionError(told)
        return told.get("result")

    async def __aenter__(self) -> Self:
        self.client = httpx.AsyncClient(timeout=30)
        self.task = asyncio.create_task(self.listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.client.aclose()

    async def listen(self) -> None:
        while True:
            for update in await self.call("getUpdates", offset=self.offset, timeout=1):
                self.offset = update["update_id"] + 1
                if not self.deaf:
                    await self.handle(update)

    async def handle(self, update: dict[str, Any]) -> None:
        if query := update.get("callback_query"):
            await self.tapped(query)
        elif (message := update.get("message")) and "text" in message:
            await self.said(message["chat"]["id"], message["text"])

    async def said(self, chat: int, text: str) -> None:
        if text.startswith("/start "):
            self.joined.append((chat, text.removeprefix("/start ")))
            card = keys([("Join", "join")], [("Who runs this?", "who"), ("Not now", "no")])
            await self.show(chat, None, "<b>Riverside</b> asks you in.", card)
        elif chat in self.asked:
            await self.answered(chat, text, *self.asked[chat])
        elif text != "/start":
            self.puzzled += 1
            await self.show(chat, None, "I did not expect a message here.", None)

    async def answered(self, chat: int, text: str, message: int, at: int) -> None:
        numbers = re.findall(r"\d+", text)
        if at == COUNT and (len(numbers) != 1 or int(numbers[0]) > 40):
            self.unclear += 1
            await self.show(
                chat, None, "I look for one whole number from 0 to 40. Please send it once more.", None
            )
            return
        del self.asked[chat]
        if at == COUNT:
            self.hours[chat] = int(numbers[0])
            await self.show(chat, message, f"{at + 1} of {OF}\nYour answer is kept: {numbers[0]}.", None)
            await self.ask(chat, None, LAST)
            return
        self.texts.append(text)
        await self.show(chat, message, f"{OF} of {OF}\nYour words are kept.", None)
        ways = keys([("Quoted, no name", "done")], [("With my name", "done")])
        await self.show(
            chat, None, f"{OF} of {OF}\n\nYou wrote:\n{escape(text[:600])}\n\nHow may it be shown?", ways
        )

    async def ask(self, chat: int, message: int | None, at: int) -> None:
        said = self.stored.get((chat, QUESTIONS[at])) if at < len(QUESTIONS) else None
        self.asked.pop(chat, None)
        sent = await self.show(chat, message, *question(at, said, self.chosen.get(chat, set())))
        if at in (COUNT, LAST):
            self.asked[chat] = sent, at

    async def show(self, chat: int, message: int | None, text: str, card: dict[str, Any] | None) -> int:
        """The message that shows it."""
        body = {
            "chat_id": chat,
            "text": text,
            "parse_mode": "HTML",
            **({"reply_markup": card} if card else {}),
        }
        if message is None:
            return int((await self.call("sendMessage", **body))["message_id"])
        await self.call("editMessageText", message_id=message, **body)
        return message

    async def tapped(self, query: dict[str, Any]) -> None:
        chat, message = query["from"]["id"], query["message"]["message_id"]
        verb, *numbers = query["data"].split()
        if verb == "rate" and self.loses:
            self.loses -= 1
            notice = "That didn't reach us; please tap it once more."
            await self.call(
                "answerCallbackQuery", callback_query_id=query["id"], text=notice, show_alert=True
            )
            return
        if self.closed:
            await self.show(chat, message, "This round closed on 6 November.", None)
        else:
            await self.go_on(chat, message, verb, [int(number) for number in numbers])
        await self.call("answerCallbackQuery", callback_query_id=query["id"])

    async def go_on(self, chat: int, message: int, verb: str, numbers: list[int]) -> None:
        if verb == "rate":
            self.stored[chat, QUESTIONS[numbers[0]]] = numbers[1]
        if verb in ("pick", "drop"):
            kept, touched = self.chosen.get(chat, set()), {numbers[1]}
            self.chosen[chat] = kept | touched if verb == "pick" else kept - touched
            await self.ask(chat, message, FITS)
            return
        at = {"start": 0, "ask": numbers[0] if numbers else 0}.get(verb, numbers[0] + 1 if numbers else None)
        if verb == "join":
            await self.show(chat, message, "Welcome. Nothing to do until Tuesday.", None)
        elif verb == "change":
            menu = keys([(str(n + 1), f"ask {n}") for n in range(FITS)], [("Done", "done")])
            await self.show(chat, message, "Which answer would you like to change?", menu)
        elif at is None or at > LAST:
            end = keys([("Change an answer", "change")])
            await self.show(chat, message, "Thank you. That was everything.", end)
        else:
            await self.ask(chat, message, at)

    async def open_round(self, chat: int) -> int:
        card = keys([("Start", "start"), ("Not this week", "not")])
        sent = await self.call("sendMessage", chat_id=chat, text="Pulse: 4 questions", reply_markup=card)
        return int(sent["message_id"])
