"""A member's own ways: away, pausing, leaving, language and clock, places and earlier digests."""

from dialogs.verbs import Command, Verb, Words

VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
