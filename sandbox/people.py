"""Simulated members act here."""

from aiohttp import web

from sandbox.world import Telegram


def routes(app: web.Application, telegram: Telegram) -> None:
    """Their control endpoints; none yet."""
