"""The languages that people may choose here."""

from babel import Locale, UnknownLocaleError

from dialogs.cards import ENGLISH, spoken
from dialogs.events import Setting

REVIEWED = (ENGLISH,)


def offered(setting: Setting) -> tuple[tuple[str, str], ...]:
    """Each language that may be chosen, as (code, its own name): the reviewed ones, then those the operator
    allows unreviewed. Only languages that there are sentences in.
    """
    codes = dict.fromkeys((*REVIEWED, *setting.unreviewed))
    return tuple((code, own_name(code)) for code in codes if spoken(code) == code)


def chosen(setting: Setting, language: str) -> str:
    """The language to begin with for somebody whose messenger speaks this one."""
    code = language.lower().partition("-")[0]
    return code if code in dict(offered(setting)) else ENGLISH


def own_name(code: str) -> str:
    """What the speakers of a language call it: English, Cymraeg."""
    try:
        name = Locale.parse(code).get_language_name() or code
    except (UnknownLocaleError, ValueError):
        return code
    return name[:1].upper() + name[1:]
