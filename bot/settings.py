"""Settings from the environment or `.env`. What is missing is named, with the way to get it."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

TELEGRAM = "https://api.telegram.org"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
ENV = Path(".env")
# In place of what the library says of a word where a number belongs.
NUMBERS = {
    "PARLEY_OPERATOR_CHAT": "it is a number like 123456789, without @ (README tells how to learn yours)",
    "PARLEY_NEW_BOT": "it is a bot's number, the digits before the colon of its token",
    "PARLEY_PORT": "it is a number like 8080",
    "PARLEY_PACE": "it is a number like 1",
}
NO_NUMBER = ("int_parsing", "float_parsing", "int_from_float", "int_parsing_size")
# What Telegram allows in a webhook's secret.
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")

NO_BOT = """PARLEY_BOT_TOKEN is not set.
  Get one from @BotFather in Telegram (two minutes: README, "On real Telegram"), then
  put PARLEY_BOT_TOKEN=... into .env. To try Parley without a token: make demo"""


class Unusable(SystemExit):
    """A setting that cannot be used; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(f"parley: {message}")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="PARLEY_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        env_ignore_empty=True,  # PARLEY_PORT= with nothing behind it is as good as left out
    )

    bot_token: SecretStr = SecretStr("")
    api_base: str = TELEGRAM
    database_url: str = "sqlite:///var/parley.db"
    public_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    metrics_key: SecretStr = SecretStr("")
    operator_name: str = ""
    operator_chat: int = 0
    new_bot: int = 0
    source: str = ""
    unreviewed_languages: str = ""
    log_level: str = "INFO"
    clock_file: Path | None = None
    pace: float = Field(default=1.0, gt=0)
    port: int = Field(default=0, ge=0, le=65535, validation_alias=AliasChoices("PARLEY_PORT", "PORT"))

    @field_validator("api_base", "public_url")
    @classmethod
    def without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("Telegram delivers to an https:// address only")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def sayable(cls, value: SecretStr) -> SecretStr:
        if not SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("it may hold up to 256 letters, digits, _ and - (leave it out to have one made)")
        return value

    @field_validator("database_url")
    @classmethod
    def known_engine(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):  # neither may be shown: the address may hold a password
            raise ValueError("it is not an address like postgresql://user:password@host/name") from None
        if url.drivername not in DRIVERS:
            raise ValueError("it begins with sqlite:/// or postgresql://")
        if DRIVERS[url.drivername].startswith("sqlite"):
            _names_a_file(url)
        return value

    @field_validator("log_level")
    @classmethod
    def known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("it is one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @property
    def unreviewed(self) -> tuple[str, ...]:
        return tuple(one.strip().lower() for one in self.unreviewed_languages.split(",") if one.strip())

    @property
    def on_loopback(self) -> bool:
        return urlsplit(self.api_base).hostname in LOOPBACK

    @property
    def token(self) -> str:
        """The token, or a way to get one."""
        token = self.bot_token.get_secret_value()
        if not token:
            raise Unusable(NO_BOT)
        if not token.partition(":")[0].isdigit():
            raise Unusable(
                "PARLEY_BOT_TOKEN does not look like a token (123456:ABC...).\n"
                "  Copy it again from @BotFather in Telegram, whole and without spaces, into .env."
            )
        return token

    @property
    def bot_id(self) -> int:
        return int(self.token.partition(":")[0])

    @property
    def async_database_url(self) -> str:
        """The database's address with the driver that Parley brings along."""
        url = make_url(self.database_url)
        url = url.set(drivername=DRIVERS[url.drivername])
        if self.database_file is not None:
            url = url.set(database=str(self.database_file))
        return url.render_as_string(hide_password=False)

    @property
    def database_file(self) -> Path | None:
        """SQLite's file, if that is the engine, wherever links and the working folder lead to."""
        url = make_url(self.database_url)
        return Path(url.database or "").resolve() if url.drivername.startswith("sqlite") else None


def _names_a_file(url: URL) -> None:
    """Refuse an address of SQLite that names a host, or no file. Raises ValueError."""
    if url.host:
        raise ValueError(
            "it names a machine, and SQLite has none; with three slashes it is a file: sqlite:///var/parley.db"
        )
    if url.database in (None, "", ":memory:") or "uri" in url.query:
        raise ValueError("it names no file; write sqlite:///var/parley.db")


def load(**given: object) -> Settings:
    """Read the settings; an unusable one ends the program with its name and what it should be."""
    if ENV.is_dir():
        raise Unusable(
            ".env is a folder.\n  Put it aside; .env is a text file with one PARLEY_...=... a line."
        )
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # values come from the command line
    except (OSError, UnicodeDecodeError):
        raise Unusable(
            ".env cannot be read.\n"
            "  It is a text file with one PARLEY_...=... a line, which whoever starts Parley may read."
        ) from None
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        name = "PARLEY_" + str(first["loc"][0]).upper().removeprefix("PARLEY_")
        why = NUMBERS[name] if first["type"] in NO_NUMBER else first["msg"].removeprefix("Value error, ")
        raise Unusable(f"{name} cannot be used: {why}.\n  Mend it in .env and start again.") from None
    if not settings.on_loopback and (settings.clock_file is not None or settings.pace != 1.0):
        raise Unusable(
            "PARLEY_CLOCK_FILE and PARLEY_PACE work only with a local Telegram.\n"
            "  Take them out of .env, or point PARLEY_API_BASE to a sandbox (parley sandbox)."
        )
    return settings
