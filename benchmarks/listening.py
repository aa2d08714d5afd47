"""A Parley that takes updates in and does nothing else, so that storing is measured apart from handling."""

import asyncio

from bot import house
from bot.settings import Settings

if __name__ == "__main__":
    asyncio.run(house.run_until_signalled(house.build(Settings()), ("listen",)))
