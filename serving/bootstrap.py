"""The composition root: settings, clock, model and figures become one worker's app."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog
import uvicorn
from fastapi import FastAPI

from models.scorer import Scorer
from serving.app import create_app
from serving.settings import Settings
from serving.state import Worker
from serving.telemetry import SHARED_FOLDER, Telemetry


def now() -> np.datetime64:
    """The instant in UTC."""
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")


def app_from_environment() -> FastAPI:
    """One worker's app: what uvicorn calls in every process.

    Raises:
        BundleRefused: when the model is damaged, foreign or of another version.
    """
    settings = Settings()  # type: ignore[call-arg]  # the bundle comes from the environment
    log_as_json(settings.log_level)
    return create_app(Worker(Scorer.load(settings.bundle), settings, now, Telemetry()))


def log_as_json(level: str) -> None:
    """Structured lines on standard error, one JSON object each."""
    at_least = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(at_least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def run(bundle: Path, host: str, port: int, workers: int) -> None:
    """Serve a bundle until told to stop; requests in flight are finished first."""
    os.environ["LEADPACT_BUNDLE"] = str(bundle.resolve())
    # One thread a pool and one process a core: OpenMP on shared cores costs far more.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    shared = tempfile.mkdtemp(prefix="leadpact-figures-") if workers > 1 else None
    if shared is not None:
        os.environ[SHARED_FOLDER] = shared
    try:
        uvicorn.run(
            "serving.bootstrap:app_from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=30,
            server_header=False,
        )
    finally:
        if shared is not None:
            shutil.rmtree(shared, ignore_errors=True)
