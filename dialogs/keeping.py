"""What is kept about somebody: to read, to erase, and to complain about."""

from dialogs.verbs import Command, Verb, Words

VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
