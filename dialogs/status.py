"""Where everything stands, for facilitators."""

from dialogs.verbs import Command, Verb, Words

VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
