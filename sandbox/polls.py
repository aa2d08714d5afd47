"""Polls: asked by the bot, voted in by people."""

import asyncio

from aiogram.methods import SendPoll, StopPoll
from aiogram.types import InputPollOption, Message, MessageEntity, Poll, PollOption

from sandbox import keyboards, messages, rooms, texts
from sandbox.entities import units
from sandbox.refusals import Mistaken, bad_request
from sandbox.world import Ballot, Telegram

QUESTION_LIMIT = 300
OPTION_LIMIT = 100
OPTIONS = range(1, 13)
OPEN_SECONDS = range(5, 601)


def send_poll(telegram: Telegram, request: SendPoll) -> Message:
    room = rooms.open_to_bot(telegram, request.chat_id)
    number = str(telegram.bot.id * 10**9 + telegram.next_serial())
    poll = _poll(number, request)
    message = messages.say(telegram, room, request, poll=poll)
    telegram.ballots[number] = Ballot(poll, room, message.message_id)
    if poll.open_period:
        asyncio.get_running_loop().call_later(poll.open_period, _close, telegram, number)
    return message


def _poll(number: str, request: SendPoll) -> Poll:
    question, found = _line(
        request.question, request.question_parse_mode, request.question_entities, limit=QUESTION_LIMIT
    )
    if len(request.options) not in OPTIONS:
        raise bad_request(f"poll must have at least 1 option and at most {OPTIONS[-1]}")
    if request.open_period is not None and request.open_period not in OPEN_SECONDS:
        raise bad_request("poll open period must be between 5 and 600 seconds")
    kind = request.type or "regular"
    if kind not in ("regular", "quiz"):
        raise bad_request("invalid poll type specified")
    right = request.correct_option_ids or (
        [request.correct_option_id] if request.correct_option_id is not None else None
    )
    if (kind == "quiz") != (right is not None) or any(place >= len(request.options) for place in right or []):
        raise bad_request("wrong correct option ID specified")
    explanation, over = texts.caption(
        request.explanation, request.explanation_parse_mode, request.explanation_entities
    )
    return Poll(
        id=number,
        question=question,
        question_entities=found or None,
        options=[_option(place, option) for place, option in enumerate(request.options)],
        total_voter_count=0,
        is_closed=bool(request.is_closed),
        is_anonymous=request.is_anonymous is not False,
        type=kind,
        allows_multiple_answers=bool(request.allows_multiple_answers),
        allows_revoting=request.allows_revoting is not False and kind == "regular",
        members_only=False,
        correct_option_ids=right,
        explanation=explanation or None,
        explanation_entities=over or None,
        open_period=request.open_period,
    )


def _option(place: int, option: InputPollOption | str) -> PollOption:
    if isinstance(option, str):
        text, found = _line(option, None, None, limit=OPTION_LIMIT)
    else:
        text, found = _line(option.text, option.text_parse_mode, option.text_entities, limit=OPTION_LIMIT)
    return PollOption(persistent_id=str(place), text=text, text_entities=found or None, voter_count=0)


def _line(
    text: str, parse_mode: object, entities: list[MessageEntity] | None, *, limit: int
) -> texts.Written:
    shown, found = texts.written(text, parse_mode, entities)
    if not shown:
        raise bad_request("poll question and options must be non-empty")
    if units(shown) > limit:
        raise bad_request(f"poll questions and options must not exceed {QUESTION_LIMIT} and {OPTION_LIMIT}")
    return shown, found


def vote(telegram: Telegram, poll_id: str, user_id: int, options: list[int]) -> Ballot:
    ballot = telegram.ballots[poll_id]
    poll = ballot.poll
    if poll.is_closed:
        raise Mistaken("the poll is closed")
    if any(place not in range(len(poll.options)) for place in options):
        raise Mistaken("no such option")
    if len(set(options)) != len(options) or (len(options) > 1 and not poll.allows_multiple_answers):
        raise Mistaken("this poll takes one answer")
    if user_id in ballot.votes and not poll.allows_revoting:
        raise Mistaken("this poll takes no second vote")
    if options:
        ballot.votes[user_id] = options
    else:
        ballot.votes.pop(user_id, None)
    _show(telegram, ballot, closed=False)
    return ballot


def _show(telegram: Telegram, ballot: Ballot, *, closed: bool) -> None:
    counted = [
        option.model_copy(update={"voter_count": sum(place in chosen for chosen in ballot.votes.values())})
        for place, option in enumerate(ballot.poll.options)
    ]
    ballot.poll = ballot.poll.model_copy(
        update={"options": counted, "total_voter_count": len(ballot.votes), "is_closed": closed}
    )
    message = ballot.room.messages.get(ballot.message_id)
    if message:
        ballot.room.messages[ballot.message_id] = message.model_copy(update={"poll": ballot.poll})
    telegram.changed(ballot.room)


def stop_poll(telegram: Telegram, request: StopPoll) -> Poll:
    room = rooms.open_to_bot(telegram, request.chat_id)
    message = room.messages.get(request.message_id)
    if message is None or message.poll is None:
        raise bad_request("message with poll to stop not found")
    if message.poll.is_closed:
        raise bad_request("poll has already been closed")
    ballot = telegram.ballots[message.poll.id]
    _close(telegram, message.poll.id)
    shown = room.messages[request.message_id]
    keyboard = keyboards.check(request.reply_markup, room)
    room.messages[request.message_id] = shown.model_copy(update={"reply_markup": keyboard})
    return ballot.poll


def _close(telegram: Telegram, poll_id: str) -> None:
    """Close for good, by the bot's word or when the time is over."""
    ballot = telegram.ballots[poll_id]
    if not ballot.poll.is_closed:
        _show(telegram, ballot, closed=True)
        telegram.updates.push("poll", ballot.poll, chat=ballot.room.id)
