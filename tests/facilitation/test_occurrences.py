import io
import time as machine
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, zip_longest
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from facilitation import occurrences, recurrence
from facilitation.refusals import Refusal
from tests import proof
from tests.facilitation import zonefiles

LONDON = ZoneInfo("Europe/London")
CAIRO = ZoneInfo("Africa/Cairo")
APIA = ZoneInfo("Pacific/Apia")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)

# A part of the zones with every change, all for the record.
SHARE = proof.size(ci=5, long=1)

Opening = tuple[tuple[int, int, int], int]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Promise 7 at full size: every zone, four years, judged by an oracle that shares no code with the product.

FIRST_YEAR, LAST_YEAR = 2025, 2028
DATES = zonefiles.calendar_dates(FIRST_YEAR, LAST_YEAR)
BEGIN, END = (zonefiles.day_number(year, 1, 1) for year in (FIRST_YEAR, LAST_YEAR + 1))
NUMBERED = list(zip(DATES, range(BEGIN, END), strict=True))
MONTH_ENDS = [pair for pair, after in zip(NUMBERED, DATES[1:], strict=False) if after[2] == 1] + NUMBERED[-1:]
# 4 January 1970 was a Sunday.
BY_RULE = {
    "FREQ=DAILY": NUMBERED,
    "FREQ=WEEKLY;BYDAY=SU": [pair for pair in NUMBERED if pair[1] % 7 == 3],
    "FREQ=MONTHLY;BYMONTHDAY=-1": MONTH_ENDS,
}


@pytest.mark.promise
def test_local_time_holds_in_every_zone_for_four_years(note: Callable[..., None]) -> None:
    names = zonefiles.names()[::SHARE]
    checked = jumped = 0
    wrong: list[tuple[str, Opening | None, Opening | None]] = []

    for position, name in enumerate(names):
        oracle = zonefiles.read(name, last_year=LAST_YEAR + 1)
        zone = ZoneInfo.from_file(io.BytesIO(zonefiles.raw(name)), key=name)
        jumps = oracle.jumps(BEGIN * zonefiles.DAY, END * zonefiles.DAY)
        for turn, (rule, days) in enumerate(BY_RULE.items()):
            second = _second(jumps, turn, position)
            wanted = [(day, oracle.opens(number * zonefiles.DAY + second)) for day, number in days]
            got = _openings(rule, second, zone)
            checked += len(wanted)
            jumped += _openings_inside(jumps, days, second)
            if got != wanted:
                wrong += [(name, a, b) for a, b in zip_longest(wanted, got) if a != b]

    note(7, zones=len(names), occurrences=checked, in_gaps_and_folds=jumped, wrong=len(wrong))
    assert wrong[:5] == []
    assert checked >= 750_000 // SHARE
    # Openings inside a skipped or repeated stretch: without these the rest would prove little.
    assert jumped >= 1000 // SHARE


def _second(jumps: list[tuple[int, int]], turn: int, position: int) -> int:
    """Choose an hour that lies inside one of the zone's own clock changes, if it has any."""
    if not jumps:
        return (position * 60 + turn * 30) % 1440 * 60
    low, high = jumps[turn % len(jumps)]
    return (low + high) // 2 % zonefiles.DAY // 60 * 60


