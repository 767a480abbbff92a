"""The processes that answer: one, or several under a supervisor that starts anew whatever dies."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from types import FrameType
from typing import NoReturn

from prometheus_client.multiprocess import mark_process_dead
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from serving.settings import ServerSettings
from serving.telemetry import SHARED_FOLDER


def serve(app: str, settings: ServerSettings) -> None:
    """Answer until told to stop, finishing what has begun; a SIGTERM ends with exit code 0.

    Args:
        app: `module:function` that makes one worker's app.
    """
    signal.signal(signal.SIGTERM, _end)
    config = Config(
        app,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=settings.stop_seconds,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    if settings.workers == 1:
        _alone(config)
        return
    shared = tempfile.mkdtemp(prefix="leadpact-figures-")
    os.environ[SHARED_FOLDER] = shared
    try:
        _Supervisor(config, sockets=[config.bind_socket()]).run()
    finally:
        del os.environ[SHARED_FOLDER]
        shutil.rmtree(shared, ignore_errors=True)


def _alone(config: Config) -> None:
    config.load_app()
    server = Server(config)
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(3)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    # uvicorn raises the signal again when it has finished; that is an end as wished.
    sys.exit(0)


class _Supervisor(Multiprocess):
    """uvicorn's, and two things that it leaves undone."""

    def terminate_all(self) -> None:
        """Tell the workers to stop, and stop listening: as long as this process listened too, new
        connections would wait for workers that take none, and break at the end."""
        super().terminate_all()
        for socket in self.sockets:
            socket.close()

    def keep_subprocess_alive(self) -> None:
        """Start anew whatever died, and forget what it had in use; its counts stay."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
