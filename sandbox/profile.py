"""How the bot presents itself: commands, menu button, name and descriptions."""

from typing import Any

from aiogram.methods import (
    DeleteMyCommands,
    GetChatMenuButton,
    GetMe,
    GetMyCommands,
    GetMyDescription,
    GetMyName,
    GetMyShortDescription,
    SetChatMenuButton,
    SetMyCommands,
    SetMyDescription,
    SetMyName,
    SetMyShortDescription,
)
from aiogram.types import (
    BotCommand,
    BotDescription,
    BotName,
    BotShortDescription,
    MenuButtonCommands,
    MenuButtonDefault,
    MenuButtonWebApp,
    User,
)

from sandbox import rooms
from sandbox.plain import plain
from sandbox.refusals import bad_request
from sandbox.world import Room, Telegram

MOST_COMMANDS = 100
COMMAND_LIMIT = 32
DESCRIPTION_LIMIT = 256
LIMITS = {"name": 64, "description": 512, "short_description": 120}
LANGUAGE_LETTERS = 2

Menu = MenuButtonCommands | MenuButtonDefault | MenuButtonWebApp


def get_me(telegram: Telegram, _: GetMe) -> User:
    return telegram.bot.model_copy(
        update={
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
    )


def _scope_key(telegram: Telegram, scope: Any) -> str:  # noqa: ANN401 - seven types with one discriminator
    """A scope as one word; a chat that the bot cannot see is refused."""
    if scope is None:
        return "default"
    parts = [str(scope.type)]
    if hasattr(scope, "chat_id"):
        parts.append(str(rooms.of(telegram, scope.chat_id).id))
    if hasattr(scope, "user_id"):
        parts.append(str(scope.user_id))
    return ":".join(parts)


def _language(code: str | None) -> str:
    if code and (len(code) != LANGUAGE_LETTERS or not code.isalpha()):
        raise bad_request("invalid language code specified")
    return (code or "").lower()


def set_my_commands(telegram: Telegram, request: SetMyCommands) -> bool:
    if len(request.commands) > MOST_COMMANDS:
        raise bad_request("too many commands specified")
    for command in request.commands:
        _check(command)
    key = (_scope_key(telegram, request.scope), _language(request.language_code))
    telegram.commands[key] = list(request.commands)
    _all_changed(telegram)
    return True


def _check(command: BotCommand) -> None:
    name = command.command.removeprefix("/")
    proper = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower()
    if not proper or len(name) > COMMAND_LIMIT:
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(command.description.strip()) <= DESCRIPTION_LIMIT:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")


def get_my_commands(telegram: Telegram, request: GetMyCommands) -> list[BotCommand]:
    key = (_scope_key(telegram, request.scope), _language(request.language_code))
    return telegram.commands.get(key, [])


def delete_my_commands(telegram: Telegram, request: DeleteMyCommands) -> bool:
    telegram.commands.pop((_scope_key(telegram, request.scope), _language(request.language_code)), None)
    _all_changed(telegram)
    return True


def commands_for(telegram: Telegram, room: Room, user_id: int) -> list[BotCommand]:
    """The narrowest list that fits somebody in a chat, in their language before any other."""
    admin = room.members.get(user_id) in ("creator", "administrator")
    if room.private:
        scopes = [f"chat:{room.id}", "all_private_chats", "default"]
    else:
        high = [f"chat_administrators:{room.id}"] if admin else []
        everywhere = ["all_chat_administrators"] if admin else []
        scopes = [f"chat_member:{room.id}:{user_id}", *high, f"chat:{room.id}", *everywhere]
        scopes += ["all_group_chats", "default"]
    language = (telegram.people[user_id].user.language_code or "").split("-")[0].lower()
    keys = [(scope, spoken) for scope in scopes for spoken in dict.fromkeys((language, ""))]
    return next((telegram.commands[key] for key in keys if telegram.commands.get(key)), [])


def set_chat_menu_button(telegram: Telegram, request: SetChatMenuButton) -> bool:
    button = request.menu_button or MenuButtonDefault()
    if isinstance(button, MenuButtonWebApp) and not button.web_app.url.startswith("https://"):
        raise bad_request("menu button web app URL must be an HTTPS link")
    telegram.menus[_menu_chat(telegram, request.chat_id)] = plain(button)
    _all_changed(telegram)
    return True


def get_chat_menu_button(telegram: Telegram, request: GetChatMenuButton) -> Menu:
    return menu_of(telegram, _menu_chat(telegram, request.chat_id))


def menu_of(telegram: Telegram, chat_id: int) -> Menu:
    found = telegram.menus.get(chat_id) or telegram.menus.get(0) or {"type": "default"}
    if found["type"] == "web_app":
        return MenuButtonWebApp.model_validate(found)
    return MenuButtonCommands() if found["type"] == "commands" else MenuButtonDefault()


def _menu_chat(telegram: Telegram, chat_id: int | None) -> int:
    if chat_id is None:
        return 0
    room = rooms.of(telegram, chat_id)
    if not room.private:
        raise bad_request("menu buttons are for private chats")
    return room.id


def _set(telegram: Telegram, what: str, value: str | None, code: str | None) -> bool:
    if len(value or "") > LIMITS[what]:
        raise bad_request(f"{what.replace('_', ' ')} is too long")
    telegram.names[what, _language(code)] = value or ""
    if what == "name" and value and not code:
        telegram.bot = telegram.bot.model_copy(update={"first_name": value})
    _all_changed(telegram)
    return True


def _get(telegram: Telegram, what: str, code: str | None) -> str:
    return telegram.names.get((what, _language(code))) or telegram.name(what)


def set_my_name(telegram: Telegram, request: SetMyName) -> bool:
    return _set(telegram, "name", request.name, request.language_code)


def set_my_description(telegram: Telegram, request: SetMyDescription) -> bool:
    return _set(telegram, "description", request.description, request.language_code)


def set_my_short_description(telegram: Telegram, request: SetMyShortDescription) -> bool:
    return _set(telegram, "short_description", request.short_description, request.language_code)


def get_my_name(telegram: Telegram, request: GetMyName) -> BotName:
    return BotName(name=_get(telegram, "name", request.language_code) or telegram.bot.first_name)


def get_my_description(telegram: Telegram, request: GetMyDescription) -> BotDescription:
    return BotDescription(description=_get(telegram, "description", request.language_code))


def get_my_short_description(telegram: Telegram, request: GetMyShortDescription) -> BotShortDescription:
    return BotShortDescription(short_description=_get(telegram, "short_description", request.language_code))


def _all_changed(telegram: Telegram) -> None:
    for room in telegram.rooms.values():
        telegram.changed(room)
