"""Public holidays: of which country, on which day, and what that costs."""

import subprocess
import sys
from datetime import date

import pytest

from facilitation import holidays


@pytest.mark.parametrize(
    ("country", "day", "name"),
    [
        ("GB", date(2026, 12, 25), "Christmas Day"),
        ("GB-WLS", date(2026, 4, 6), "Easter Monday"),
        ("GB-SCT", date(2026, 4, 6), ""),
        ("GB-SCT", date(2026, 11, 30), "Saint Andrew's Day"),
        ("GB-NIR", date(2027, 3, 17), "Saint Patrick's Day"),
        ("IE", date(2026, 2, 2), "Saint Brigid's Day"),
        ("DE", date(2026, 10, 3), "German Unity Day"),
        ("GB", date(2026, 12, 24), ""),
        ("", date(2026, 12, 25), ""),
        ("XX", date(2026, 12, 25), ""),
        ("no country", date(2026, 12, 25), ""),
    ],
)
def test_a_day_is_called_by_its_holiday_in_that_country(country: str, day: date, name: str) -> None:
    found = holidays.named(country, day)

    assert found == name


@pytest.mark.parametrize(
    ("written", "code", "called"),
    [
        ("Wales", "GB-WLS", "Wales"),
        (" the United  Kingdom. ", "GB", "United Kingdom"),
        ("uk", "GB", "United Kingdom"),
        ("northern ireland", "GB-NIR", "Northern Ireland"),
        ("Ireland", "IE", "Ireland"),
        ("gb-sct", "GB-SCT", "Scotland"),
        ("de_by", "DE-BY", "Germany (BY)"),
        ("isle of man", "IM", "Isle of Man"),
    ],
)
def test_a_country_is_found_by_its_name_or_code_and_called_by_its_name(
    written: str, code: str, called: str
) -> None:
    found = holidays.found(written)

    assert (found, holidays.called(found)) == (code, called)


@pytest.mark.parametrize("written", ["", "Narnia", "GB-XXX", "XX", "🦆", "x" * 4000])
def test_what_is_no_country_is_refused_with_a_way_on(written: str) -> None:
    with pytest.raises(holidays.CountryUnknown) as refused:
        holidays.found(written)

    assert "like Wales" in refused.value.sentence()
    assert len(refused.value.sentence()) <= 200


def test_a_house_that_never_names_a_country_never_imports_the_library() -> None:
    asked = "from facilitation import holidays; holidays.named('', __import__('datetime').date(2026, 1, 1))"

    done = subprocess.run(
        [sys.executable, "-c", f"{asked}; import sys; print('holidays' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "False"
