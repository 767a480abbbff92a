"""What is counted, for Prometheus; with several workers, summed over all of them.

Labels carry no ids of leads, keys or people. `leadpact metrics` prints every figure and what it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from models.bundle import Versions

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: where workers leave their figures for each other."""
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_REQUEST = (*_QUICK, 10, 30)


@dataclass(frozen=True)
class Figure:
    """One figure as it is documented.

    Attributes:
        name: as Prometheus shows it; of a histogram without `_bucket`, `_sum` and `_count`.
        kind: how it behaves.
        says: what it is, one sentence.
        labels: what it is told by.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()


class Telemetry:
    """The figures of one worker."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answering: tuple[str, ...] | None = None
        self.figures: list[Figure] = []
        self._count_requests()
        self._count_scoring()
        self._count_store()

    def _count_requests(self) -> None:
        by = ("method", "route", "status")
        self.requests = self._counter(
            "leadpact_http_requests_total", "Requests answered, by route and status.", *by
        )
        self.seconds = self._histogram(
            "leadpact_http_request_duration_seconds", "Time from request to answer.", _REQUEST, *by
        )
        self.in_flight = self._gauge(
            "leadpact_http_requests_in_flight", "Requests that are being answered now."
        )
        self.failures = self._counter(
            "leadpact_http_failures_total",
            "Requests that failed by a defect of the service; the log has the traceback.",
            "route",
        )
        self.limited = self._counter(
            "leadpact_http_rate_limited_total", "Requests refused because of a limit.", "route"
        )
        self.shed = self._counter(
            "leadpact_http_shed_total",
            "Requests turned away at once because too many were in flight.",
        )
        self.replays = self._counter(
            "leadpact_idempotent_replays_total",
            "Writes that came again under the same Idempotency-Key and were answered as before.",
            "route",
        )

    def _count_scoring(self) -> None:
        self.scoring_seconds = self._histogram(
            "leadpact_score_duration_seconds", "Time to score one request, without HTTP.", _QUICK
        )
        self.leads = self._counter(
            "leadpact_leads_scored_total", "Leads scored, and leads refused.", "outcome"
        )
        self.scores = self._histogram(
            "leadpact_score_points", "Scores told, 0 to 100.", tuple(range(10, 101, 10))
        )
        self.looked_at = self._counter(
            "leadpact_scores_swept_total",
            "Scores that a sweep looked at: scored anew, or untouched because nothing shown moved.",
            "outcome",
        )
        self.refused_models = self._counter(
            "leadpact_models_refused_total",
            "Champions that could not be loaded; the model before went on.",
        )
        self.broken = self._counter(
            "leadpact_loop_failures_total",
            "Rounds of what runs beside the requests that failed by a defect or a fault of the "
            "machine; it goes on after a pause, the log has the traceback.",
            "loop",
        )
        self._model = self._gauge(
            "leadpact_model_info",
            "1 for the model that answers, with its versions; 0 for one that no longer does.",
            "model",
            "rulebook",
            "features",
            mode="livemax",
        )

    def _count_store(self) -> None:
        self.connections = self._gauge(
            "leadpact_store_connections_in_use", "Connections to the store that are in use now."
        )
        self.waited = self._histogram(
            "leadpact_store_wait_seconds",
            "Time until a transaction could begin: for a free connection, and for SQLite's lock.",
            _REQUEST,
        )
        self.store_failures = self._counter(
            "leadpact_store_failures_total",
            "Transactions that ended because the store could not be reached or gave up.",
        )

        self.letters = self._counter(
            "leadpact_webhook_tries_total",
            "Tries to tell a webhook: delivered, failed and tried again later, or given up (dead).",
            "outcome",
        )

    def serves(self, versions: Versions) -> None:
        """Say which model answers, and that no other does any more."""
        if self._answering is not None:
            self._model.labels(*self._answering).set(0)
        self._answering = (versions.model, versions.rulebook, versions.features)
        self._model.labels(*self._answering).set(1)

    def scored(self, scores: Iterable[int]) -> None:
        """Count scores that were told, 0 to 100."""
        for score in scores:
            self.scores.observe(score)
            self.leads.labels("scored").inc()

    def swept(self, rescored: int, untouched: int) -> None:
        """Count what a sweep did."""
        self.looked_at.labels("rescored").inc(rescored)
        self.looked_at.labels("untouched").inc(untouched)

    def text(self, told: Mapping[Figure, float] | None = None) -> bytes:
        """All figures in Prometheus' text format, and gauges that were read just now."""
        read = CollectorRegistry()
        read.register(_Told(told or {}))
        folder = os.environ.get(SHARED_FOLDER)
        if not folder or not Path(folder).is_dir():
            return generate_latest(self._registry) + generate_latest(read)
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return generate_latest(together) + generate_latest(read)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        self.figures.append(Figure(name, "counter", says, labels))
        return Counter(name, says, labels, registry=self._registry)

    def _gauge(
        self,
        name: str,
        says: str,
        *labels: str,
        mode: Literal["livesum", "livemax"] = "livesum",
    ) -> Gauge:
        self.figures.append(Figure(name, "gauge", says, labels))
        return Gauge(name, says, labels, registry=self._registry, multiprocess_mode=mode)

    def _histogram(
        self, name: str, says: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        self.figures.append(Figure(name, "histogram", says, labels))
        return Histogram(name, says, labels, registry=self._registry, buckets=buckets)


class _Told(Collector):
    """Gauges whose values are known at this moment, and kept nowhere."""

    def __init__(self, told: Mapping[Figure, float]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """Each of them."""
        for figure, value in self._told.items():
            yield GaugeMetricFamily(figure.name, figure.says, value=value)


def as_markdown(figures: Iterable[Figure]) -> str:
    """The table of figures as in `docs/operations.md`."""
    lines = ["| figure | kind | by | what it is |", "|---|---|---|---|"]
    for figure in figures:
        by = ", ".join(figure.labels)
        lines.append(f"| `{figure.name}` | {figure.kind} | {by} | {figure.says} |")
    return "\n".join(lines) + "\n"
