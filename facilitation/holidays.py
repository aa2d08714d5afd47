"""Public holidays of a country, on which a schedule may rest.

The library costs 11 MB to import and 8 MB more for its first calendar (measured), so it is imported only
once a schedule names a country.
"""

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from facilitation.refusals import Refusal

if TYPE_CHECKING:
    from holidays import HolidayBase

# Names of holidays are asked for in the first of these that the country has, else in its own language.
LANGUAGES = ("en_GB", "en_US")
_CODE = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")


class CountryUnknown(Refusal):
    """Parley has no public holidays for "{country}". Write a country in English, like Wales, Ireland or
    Germany, or its code, like GB-WLS.
    """


def named(country: str, day: date) -> str:
    """Name the public holiday of this day, "" for none; country like GB or GB-WLS, "" for none.

    Several on one day are joined by a semicolon. A country the library does not have has no holidays.
    """
    calendar = _calendar(country) if country else None
    return "" if calendar is None else str(calendar.get(day) or "")


def found(text: str) -> str:
    """Find the code of a country or nation somebody wrote: Wales is GB-WLS. Raises CountryUnknown."""
    wanted = re.sub(r"[\W_]+", " ", text).strip().lower().removeprefix("the ")
    code = _by_name().get(wanted) or text.strip().upper().replace("_", "-").replace("/", "-")
    if _calendar(code) is None:
        raise CountryUnknown(country=" ".join(text.split())[:40])
    return code


def called(country: str) -> str:
    """Give the English name of a code's country, "Wales" for GB-WLS; the code itself where there is none."""
    names = {code: name for name, code in reversed(_by_name().items())}
    if country in names:
        words = names[country].split()
        return " ".join(word if word in {"and", "of", "the"} else word.title() for word in words)
    whole, _, part = country.partition("-")
    return f"{called(whole)} ({part})" if part and whole in names else country


@lru_cache(maxsize=8)
def _calendar(country: str) -> "HolidayBase | None":
    from holidays import country_holidays  # noqa: PLC0415 - see the module's docstring

    parts = _CODE.fullmatch(country)
    if parts is None:
        return None
    try:
        bare = country_holidays(parts[1], subdiv=parts[2])
        language = next((one for one in LANGUAGES if one in bare.supported_languages), None)
        return country_holidays(parts[1], subdiv=parts[2], language=language)
    except NotImplementedError:  # the library's word for a country or region it does not have
        return None


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    """Every name somebody may write, in small letters, with its code; the name to be shown comes first."""
    from holidays import registry  # noqa: PLC0415 - see the module's docstring

    nations = {"wales": "GB-WLS", "scotland": "GB-SCT", "england": "GB-ENG", "northern ireland": "GB-NIR"}
    # A name holds its long form and its two- and three-letter codes.
    countries = {name.replace("_", " "): codes[1] for name, codes in registry.COUNTRIES.items()}
    return nations | countries | {"uk": "GB", "britain": "GB", "great britain": "GB", "usa": "US"}
