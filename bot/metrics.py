"""The numbers worth watching, as Prometheus reads them. Imported only where somebody asks for them.

They are made anew from the database at each scrape, so that any number of processes says the same, and a
restart loses none. No label names a partnership or a person.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.health import SILENT, Figures, Seen
from storage.memos import LOCKED_OUT, RESTORED

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Said from the start, at 0: an alert on a series that is not there yet never fires.
LETTERS = ("sent", "uncertain", "dead", "expired")
UPDATES = ("done", "parked")
ROUNDS = ("planned", "open", "closing", "published", "archived", "skipped")


class Shown(Collector):
    """One look at the database, as metrics."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def collect(self) -> Iterable[Metric]:
        yield from _states(self.seen)
        yield from _counters(self.seen.figures)
        yield from _gauges(self.seen.figures)


def page(seen: Seen) -> bytes:
    registry = CollectorRegistry()
    registry.register(Shown(seen))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _states(seen: Seen) -> Iterable[Metric]:
    report = seen.report
    yield _gauge("parley_ok", "1 while every part gives signs of life and Parley may speak.", report["ok"])
    signs = {part: sign["seconds_ago"] for part, sign in report["parts"].items()}
    yield _by(
        GaugeMetricFamily(
            "parley_part_silence_seconds",
            "Seconds since this part, wherever it runs, last gave a sign of life.",
            labels=["part"],
        ),
        signs,
    )
    yield _by(
        GaugeMetricFamily(
            "parley_part_late", "1 for a part that should have said something by now.", labels=["part"]
        ),
        {part: part in report["late"] for part in {*signs, *report["late"]}},
    )
    told = {
        LOCKED_OUT: "1 while Telegram refuses this bot's token.",
        RESTORED: "1 while this is a restored copy that sends nothing.",
    }
    for name in SILENT:
        yield _gauge(f"parley_{name}", told[name], name in report["silent"])


def _counters(figures: Figures) -> Iterable[Metric]:
    missed = "Rounds that were skipped because Parley was not running in time."
    yield CounterMetricFamily("parley_rounds_missed", missed, value=figures.missed)
    yield _by(
        CounterMetricFamily("parley_letters", "Letters by what came of them in the end.", labels=["state"]),
        {state: figures.letters.get(state, 0) for state in LETTERS},
    )
    yield _by(
        CounterMetricFamily(
            "parley_updates", "Messages and taps that came in, by what came of them.", labels=["state"]
        ),
        {state: figures.updates.get(state, 0) for state in UPDATES},
    )


def _gauges(figures: Figures) -> Iterable[Metric]:
    waiting = figures.updates.get("new", 0)
    yield _gauge("parley_updates_waiting", "Messages and taps that are not handled yet.", waiting)
    yield _gauge(
        "parley_updates_oldest_seconds", "How long the oldest of them has waited.", figures.waiting_s
    )
    yield _gauge("parley_letters_due", "Letters that may go out now.", figures.due)
    yield _gauge("parley_letters_oldest_seconds", "How long the oldest of them has been due.", figures.due_s)
    yield _by(
        GaugeMetricFamily("parley_rounds", "Rounds by state.", labels=["state"]),
        {state: figures.rounds.get(state, 0) for state in ROUNDS},
    )
    yield _gauge("parley_database_bytes", "The size of the database.", figures.database_bytes)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))


def _by(family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, float]) -> Metric:
    for label, value in sorted(values.items()):
        family.add_metric([label], float(value))
    return family
