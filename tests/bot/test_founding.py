"""`parley found`: one link, for one partnership, kept as a hash only."""

import re

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot import cli, founding, onlyone
from bot.settings import Settings, Unusable
from facilitation import invites
from storage.database import Database
from storage.members import Founding
from tests.sandbox_process import Sandbox


def chosen(sandbox: Sandbox, database: Database) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    return Settings(bot_token=sandbox.token, api_base=sandbox.url, database_url=url)


async def test_a_link_is_printed_once_and_only_its_hash_is_kept(
    database: Database, world: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    await founding.print_link(chosen(world, database))

    shown = capsys.readouterr()
    link = re.fullmatch(r"https://t\.me/\w+\?start=([\w-]{32})\n", shown.out)
    assert link is not None
    async with database.reading() as session:
        (kept,) = (await session.exec(select(Founding))).all()
    assert kept.secret_hash == invites.hashed(link[1])
    assert kept.used_at is None
    assert "works once" in shown.err
    assert link[1] not in shown.err


def test_on_sqlite_no_link_is_made_while_parley_runs(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = f"{tmp_path}/parley.db"
    monkeypatch.setenv("PARLEY_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("PARLEY_BOT_TOKEN", "1:x")
    running = Settings(database_url=f"sqlite:///{file}")

    with onlyone.holding(running):
        refused = CliRunner().invoke(cli.app, ["found"])

    assert isinstance(refused.exception, Unusable)
    assert "another Parley is using" in str(refused.exception)
