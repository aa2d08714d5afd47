"""What Telegram says when it will not do something."""

from typing import Any


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """An answer with `ok: false`; the description is Telegram's own wording."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Mistaken(Exception):  # noqa: N818 - told to whoever holds the control API
    """The control API was asked for something no user could do."""


def bad_request(reason: str, **parameters: int) -> Refused:
    return Refused(400, f"Bad Request: {reason}", parameters or None)


def forbidden(reason: str) -> Refused:
    return Refused(403, f"Forbidden: {reason}")


def not_modelled(what: str) -> Refused:
    return Refused(501, f"Not Implemented: {what} is not modelled by this sandbox")
