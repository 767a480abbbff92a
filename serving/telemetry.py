"""What is counted, for Prometheus; with several workers, summed over all of them."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from models.bundle import Versions

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: where workers leave their figures for each other."""


class Telemetry:
    """The figures of one worker. Labels carry no ids of leads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "leadpact_http_requests_total",
            "HTTP requests by route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "leadpact_http_request_duration_seconds",
            "Time from request to response.",
            ("route",),
            registry=self._registry,
        )
        self.scoring_seconds = Histogram(
            "leadpact_score_duration_seconds",
            "Time to score one request, without HTTP.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self._registry,
        )
        self.leads = Counter(
            "leadpact_leads_scored_total",
            "Leads scored, and leads refused.",
            ("outcome",),
            registry=self._registry,
        )
        self.scores = Histogram(
            "leadpact_score_points",
            "Scores told, 0 to 100.",
            buckets=tuple(range(10, 101, 10)),
            registry=self._registry,
        )
        self.refused_models = Counter(
            "leadpact_models_refused_total",
            "Champions that could not be loaded; the model before went on.",
            registry=self._registry,
        )
        self._model = Gauge(
            "leadpact_model_info",
            "1 for the model that answers, with its versions.",
            ("model", "rulebook", "features"),
            registry=self._registry,
            multiprocess_mode="livemax",
        )

    def serves(self, versions: Versions) -> None:
        """Say which model answers, and that no other does any more."""
        if SHARED_FOLDER not in os.environ:
            self._model.clear()
        self._model.labels(versions.model, versions.rulebook, versions.features).set(1)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        folder = os.environ.get(SHARED_FOLDER)
        if not folder or not Path(folder).is_dir():
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)