def _openings(rule: str, second: int, zone: ZoneInfo) -> list[Opening]:
    at = time(second // 3600, second // 60 % 60)
    found = occurrences.due(
        f"{rule};UNTIL={LAST_YEAR}1231",
        date(FIRST_YEAR, 1, 1),
        at,
        zone,
        done=None,
        now=utc(f"{LAST_YEAR + 1}-01-03"),
    )
    return [((one.day.year, one.day.month, one.day.day), (one.opens - EPOCH) // SECOND) for one in found]


def _openings_inside(
    jumps: list[tuple[int, int]], days: list[tuple[tuple[int, int, int], int]], second: int
) -> int:
    walls = {number * zonefiles.DAY + second for _, number in days}
    return sum(
        low <= number * zonefiles.DAY + second < high and number * zonefiles.DAY + second in walls
        for low, high in jumps
        for number in range(low // zonefiles.DAY, high // zonefiles.DAY + 1)
    )


# The named cases.


@pytest.mark.parametrize(
    ("zone", "day", "at", "opens"),
    [
        (LONDON, "2026-03-28", "01:30", "2026-03-28T01:30"),
        (LONDON, "2026-03-29", "01:30", "2026-03-29T01:00"),  # 01:00 to 02:00 was skipped
        (LONDON, "2026-03-29", "02:00", "2026-03-29T01:00"),
        (LONDON, "2026-03-30", "01:30", "2026-03-30T00:30"),
        (LONDON, "2026-10-25", "01:30", "2026-10-25T00:30"),  # the first of two
        (LONDON, "2026-10-26", "01:30", "2026-10-26T01:30"),
        (CAIRO, "2026-04-24", "00:00", "2026-04-23T22:00"),  # a day that begins at 01:00
        (CAIRO, "2026-04-25", "00:00", "2026-04-24T21:00"),
        (LORD_HOWE, "2026-10-04", "02:15", "2026-10-03T15:30"),  # half an hour was skipped
        (LORD_HOWE, "2026-04-05", "01:45", "2026-04-04T14:45"),  # half an hour came twice
        (LORD_HOWE, "2026-04-05", "02:15", "2026-04-04T15:45"),
        (APIA, "2011-12-29", "09:00", "2011-12-29T19:00"),
        (APIA, "2011-12-30", "09:00", "2011-12-30T10:00"),  # the day Samoa never had
        (APIA, "2011-12-31", "09:00", "2011-12-30T19:00"),
    ],
)
def test_a_skipped_hour_opens_right_after_and_a_repeated_one_the_first_time(
    zone: ZoneInfo, day: str, at: str, opens: str
) -> None:
    found = occurrences.opens_at(date.fromisoformat(day), time.fromisoformat(at), zone)

    assert found == utc(opens)


def test_seconds_do_not_blur_where_a_gap_ends() -> None:
    found = occurrences.opens_at(date(2026, 3, 29), time(1, 30, 17, 250_000), LONDON)

    assert found == utc("2026-03-29T01:00")


def test_a_day_that_a_place_never_had_keeps_its_own_name() -> None:
    found = occurrences.due(
        "FREQ=DAILY", date(2011, 12, 1), time(9), APIA, done=date(2011, 12, 28), now=utc("2011-12-31")
    )

    assert [one.day for one in found] == [date(2011, 12, 29), date(2011, 12, 30), date(2011, 12, 31)]
    assert [one.opens for one in found] == [
        utc("2011-12-29T19:00"),
        utc("2011-12-30T10:00"),
        utc("2011-12-30T19:00"),
    ]


# What the clock asks.


def test_a_clock_that_looks_now_and_then_opens_each_day_once() -> None:
    looks = [utc("2026-03-01") + timedelta(hours=7 * step) for step in range(120)]
    found = [date(2026, 3, 1)]

    for now in looks:
        due = occurrences.due("FREQ=DAILY", date(2026, 1, 1), time(0), CAIRO, done=found[-1], now=now)
        found += [one.day for one in due]

    assert found == [date(2026, 3, 1) + timedelta(days=step) for step in range(len(found))]
    assert len(found) == 35


def test_an_hour_moved_earlier_in_mid_day_opens_the_day_once() -> None:
    rule, starts = "FREQ=DAILY", date(2026, 6, 1)
    before = occurrences.due(
        rule, starts, time(10), LONDON, done=date(2026, 6, 8), now=utc("2026-06-09T08:30")
    )

    after = occurrences.due(rule, starts, time(8), LONDON, done=date(2026, 6, 8), now=utc("2026-06-09T08:31"))
    again = occurrences.due(rule, starts, time(8), LONDON, done=date(2026, 6, 9), now=utc("2026-06-09T08:32"))

    assert before == []
    assert [one.day for one in after] == [date(2026, 6, 9)]
    assert again == []


def test_an_hour_moved_later_after_the_opening_does_not_open_the_day_again() -> None:
    rule, starts = "FREQ=DAILY", date(2026, 6, 1)

    later = occurrences.due(
        rule, starts, time(18), LONDON, done=date(2026, 6, 9), now=utc("2026-06-09T17:30")
    )
    next_day = occurrences.due(
        rule, starts, time(18), LONDON, done=date(2026, 6, 9), now=utc("2026-06-10T17:30")
    )

    assert later == []
    assert [one.day for one in next_day] == [date(2026, 6, 10)]


def test_a_schedule_never_opened_is_due_from_its_first_day() -> None:
    found = occurrences.due(
        "FREQ=WEEKLY;BYDAY=TU", date(2026, 6, 1), time(9), LONDON, done=None, now=utc("2026-06-16T08:00")
    )

    assert [one.day for one in found] == [date(2026, 6, 2), date(2026, 6, 9), date(2026, 6, 16)]


def test_days_missed_while_parley_was_down_are_all_named() -> None:
    found = occurrences.due(
        "FREQ=DAILY", date(2026, 6, 1), time(9), LONDON, done=date(2026, 6, 10), now=utc("2026-06-17T09:00")
    )

    assert [one.day.day for one in found] == [11, 12, 13, 14, 15, 16, 17]


# Rules.


@pytest.mark.parametrize(
    ("rule", "starts", "dates"),
    [
        ("FREQ=WEEKLY", "2026-06-03", ["2026-06-03", "2026-06-10"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=TU", "2026-06-03", ["2026-06-09", "2026-06-16"]),
        ("freq=weekly; byday=tu;", "2026-06-03", ["2026-06-09", "2026-06-16"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "2026-06-03", ["2026-06-03", "2026-06-15", "2026-06-17"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", "2026-06-03", ["2026-06-14", "2026-06-28"]),
        ("FREQ=MONTHLY;BYDAY=1MO,-1FR", "2026-06-01", ["2026-06-01", "2026-06-26", "2026-07-06"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-05-01", ["2026-05-29", "2026-06-30"]),
        ("FREQ=MONTHLY", "2026-01-31", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=YEARLY", "2024-02-29", ["2024-02-29", "2028-02-29"]),
        ("FREQ=YEARLY;BYWEEKNO=53", "2026-06-03", ["2026-12-30"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", "2026-06-03", ["2026-12-31", "2027-12-31"]),
        ("FREQ=DAILY;INTERVAL=10;COUNT=2", "2026-06-03", ["2026-06-03", "2026-06-13"]),
        ("FREQ=DAILY;UNTIL=20260604", "2026-06-03", ["2026-06-03", "2026-06-04"]),
    ],
)
def test_a_rule_gives_its_dates(rule: str, starts: str, dates: list[str]) -> None:
    first = date.fromisoformat(starts)

    found = occurrences.next_dates(rule, first, first - timedelta(days=1), count=100)

    assert [day.isoformat() for day in found[: len(dates)]] == dates


def test_count_is_counted_from_the_start_wherever_one_asks() -> None:
    found = occurrences.next_dates("FREQ=DAILY;COUNT=5", date(2026, 6, 1), date(2026, 6, 3), count=9)

    assert found == [date(2026, 6, 4), date(2026, 6, 5)]


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("", "FREQ=DAILY"),
        ("every Tuesday", '"every Tuesday"'),
        ("BYDAY=TU", "FREQ=DAILY"),
        ("FREQ=FORTNIGHTLY", "FREQ=DAILY"),
        ("FREQ=HOURLY", "once a day"),
        ("FREQ=SECONDLY", "once a day"),
        ("FREQ=DAILY;BYHOUR=9,17", "BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=0", "BYMINUTE"),
        ("FREQ=DAILY;BYSECOND=0", "BYSECOND"),
        ("FREQ=DAILY;EXDATE=20260601", "EXDATE"),
        ("DTSTART:20260601\nRRULE:FREQ=DAILY", "DTSTART"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;INTERVAL=2;INTERVAL=3", "twice"),
        ("FREQ=DAILY;COUNT=99999", "COUNT=99999"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT"),
        ("FREQ=DAILY;UNTIL=20270101T120000Z", "UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20270231", "20270231"),
        ("FREQ=DAILY;UNTIL=2027-01-01", "2027-01-01"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,", "BYMONTHDAY=1,"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH=-1"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ("FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO", "BYWEEKNO"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO"),
        ("FREQ=MONTHLY;BYYEARDAY=3", "BYYEARDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=DAILY;WKST=XX", "WKST=XX"),
        ("FREQ=DAILY;INTERVAL=\u0661", "INTERVAL"),
        ("FREQ=DAILY;" * 60, "cannot read"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no date in the four years from 2026-06-01"),
        ("FREQ=DAILY;UNTIL=20260531", "no date"),
        ("FREQ=WEEKLY;BYDAY=MO;BYMONTH=2;BYSETPOS=5", "no date"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_in_a_sentence_that_names_the_part(
    rule: str, named: str
) -> None:
    with pytest.raises(Refusal) as refused:
        occurrences.check(rule, date(2026, 6, 1))

    assert named in str(refused.value)
    assert str(refused.value).endswith((".", '"'))


@pytest.mark.parametrize("starts", [date(1, 1, 1), date(1969, 12, 31), date(3000, 1, 1), date.max])
def test_a_start_out_of_reach_is_refused(starts: date) -> None:
    with pytest.raises(occurrences.StartOutOfReach, match=starts.isoformat()):
        occurrences.check("FREQ=DAILY", starts)


def test_a_rule_that_ordinary_libraries_spin_on_is_refused_at_once() -> None:
    begun = machine.process_time()

    for _ in range(20):
        with pytest.raises(occurrences.NoDateInFourYears):
            occurrences.check("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", date(2026, 1, 1))

    assert machine.process_time() - begun < 1


# Rules against dateutil, which is written by others. Near the year 9999, where its search ends.

weekdays = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(",".join)


def signed(most: int) -> st.SearchStrategy[str]:
    return some(st.integers(-most, most).filter(bool).map(str))


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    numbered = frequency in {"MONTHLY", "YEARLY"}
    # All numbered or none: of a mixture (MO,1TU) dateutil keeps what both ask for, RFC 5545 either.
    places = st.sampled_from(["1", "2", "-1", "-2", "5"] if numbered and draw(st.booleans()) else [""])
    parts = {
        "INTERVAL": st.integers(1, 5).map(str),
        "WKST": weekdays,
        "COUNT": st.integers(1, 30).map(str),
        "BYMONTH": some(st.integers(1, 12).map(str)),
        "BYDAY": some(st.tuples(places, weekdays).map("".join)),
    }
    if frequency != "WEEKLY":
        parts["BYMONTHDAY"] = signed(31)
        parts["BYSETPOS"] = signed(3)
    if frequency == "YEARLY":
        parts["BYYEARDAY"] = signed(366)
        parts["BYWEEKNO"] = signed(53)
    chosen = draw(st.sets(st.sampled_from(sorted(parts)), max_size=4))
    return ";".join([f"FREQ={frequency}", *(f"{name}={draw(parts[name])}" for name in sorted(chosen))])


@settings(max_examples=400, deadline=None)
@given(rules(), st.dates(date(9980, 1, 1), date(9985, 12, 31)))
def test_the_dates_of_a_rule_are_those_that_dateutil_finds(rule: str, starts: date) -> None:
    # dateutil takes every day of the week where BYWEEKNO stands alone; RFC 5545 and Parley take one.
    assume("BYWEEKNO" not in rule or "BYDAY" in rule)
    try:
        read = recurrence.read(rule)
    except recurrence.RulePartsClash:
        return
    last = date(9990, 12, 31)

    found = list(recurrence.dates(read, starts, first=starts, last=last))

    theirs = (moment.date() for moment in rrulestr(rule, dtstart=datetime.combine(starts, time(0))))
    assert found == [day for day in islice(theirs, len(found) + 1) if day <= last]


@settings(max_examples=200, deadline=None)
@given(rules(), st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(0, 3000))
def test_a_rule_entered_midway_gives_what_it_gives_from_its_start(
    rule: str, starts: date, skipped: int
) -> None:
    try:
        read = recurrence.read(rule)
    except recurrence.RulePartsClash:
        return
    first, last = starts + timedelta(days=skipped), starts + timedelta(days=4000)

    found = list(recurrence.dates(read, starts, first=first, last=last))

    assert found == [day for day in recurrence.dates(read, starts, first=starts, last=last) if day >= first]


@given(st.one_of(st.text(max_size=60), st.text("FREQ=;,BYDAMONTHWKLUIS0123456789+-:{}", max_size=60)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Refusal):
        assert recurrence.read(text).frequency
