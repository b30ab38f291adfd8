"""/healthz (the process), /readyz (everything it needs), /metrics (Prometheus)."""

from __future__ import annotations

import hmac
import logging
import os
import shutil
from functools import cache

from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client import multiprocess as prometheus_multiprocess
from prometheus_client.registry import REGISTRY
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

import core.web as web
from core import clock, outbox
from core.blobs import blobs
from core.db import session
from core.errors import Forbidden, Unauthenticated
from core.outbox import OutboxRow
from core.settings import get_settings
from server import database

log = logging.getLogger("rekam.health")

bp = web.blueprint("health", __name__, origin="any")

# Below this an upload or the next database page may not fit.
DISK_RESERVE = 64 << 20

_state = {"draining": False, "migrated": False}

REQUESTS = Counter("rekam_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "rekam_request_seconds",
    "Time from the first byte of a request to its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def drain() -> None:
    """From now on /readyz says 503: the process is about to end."""
    _state["draining"] = True


def is_draining() -> bool:
    return _state["draining"]


@bp.get("/healthz")
@web.public("says only that the process runs")
def healthz() -> Response:
    return jsonify({"status": "ok"})


@bp.get("/readyz")
@web.public("load balancers have no credentials; it names parts, not contents")
def readyz() -> tuple[Response, int]:
    checks = readiness()
    ready = all(reason is None for reason in checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": {k: v or "ok" for k, v in checks.items()}}
    return jsonify(body), 200 if ready else 503


def readiness() -> dict[str, str | None]:
    """Part → None when it is fine, else the reason in words."""
    checks: dict[str, str | None] = {
        "process": "draining: this process is about to end" if _state["draining"] else None
    }
    checks["database"] = _database()
    checks["migrations"] = _migrations() if checks["database"] is None else "unknown without the database"
    checks["storage"] = storage_problem()
    return checks


def _database() -> str | None:
    try:
        session().execute(text("SELECT 1"))
        return None
    except SQLAlchemyError as error:
        log.warning("the database does not answer: %s", error)
        return "the database does not answer"
    finally:
        session().rollback()


def _migrations() -> str | None:
    if _state["migrated"]:
        return None
    try:
        missing = database.pending()
    except SQLAlchemyError:
        return "the database does not answer"
    _state["migrated"] = not missing
    return f"run `rekam db upgrade`: {', '.join(missing)} missing" if missing else None


def storage_problem() -> str | None:
    """Why files could not be stored now, or None."""
    store = blobs()
    if store.local is None:
        try:
            store.fs.exists(store.root)
            return None
        except Exception as error:  # every driver has errors of its own
            log.warning("the blob storage does not answer: %s", error)
            return "the storage does not answer"
    if not os.access(store.staging, os.W_OK):
        return f"{store.local} cannot be written"
    free = shutil.disk_usage(store.staging).free
    return f"only {free >> 20} MiB free" if free < DISK_RESERVE else None


@bp.get("/metrics")
@web.public("guarded by REKAM_METRICS_TOKEN or by the address of the caller")
def metrics() -> Response:
    _check_metrics_access()
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        prometheus_multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        body = generate_latest(registry)
    else:
        body = generate_latest(REGISTRY)
    return Response(body + generate_latest(_outbox_gauges()), content_type=CONTENT_TYPE_LATEST)


def _check_metrics_access() -> None:
    token = get_settings().metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise Unauthenticated("/metrics needs the bearer token of REKAM_METRICS_TOKEN")
        return
    # A proxy on this machine also connects from a loopback address, but says for whom.
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    if forwarded or request.remote_addr not in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        raise Forbidden("/metrics answers only this machine; set REKAM_METRICS_TOKEN to read it from elsewhere")


def _outbox_gauges() -> CollectorRegistry:
    """Read from the database at each scrape, because any process may have done the work."""
    registry = CollectorRegistry()
    rows = Gauge(
        "rekam_outbox_rows", "Rows of the outbox; done ones are kept for a week.", ["kind", "status"], registry=registry
    )
    query = select(OutboxRow.kind, OutboxRow.status, func.count()).group_by(OutboxRow.kind, OutboxRow.status)
    for kind, status, count in session().execute(query):
        rows.labels(kind, status).set(count)
    depth, oldest = outbox.depth()
    Gauge("rekam_outbox_depth", "Rows that wait or run.", registry=registry).set(depth)
    age = max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
    Gauge("rekam_outbox_oldest_seconds", "How long the oldest waiting row has been due.", registry=registry).set(age)
    session().rollback()
    return registry


def _observe(method: str, route: str, status: int, seconds: float) -> None:
    requests, durations = _measured(method if method in _METHODS else "(other)", route, status)
    requests.inc()
    durations.observe(seconds)


@cache
def _measured(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)


# Clients may invent methods; labels must stay few.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    if _observe not in web.observers:
        web.observers.append(_observe)
