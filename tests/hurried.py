"""`parley`, with shorter leases and time-outs, so that what a crash leaves behind is settled in seconds.

`python -m tests.hurried run`; HURRIED_LEASE, HURRIED_TIMEOUT, HURRIED_WAIT, HURRIED_RETRY, HURRIED_SWEEP
and HURRIED_BREATH are seconds of machine time; what is uncertain waits a hundredth of its time, but no less
than 2 s. With HURRIED_BEAT all signs of life come so many times as often, and are late so much sooner, and
whoever stops while holding something in PostgreSQL holds it for two seconds.
"""

import os

import storage.database
from bot import cli, delivery, flood, health, identity, inbox, outbox, telegram


def main() -> None:
    outbox.LEASE = float(os.environ.get("HURRIED_LEASE", outbox.LEASE))
    inbox.FIRST_WAIT = float(os.environ.get("HURRIED_WAIT", inbox.FIRST_WAIT))
    outbox.FIRST_WAIT = float(os.environ.get("HURRIED_RETRY", outbox.FIRST_WAIT))
    flood.BREATH = float(os.environ.get("HURRIED_BREATH", flood.BREATH))
    delivery.SWEEP = float(os.environ.get("HURRIED_SWEEP", delivery.SWEEP))
    outbox.UNCERTAIN_WAITS = tuple(max(2.0, wait / 100) for wait in outbox.UNCERTAIN_WAITS)
    if look := os.environ.get("HURRIED_LOOK"):  # how soon a token that is revoked, or valid again, is noticed
        identity.LOOK = outbox.LOCKED_OUT = float(look)
    wait = os.environ.get("HURRIED_TIMEOUT", telegram.LONGEST_WAIT)
    telegram.call.__kwdefaults__ = {"read_timeout": float(wait)}
    if times := os.environ.get("HURRIED_BEAT"):
        _beat(float(times))
    cli.app(prog_name="parley")


def _beat(times: float) -> None:
    from bot import house, listening  # noqa: PLC0415 - few processes are hurried so

    health.EVERY /= times
    health.LATE /= times
    health.PATIENCE = max(1.0, health.PATIENCE / times)
    house.METRONOME /= times
    listening.WAIT = max(1, round(listening.WAIT / times))
    listening.LONGEST_PAUSE /= times
    storage.database.LET_GO = 2.0


if __name__ == "__main__":
    main()
