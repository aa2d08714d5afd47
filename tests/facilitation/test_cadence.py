"""How often, in words and as a rule: read as people write it, and the same both ways."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import islice, product

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogs import cadences
from dialogs.cards import Reader
from facilitation import cadence, days, occurrences, recurrence
from facilitation.cadence import LAST, Cadence
from facilitation.refusals import Refusal

NOW = datetime(2026, 11, 4, 9, 0)  # noqa: DTZ001 - what a clock on the wall shows, a Wednesday
TODAY = NOW.date()
TEN = time(10)
READER = Reader("en", "Europe/London")
A_DAY = timedelta(days=1)


def heard(text: str, *, now: datetime = NOW) -> cadence.Heard:
    return cadence.heard(text, now=now, opens=TEN)


def following(found: cadence.Heard, count: int = 3) -> list[str]:
    return [
        f"{day:%a %-d %b}"
        for day in occurrences.next_dates(found.rule, found.starts, TODAY - A_DAY, count=count)
    ]


@pytest.mark.parametrize(
    ("text", "rule", "dates"),
    [
        ("every Tuesday 10:00", "FREQ=WEEKLY;BYDAY=TU", "Tue 10 Nov"),
        ("Every Wednesday, 10:00", "FREQ=WEEKLY;BYDAY=WE", "Wed 4 Nov"),
        ("every Wednesday 8:30", "FREQ=WEEKLY;BYDAY=WE", "Wed 11 Nov"),  # today's hour is over
        ("Mondays", "FREQ=WEEKLY;BYDAY=MO", "Mon 9 Nov"),
        ("every Monday and Thursday", "FREQ=WEEKLY;BYDAY=MO,TH", "Thu 5 Nov"),
        ("every Mon, Wed & Fri", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "Wed 4 Nov"),
        ("every second Thursday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "Thu 5 Nov"),
        ("every other Tuesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "Tue 10 Nov"),
        ("fortnightly on Friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "Fri 6 Nov"),
        ("every three weeks on Monday", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO", "Mon 9 Nov"),
        ("weekly until 30 June", "FREQ=WEEKLY;BYDAY=WE;UNTIL=20270630", "Wed 4 Nov"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Wed 4 Nov"),
        ("every day", "FREQ=DAILY", "Wed 4 Nov"),
        ("every 3 days", "FREQ=DAILY;INTERVAL=3", "Wed 4 Nov"),
        ("last Friday of the month", "FREQ=MONTHLY;BYDAY=-1FR", "Fri 27 Nov"),
        ("every last Friday", "FREQ=MONTHLY;BYDAY=-1FR", "Fri 27 Nov"),
        ("2nd Thursday of each month", "FREQ=MONTHLY;BYDAY=2TH", "Thu 12 Nov"),
        ("first and third Tuesday of the month", "FREQ=MONTHLY;BYDAY=1TU,3TU", "Tue 17 Nov"),
        ("monthly", "FREQ=MONTHLY;BYDAY=1WE", "Wed 4 Nov"),
        ("the 15th of every month", "FREQ=MONTHLY;BYMONTHDAY=15", "Sun 15 Nov"),
        ("every month on the last day", "FREQ=MONTHLY;BYMONTHDAY=-1", "Mon 30 Nov"),
        ("every quarter on the first Monday", "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO", "Mon 7 Dec"),
        ("every Tuesday for six times", "FREQ=WEEKLY;BYDAY=TU;COUNT=6", "Tue 10 Nov"),
        ("every Tuesday from 1 December", "FREQ=WEEKLY;BYDAY=TU", "Tue 1 Dec"),
        ("every year on 3 December", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=3", "Thu 3 Dec"),
        ("on 3 December", "FREQ=DAILY;COUNT=1", "Thu 3 Dec"),
        ("3/12/2026", "FREQ=DAILY;COUNT=1", "Thu 3 Dec"),
        ("Thursday 3 December at 2.30pm", "FREQ=DAILY;COUNT=1", "Thu 3 Dec"),
        ("tomorrow 15:00", "FREQ=DAILY;COUNT=1", "Thu 5 Nov"),
        ("next Tuesday", "FREQ=DAILY;COUNT=1", "Tue 10 Nov"),
        ("rrule:freq=weekly;byday=tu 9:30", "FREQ=WEEKLY;BYDAY=TU", "Tue 10 Nov"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "Mon 30 Nov"),
    ],
)
def test_words_become_the_rule_that_was_meant(text: str, rule: str, dates: str) -> None:
    found = heard(text)

    assert found.rule == rule
    assert following(found)[0] == dates


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("every Tuesday", None),
        ("every Tuesday 10:00", time(10)),
        ("every Tuesday at 9", time(9)),
        ("every Tuesday at 9.15", time(9, 15)),
        ("every Tuesday 2pm", time(14)),
        ("every Tuesday at 12 am", time(0)),
        ("noon every Tuesday", time(12)),
        ("on 3/12/2026 at 8", time(8)),
    ],
)
def test_an_hour_is_taken_wherever_it_stands(text: str, at: time | None) -> None:
    found = heard(text)

    assert found.opens == at


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when pigs fly", "every second Thursday"),
        ("", "every second Thursday"),
        ("🦆" * 2000, "every second Thursday"),
        ("every third Thursday", "third thursday of the month"),
        ("every Tuesday 25:00", "25:00"),
        ("every Tuesday 13pm", "13pm"),
        ("on 31 february 2027", 'no such day as "31 February 2027"'),
        ("on 31 February", 'no such day as "31 February"'),
        ("every Tuesday from 31/12/9999", "no such day"),
        ("on 1/1/2020", "is over"),
        ("on 31/12/2999", "more than four years away"),
        ("every Tuesday from 31/12/2999", "more than four years away"),
        ("FREQ=HOURLY", "at most once a day"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no date"),
        ("weekly until 1/1/2020", "no date"),
    ],
)
def test_what_cannot_be_read_or_kept_is_refused_with_a_way_on(text: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        heard(text)

    assert said in refused.value.sentence()


# Both ways.

WEEKDAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda chosen: tuple(sorted(chosen)))
PLACES = st.sets(st.sampled_from((1, 2, 3, 4, 5, LAST)), min_size=1).map(
    lambda chosen: tuple(sorted(chosen, key=lambda place: place % 10))
)
MONTH_DAYS = st.sets(st.one_of(st.integers(1, 31), st.just(LAST)), min_size=1).map(
    lambda chosen: tuple(sorted(chosen, key=lambda day: day % 100))
)
INTERVALS = st.integers(1, 12)
ENDS: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.builds(dict),
    st.dates(date(2027, 12, 1), date(2029, 12, 31)).map(lambda day: {"until": day}),
    st.integers(2, 60).map(lambda count: {"count": count}),
)
TOLD = st.one_of(
    st.builds(Cadence, st.just("day"), INTERVALS),
    st.builds(Cadence, st.just("week"), INTERVALS, weekdays=WEEKDAYS),
    st.builds(Cadence, st.just("month"), INTERVALS, weekdays=WEEKDAYS, places=PLACES),
    st.builds(Cadence, st.just("month"), INTERVALS, days=MONTH_DAYS),
    st.builds(
        Cadence, st.just("year"), month=st.integers(1, 12), days=st.integers(1, 28).map(lambda day: (day,))
    ),
)


@given(told=TOLD, end=ENDS)
@settings(max_examples=400, deadline=None)
def test_words_of_a_rule_are_read_as_that_rule_again(told: Cadence, end: dict[str, object]) -> None:
    whole = Cadence(**vars(told) | end)
    rule = cadence.as_rule(whole)
    try:
        starts = cadence.first(rule, TODAY)
    except occurrences.NoDateInFourYears:
        return  # 31 February and its like

    said = cadences.said(cadence.told(rule, starts), READER)
    again = heard(said)

    assert cadence.told(rule, starts) == whole
    assert again.rule == rule
    assert cadences.said(cadence.told(again.rule, again.starts), READER) == said


@given(day=st.dates(date(2026, 11, 5), date(2030, 10, 31)))
def test_a_single_day_is_read_as_that_day_again(day: date) -> None:
    said = cadences.said(Cadence("once", on=day), READER)

    again = heard(said)

    assert (again.rule, again.starts) == ("FREQ=DAILY;COUNT=1", day)


KINDS = (1, 2, *cadence.MONTHLY)


@pytest.mark.parametrize(("kind", "weekday"), list(product(KINDS, range(7))))
def test_a_button_gives_the_dates_that_dateutil_gives(kind: int, weekday: int) -> None:
    rule = cadence.preset(kind, weekday)
    assert rule is not None
    starts = cadence.first(rule, TODAY)
    oracle = rrulestr(rule, dtstart=datetime.combine(starts, time()))

    found = occurrences.next_dates(rule, starts, TODAY - A_DAY, count=5)

    assert found == [moment.date() for moment in islice(iter(oracle), 5)]
    assert found[0] >= TODAY
    assert found[0] - TODAY < timedelta(days=37)


@pytest.mark.parametrize(("kind", "weekday"), [(0, 1), (3, 1), (16, 1), (1, 7), (11, 2**40)])
def test_there_are_no_other_buttons(kind: int, weekday: int) -> None:
    found = cadence.preset(kind, weekday)

    assert found is None


@pytest.mark.parametrize(
    ("rule", "unit"),
    [
        ("FREQ=WEEKLY", "week"),
        ("FREQ=MONTHLY", "month"),
        ("FREQ=YEARLY", "year"),
        ("FREQ=DAILY;BYDAY=MO,WE", "week"),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", "month"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO", ""),
        ("FREQ=DAILY;BYMONTH=3", ""),
        ("FREQ=WEEKLY;BYDAY=MO;BYMONTH=3", ""),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", ""),
        ("FREQ=MONTHLY;BYDAY=MO", ""),
        ("FREQ=MONTHLY;BYDAY=1MO,2TU", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", ""),
        ("FREQ=YEARLY;BYWEEKNO=20", ""),
        ("FREQ=YEARLY;BYMONTH=3,4;BYMONTHDAY=1", ""),
        ("FREQ=YEARLY;INTERVAL=2", ""),
    ],
)
def test_a_rule_is_told_in_words_only_where_they_say_all_of_it(rule: str, unit: str) -> None:
    starts = date(2026, 11, 10)

    told = cadence.told(rule, starts)

    assert told.unit == unit
    span = {"first": starts, "last": date(2029, 1, 1)}
    again = recurrence.dates(recurrence.read(cadence.as_rule(told)), starts, **span)
    assert list(again) == list(recurrence.dates(recurrence.read(rule), starts, **span))


# Days.


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("24 December to 2 January", "2026-12-24", "2027-01-02", 10),
        ("24-27 December", "2026-12-24", "2026-12-27", 4),
        ("from 24 Dec until 3 Jan", "2026-12-24", "2027-01-03", 11),
        ("25/12/2026", "2026-12-25", "2026-12-25", 1),
        ("2026-12-25", "2026-12-25", "2026-12-25", 1),
        ("December 25th, 26 December and 1.1.", "2026-12-25", "2027-01-01", 3),
        ("29 February", "2028-02-29", "2028-02-29", 1),
        ("today\ntomorrow", "2026-11-04", "2026-11-05", 2),
        ("3 November", "2027-11-03", "2027-11-03", 1),
        ("3 Sept", "2027-09-03", "2027-09-03", 1),
    ],
)
def test_days_are_read_as_people_write_them(text: str, first: str, last: str, count: int) -> None:
    found = days.several(text, today=TODAY)

    assert (found[0].isoformat(), found[-1].isoformat(), len(found)) == (first, last, count)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("soon", days.DayUnreadable),
        ("", days.DayUnreadable),
        ("1 to 2", days.DayUnreadable),
        ("5 December 2026 to 1 December 2026", days.DayUnreadable),
        (", ".join(["1 May"] * 41), days.DayUnreadable),
        ("31 April", days.DayNotThere),
        ("1/13/2026", days.DayNotThere),
        ("1 January 2026 to 5 May 2027", days.SpanTooLong),
        ("5 January to 22 October", days.SpanUnsure),
    ],
)
def test_what_is_no_day_is_refused_in_words(text: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        days.several(text, today=TODAY)

    assert len(refused.value.sentence()) <= 200


VOCABULARY = (
    *(
        "every",
        "second",
        "third",
        "last",
        "first",
        "other",
        "on",
        "the",
        "of",
        "month",
        "week",
        "weeks",
        "day",
    ),
    *(
        "until",
        "to",
        "from",
        "and",
        ",",
        "-",
        "monthly",
        "weekly",
        "fortnightly",
        "once",
        "at",
        "times",
        "year",
    ),
    *(
        "tuesday",
        "mondays",
        "fri",
        "december",
        "3",
        "31",
        "0",
        "99",
        "1st",
        "30/2/2027",
        "9999",
        "0001-01-01",
        "9999-12-31",
    ),
    *("10:00", "25:61", "12pm", "FREQ=WEEKLY;BYDAY=TU", "31 12 9999", "next", "tomorrow", "quarter", "\n"),
)
WRITTEN = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join))


@given(WRITTEN)
@settings(max_examples=1500, deadline=None)
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for read in (heard, lambda words: days.several(words, today=TODAY)):
        with suppress(Refusal):
            assert read(text)
