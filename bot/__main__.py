"""`python -m bot` is `parley`."""

import sys


def main() -> None:
    """The command line."""
    # httpx, which python-telegram-bot brings along, has a command line of its own, and structlog has colours:
    # of no use to a service, and 5 MB. None is Python's own way to say that something is not there.
    unused = dict.fromkeys(("click", "rich"))
    sys.modules.update(unused)  # type: ignore[arg-type]  # see above
    import httpx  # noqa: F401, PLC0415 - see above
    import structlog  # noqa: F401, PLC0415 - see above

    for name in unused:
        del sys.modules[name]
    from bot.cli import app  # noqa: PLC0415 - it imports both

    app(prog_name="parley")


if __name__ == "__main__":
    main()
