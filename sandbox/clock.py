"""Calendar time as this Telegram tells it."""

from datetime import UTC, datetime
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Reads the hour from a file if one is given, else from the machine.

    The file holds one ISO-8601 moment and may be replaced at any time.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._stamp = (0, 0)
        self._moment = datetime.now(UTC)

    def now(self) -> datetime:
        if self._file is None:
            return datetime.now(UTC)
        status = self._file.stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            moment = datetime.fromisoformat(self._file.read_text(encoding="ascii").strip())
            self._moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            self._stamp = stamp
        return self._moment.replace(microsecond=0)
