"""What the database cannot do for a moment is tried again as it is."""

import pytest
from sqlmodel import col, select

from bot import handling, inbox
from storage.database import Database
from storage.queues import Incoming, Outgoing
from storage.rounds import Answer
from tests.bot import wire
from tests.bot.test_updates import handle_all, handler, opened, tapped
from tests.bot.wire import BOT
from tests.cast import OPENS

SEVEN_TIMES = """
CREATE SEQUENCE tries;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') <= 7 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refusing BEFORE INSERT ON answer FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("code", ["53100", "40P01", "57P03"], ids=["full", "collided", "away"])
async def test_what_the_database_cannot_do_now_is_no_fault_of_the_update(
    database: Database, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    wired = wire.cut(monkeypatch)
    monkeypatch.setattr(handling, "BREATHER", 0.0)
    [(account, invitation), *_] = (await opened(database, 1)).items()
    async with database.writing() as session:
        connection = await session.connection()
        for statement in SEVEN_TIMES.format(code=code).split(";\nCREATE"):
            await connection.exec_driver_sql(statement if "SEQUENCE" in statement else f"CREATE{statement}")

    await inbox.store(database, BOT, [tapped(1, account, f"rate:{invitation}:0:4")], now=OPENS)
    await handle_all(handler(database, operator_chat=99))

    async with database.reading() as session:
        row = (await session.exec(select(Incoming))).one()
        assert (await session.exec(select(Answer.value))).all() == [4]
        letters = (await session.exec(select(Outgoing).where(col(Outgoing.chat) == 99))).all()
    assert (row.state, row.tries, letters) == ("done", 0, [])
    assert "answerCallbackQuery" in {method for method, _ in wired.calls}
