"""`python -m bot` is `parley`."""

from bot.cli import app

app(prog_name="parley")
