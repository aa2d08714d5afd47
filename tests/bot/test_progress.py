"""How far a backup is, as whoever waits for it sees it."""

import asyncio

import pytest

from bot import backup


async def test_how_far_it_is_is_told_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = backup.Progress(4000, "copied")
    for _ in range(3):
        progress.told(1000)
        monkeypatch.setattr(backup, "TOLD_EVERY", 0.0)
        await asyncio.sleep(0.001)

    assert capsys.readouterr().err.splitlines() == [
        "copied: 50% (2,000 of 4,000 rows)",
        "copied: 75% (3,000 of 4,000 rows)",
    ]
