"""What `parley doctor` can find, and the remedy for each thing that can be wrong."""

from dataclasses import dataclass

# One line each: what to do. Whoever reads it stands at a command line, and may be new to it.
REMEDIES = {
    "settings_unusable": "{told}",
    "setting_unknown": "It does nothing. {guess}The settings stand in README.",
    "setting_unread": "It is not used as you mean it. Write one NAME=value a line, as in README.",
    "env_open_to_others": "It holds the token. Run: chmod 600 .env",
    "python_old": "Parley needs Python {oldest} or newer. Install one, remove .venv, and run: make setup",
    "port_taken": "Stop the program that uses it, or put another PARLEY_PORT=... into .env.",
    "public_port": "Telegram delivers to ports 443, 80, 88 and 8443 only. Change PARLEY_PUBLIC_URL.",
    "disk_full": "Make room: without any, nothing can be stored. Old backups are a good place to begin.",
    "zones_old": "Clocks may change on other days by now. Bring the machine's tzdata up to date.",
    "zone_missing": "Its rounds do not open. Install the machine's time zones (apt install tzdata).",
    "database_away": "{told}",
    "schema_older": "Run: parley migrate",
    "schema_newer": "Start the newer Parley again, or restore a backup made before it (docs/operating.md).",
    "database_encoding": "{told}",
    "file_unusable": "{told}",
    "file_on_network": "SQLite may break there. Move it to a disk of this machine, or use PostgreSQL.",
    "database_silent": "Once the Parley it was copied from is stopped for good: parley restore --go-live",
    "other_bot": "People's buttons and links are that bot's: put its token back into PARLEY_BOT_TOKEN.",
    "parts_late": "Start {command} again, and look at its log for the last line at level error.",
    "updates_parked": "Their senders got no reply. Report update_parked from the log to Parley's makers.",
    "letters_dead": "Telegram would not take them. Report letter_not_sent from the log to Parley's makers.",
    "token_missing": "Get one from @BotFather in Telegram and put PARLEY_BOT_TOKEN=... into .env (README).",
    "token_malformed": "Copy it again from @BotFather, whole and without spaces, into PARLEY_BOT_TOKEN.",
    "token_unknown": "Copy it again from @BotFather into PARLEY_BOT_TOKEN.",
    "telegram_away": "Check this machine's network, and PARLEY_API_BASE if you set it.",
    "webhook_of_another": "If it is an old set-up, start parley run: it takes them back. Or use another bot.",
    "webhook_not_set": "Start parley run or parley web: it sets it.",
    "webhook_failing": "Check that {url} leads to this machine, with a certificate that is valid.",
    "updates_piling_up": "Start parley run, or parley web and parley worker. Is it running, look at its log.",
    "operator_not_named": "Put PARLEY_OPERATOR_CHAT=... into .env: your own Telegram id (README tells how).",
    "operator_not_reached": "Open the chat with the bot as that account and press Start, or mend it in .env.",
    "clock_off": "Switch on time synchronisation (timedatectl set-ntp true); rounds open by this clock.",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `name` says which remedy belongs to it; "" where all is well.

    `hint`: Parley works without, and whoever runs it may have meant that.
    """

    what: str
    name: str = ""
    remedy: str = ""
    hint: bool = False

    @property
    def good(self) -> bool:
        return not self.name


def hint(name: str, what: str) -> Finding:
    return Finding(what, name, REMEDIES[name], hint=True)


def wrong(name: str, what: str, **facts: object) -> Finding:
    return Finding(what, name, REMEDIES[name].format(**facts))
