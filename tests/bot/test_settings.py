"""Settings: what cannot be used is named, with the way to put it right."""

from pathlib import Path

import pytest

from bot import onlyone, settings
from bot.settings import Settings, Unusable


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment of the machine, and no `.env`."""
    import os  # noqa: PLC0415 - the environment is this fixture's only subject

    for name in list(os.environ):
        if name.startswith("PARLEY_") or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


REFUSED = [
    ("PARLEY_LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR"),
    ("PARLEY_PACE", "0", "greater than 0"),
    ("PARLEY_PACE", "fast", "it is a number like 1"),
    ("PARLEY_PORT", "70000", "65535"),
    ("PARLEY_OPERATOR_CHAT", "@me", "it is a number like 123456789, without @"),
    ("PARLEY_PUBLIC_URL", "http://riverside.example", "https://"),
    ("PARLEY_WEBHOOK_SECRET", "not allowed: blanks", "256 letters"),
    ("PARLEY_DATABASE_URL", "mysql://somewhere/db", "sqlite:/// or postgresql://"),
    ("PARLEY_DATABASE_URL", "sqlite://", "names no file"),
    ("PARLEY_DATABASE_URL", "sqlite:///:memory:", "names no file"),
    ("PARLEY_DATABASE_URL", "sqlite://var/parley.db", "three slashes"),
    ("PARLEY_DATABASE_URL", "sqlite:///file:parley.db?uri=true", "names no file"),
    ("PARLEY_DATABASE_URL", "postgresql//hunter2@host", "postgresql://user:password@host/name"),
    ("PARLEY_DATABASE_URL", "postgresql://user:hunter2@host:port/db", "postgresql://user:password@host/name"),
]


@pytest.mark.parametrize(("name", "value", "why"), REFUSED)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Unusable) as refused:
        settings.load()

    said = str(refused.value)
    assert said.startswith(f"parley: {name} cannot be used: ")
    assert why in said
    assert "hunter2" not in said


def test_a_setting_with_nothing_behind_it_is_as_good_as_left_out(tmp_path: Path) -> None:
    names = ("OPERATOR_CHAT", "PORT", "PACE", "DATABASE_URL")
    (tmp_path / ".env").write_text("".join(f"PARLEY_{name}=\n" for name in names))

    found = settings.load()

    assert (found.operator_chat, found.port, found.pace) == (0, 0, 1.0)
    assert found.database_url == "sqlite:///var/parley.db"


def test_a_folder_in_the_place_of_the_file_of_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    with pytest.raises(Unusable, match=r"\.env is a folder"):
        settings.load()


@pytest.mark.parametrize(("name", "value"), [("PARLEY_CLOCK_FILE", "now.txt"), ("PARLEY_PACE", "20")])
def test_a_calendar_of_ones_own_needs_a_local_telegram(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Unusable, match="local Telegram"):
        settings.load()

    monkeypatch.setenv("PARLEY_API_BASE", "http://127.0.0.1:8081")
    assert settings.load().on_loopback


@pytest.mark.parametrize(
    ("token", "why"),
    [("", "@BotFather"), ("ABC", "does not look like a token"), ("bot:ABC", "Copy it again")],
)
def test_without_a_token_the_way_to_one_is_told(token: str, why: str) -> None:
    with pytest.raises(Unusable, match="PARLEY_BOT_TOKEN") as refused:
        _ = settings.load(bot_token=token).token

    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:////srv/parley.db", "sqlite+aiosqlite:////srv/parley.db"),
        ("sqlite:////srv/parley.db?timeout=5", "sqlite+aiosqlite:////srv/parley.db?timeout=5"),
        ("postgres://u:p%40@h/d", "postgresql+psycopg://u:p%40@h/d"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_the_database_is_reached_with_the_driver_that_parley_brings(given: str, driver: str) -> None:
    assert Settings(database_url=given).async_database_url == driver


def test_the_sqlite_file_is_known_and_postgresql_has_none() -> None:
    assert Settings(database_url="sqlite:////srv/parley.db").database_file == Path("/srv/parley.db")
    assert Settings(database_url="postgresql://u@h/d").database_file is None


@pytest.mark.parametrize("address", ["sqlite:///kept/parley.db", "sqlite:///linked/parley.db?timeout=5"])
def test_the_lock_lies_beside_the_real_file(tmp_path: Path, address: str) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "linked").symlink_to("kept")
    chosen = Settings(database_url=address)

    with onlyone.holding(chosen):
        found = [file.name for file in (tmp_path / "kept").iterdir()]

    assert chosen.database_file == tmp_path / "kept" / "parley.db"
    assert found == ["parley.db.lock"]


def test_addresses_lose_their_last_slash() -> None:
    found = Settings(public_url="https://riverside.example/", api_base="http://127.0.0.1:1/")

    assert (found.public_url, found.api_base) == ("https://riverside.example", "http://127.0.0.1:1")


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    shown = repr(Settings(bot_token="42:hunter2", webhook_secret="hunter2"))

    assert "hunter2" not in shown


def test_settings_come_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARLEY_BOT_TOKEN=42:from-the-file\nPORT=9000\n")

    found = settings.load()

    assert (found.bot_id, found.port) == (42, 9000)
