"""Check-ins, pulses, retros and nudges: when they come, tried out, paused and called off."""

from dialogs.verbs import Command, Verb, Words

VERBS: dict[str, Verb] = {}
COMMANDS: dict[str, Command] = {}
WORDS: dict[str, Words] = {}
