"""A tiny bot over HTTP: asks to join, then three ratings and a sentence on one card, and a summary."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.sandbox_process import Sandbox

QUESTIONS = (
    "In the last two weeks, our view changed a decision.",
    "We could say no to the council.",
    "And what do you think most others here answered?",
)
LAST = len(QUESTIONS)
WORDS = "What should be said aloud this week?"


def keys(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "inline_keyboard": [[{"text": text, "callback_data": data} for text, data in row] for row in rows]
    }


def question(at: int, said: int | None) -> tuple[str, dict[str, Any]]:
    passing = [*([("Back", f"ask {at - 1}")] if at else []), ("Keep it" if said else "Skip", f"skip {at}")]
    if at == LAST:
        return f"{at + 1} of 4\n\n<b>{WORDS}</b>\nJust write it.", keys(passing)
    before = f"\n\nYour answer so far: {said}" if said else ""
    steps = [(f"{n} clearly" if n == 5 else str(n), f"rate {at} {n}") for n in range(1, 6)]
    return f"{at + 1} of 4\n\n<b>{QUESTIONS[at]}</b>{before}", keys(steps, passing)


@dataclass
class ScriptedBot:
    sandbox: Sandbox
    stored: dict[tuple[int, str], int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    joined: list[tuple[int, str]] = field(default_factory=list)
    asked: dict[int, int] = field(
        default_factory=dict
    )  # whose next text answers which message's last question
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
            self.texts.append(text)
            await self.show(chat, self.asked.pop(chat), "4 of 4\nYour words are kept.", None)
            ways = keys([("Quoted, no name", "done")], [("With my name", "done")])
            await self.show(chat, None, "4 of 4\n\nHow may it be shown?", ways)
        elif text != "/start":
            self.puzzled += 1
            await self.show(chat, None, "I did not expect a message here.", None)

    async def show(self, chat: int, message: int | None, text: str, card: dict[str, Any] | None) -> None:
        body = {
            "chat_id": chat,
            "text": text,
            "parse_mode": "HTML",
            **({"reply_markup": card} if card else {}),
        }
        if message is None:
            await self.call("sendMessage", **body)
        else:
            await self.call("editMessageText", message_id=message, **body)

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
        at = {"start": 0, "ask": numbers[0] if numbers else 0}.get(verb, numbers[0] + 1 if numbers else None)
        if verb == "join":
            await self.show(chat, message, "Welcome. Nothing to do until Tuesday.", None)
        elif verb == "change":
            menu = keys([(str(n + 1), f"ask {n}") for n in range(LAST)], [("Done", "done")])
            await self.show(chat, message, "Which answer would you like to change?", menu)
        elif at is None or at > LAST:
            end = keys([("Change an answer", "change")])
            await self.show(chat, message, "Thank you. That was everything.", end)
        else:
            if at == LAST:
                self.asked[chat] = message
            said = self.stored.get((chat, QUESTIONS[at])) if at < LAST else None
            await self.show(chat, message, *question(at, said))

    async def open_round(self, chat: int) -> int:
        card = keys([("Start", "start"), ("Not this week", "not")])
        sent = await self.call("sendMessage", chat_id=chat, text="Pulse: 4 questions", reply_markup=card)
        return int(sent["message_id"])
