"""The oracle behind promise 7: zone files read byte by byte (RFC 8536), days counted by hand.

It shares nothing with what it judges: no zoneinfo, no datetime arithmetic, no rule library. Moments are
seconds since 1970 in UTC, walls the same in local time, days are numbers since 1970.
"""

import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from importlib import resources

DAY = 86_400
_WIDEST = 2 * DAY
_FAR = 1 << 60


@dataclass(frozen=True, slots=True)
class Zone:
    """`offsets[i]` holds from `starts[i]` on."""

    name: str
    starts: list[int]
    offsets: list[int]

    def opens(self, wall: int) -> int:
        """Say when the wall clock first shows `wall`; where it never does, when it jumps past it."""
        index = bisect_right(self.starts, wall - _WIDEST) - 1
        before = self.offsets[index]
        while True:
            start, offset = self.starts[index], self.offsets[index]
            end = self.starts[index + 1]
            if start + before <= wall < start + offset:
                return start
            if start <= wall - offset < end:
                return wall - offset
            before, index = offset, index + 1

    def jumps(self, first: int, last: int) -> list[tuple[int, int]]:
        """Give each stretch of wall time that is skipped or repeated between two moments."""
        return [
            (min(start + before, start + after), max(start + before, start + after))
            for start, before, after in zip(self.starts[1:], self.offsets, self.offsets[1:], strict=False)
            if first <= start < last and before != after
        ]


def names() -> list[str]:
    return (resources.files("tzdata") / "zones").read_text().split()


def raw(name: str) -> bytes:
    return resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()


def read(name: str, *, last_year: int) -> Zone:
    """Read a zone file's own table, and carry its closing rule on to the end of `last_year`."""
    content = raw(name)
    begin = 44 + _length(content[:44], width=4)
    _, _, _, times, types, _ = struct.unpack(">6l", content[begin + 20 : begin + 44])
    at = begin + 44
    starts = list(struct.unpack(f">{times}q", content[at : at + 8 * times]))
    kinds = content[at + 8 * times : at + 9 * times]
    table = at + 9 * times
    known = [struct.unpack_from(">l", content, table + 6 * kind)[0] for kind in range(types)]
    offsets = [known[kind] for kind in kinds]
    for start, offset in _by_rule(content.rstrip(b"\n").rsplit(b"\n", 1)[1].decode(), last_year=last_year):
        if not starts or start > starts[-1]:
            starts.append(start)
            offsets.append(offset)
    return Zone(name, [-_FAR, *starts, _FAR], [known[0], *offsets, 0])


def _by_rule(footer: str, *, last_year: int) -> list[tuple[int, int]]:
    """Work out a POSIX rule such as GMT0BST,M3.5.0/1,M10.5.0: its clock changes from 1970 on."""
    zone, *changes = footer.split(",")
    if not changes:
        return []
    match = re.fullmatch(r"(?:<[^>]+>|[A-Za-z]+)([-+:\d]+)(?:<[^>]+>|[A-Za-z]+)([-+:\d]*)", zone)
    assert match, footer
    winter = -_clock(match[1])
    summer = -_clock(match[2]) if match[2] else winter + 3600
    found = []
    for year in range(1970, last_year + 1):
        found.append((_change(changes[0], year) - winter, summer))
        found.append((_change(changes[1], year) - summer, winter))
    return sorted(found)


def _change(rule: str, year: int) -> int:
    """Say at which wall second, since 1970, this year's change comes: Mmonth.week.weekday/time."""
    day, _, clock = rule.partition("/")
    assert day[0] == "M", rule
    month, week, weekday = (int(part) for part in day[1:].split("."))
    length = _month_ends(year)[month] - _month_ends(year)[month - 1]
    first = day_number(year, month, 1)
    # 1 January 1970 was a Thursday; in these rules Sunday is 0.
    found = first + (weekday - (first + 4)) % 7 + 7 * (week - 1)
    while found >= first + length:
        found -= 7
    return found * DAY + _clock(clock or "2")


def _clock(text: str) -> int:
    hours, minutes, seconds, *_ = [*(int(part) for part in text.lstrip("+-").split(":")), 0, 0]
    return (-1 if text.startswith("-") else 1) * (hours * 3600 + minutes * 60 + seconds)


def _length(header: bytes, *, width: int) -> int:
    assert header[:4] == b"TZif"
    utc, standard, leaps, times, types, letters = struct.unpack(">6l", header[20:44])
    return int(times * (width + 1) + types * 6 + letters + leaps * (width + 4) + standard + utc)


def day_number(year: int, month: int, day: int) -> int:
    """Count days since 1 January 1970, leap years by the Gregorian rule."""
    ends = _month_ends(year)
    years = year - 1
    return years * 365 + years // 4 - years // 100 + years // 400 + ends[month - 1] + day - 719_163


def calendar_dates(first_year: int, last_year: int) -> list[tuple[int, int, int]]:
    return [
        (year, month, day)
        for year in range(first_year, last_year + 1)
        for month in range(1, 13)
        for day in range(1, _month_ends(year)[month] - _month_ends(year)[month - 1] + 1)
    ]


def _month_ends(year: int) -> list[int]:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    ends = [0]
    for length in (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31):
        ends.append(ends[-1] + length)
    return ends
