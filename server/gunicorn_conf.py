"""How gunicorn runs Rekam; `rekam serve` fills in the addresses, `gunicorn -c` works too."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import threading
from types import FrameType
from typing import Any

from server import allocator

bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000,127.0.0.1:8001").split(",")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "server.worker.Worker"
threads = int(os.environ.get("GUNICORN_THREADS", "16"))
# The control socket would let any local process with access to it steer the server.
control_socket_disable = True
# Headers with underscores could shadow the real ones.
header_map = "drop"
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
keepalive = 65
timeout = 120
# SIGTERM: stop accepting, finish what runs, end.
graceful_timeout = 30
# Statements and long launch addresses come in query strings.
limit_request_line = 8190
# Heartbeats must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - gunicorn makes a private file in it
accesslog = None
errorlog = "-"
loglevel = "warning"
logger_class = "server.gunicorn_log.GunicornLog"
wsgi_app = "wsgi:app"
# Loaded once and shared: a worker costs what it changes, and a new one is there at once. Nothing is connected before the fork.
preload_app = True
# Libraries look for it when they are imported, which is before any hook.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", os.path.join(tempfile.gettempdir(), f"rekam-metrics-{os.getpid()}"))


def on_starting(server: Any) -> None:
    """What all workers have from this process."""
    allocator.settle()
    # Prometheus keeps one file per process; those of the last run would count twice.
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def pre_fork(server: Any, worker: Any) -> None:
    """What is there now is never garbage: left alone by the collector, its pages stay shared."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Threads do not survive a fork, so each worker starts its own."""
    from core import checkpoints
    from server import jobs

    app = worker.app.callable
    checkpoints.start(app)
    jobs.start(app)
    _drain_before_exit(app.config["REKAM"].drain_delay)


def _drain_before_exit(delay: float) -> None:
    """On SIGTERM answer /readyz with 503 first, so that a load balancer looks elsewhere, and end ``delay`` seconds later."""
    from server import health

    end = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        health.drain()
        signal.signal(signal.SIGTERM, end)
        if not delay:
            if callable(end):
                end(number, frame)
            return
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, drain)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    from server.worker import shares

    shares.forget(worker.age)

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
