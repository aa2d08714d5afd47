"""Links that give a seat: made, shown with a picture, counted, taken back."""

from dialogs.verbs import Command, Verb, Words

VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
