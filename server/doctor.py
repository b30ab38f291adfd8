"""What can be wrong with an installation, looked at part by part."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core import clock, outbox
from core.db import db, dialect, session
from core.settings import Settings
from server import database, health

# The WAL-reset bug of SQLite corrupts a database in rare cases; fixed in 3.51.3.
SQLITE_SAFE = (3, 51, 3)
# What was given up longer ago is known, or nobody's concern any more.
GIVEN_UP_SHOWN = timedelta(days=7)


# What registries of countries sell names below of, Indonesia's first.
_SECOND_LEVELS = frozenset(
    [
        "ac",
        "biz",
        "co",
        "desa",
        "go",
        "mil",
        "my",
        "net",
        "or",
        "ponpes",
        "sch",
        "web",
        "com",
        "edu",
        "gob",
        "gov",
        "govt",
        "org",
    ]
)


@dataclass(frozen=True)
class Check:
    """A finding; ``template`` is what it says with ``{names}`` for ``values``, so that others can say it in their language."""

    name: str
    state: Literal["ok", "warning", "broken"]
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return self.template.format(**self.values)


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which one would mend things. Within an application context."""
    found: list[Check] = []
    for part in (_database, _migrations, _redis, _storage, _origins, _secret_key, _proxies, _webhooks, _outbox):
        found.extend(part(settings))
    return found


def _database(settings: Settings) -> Iterator[Check]:
    try:
        if dialect() == "postgresql":
            version = session().scalar(text("SHOW server_version"))
            yield Check("database", "ok", "PostgreSQL {version}", {"version": version})
            return
        version = str(session().scalar(text("SELECT sqlite_version()")))
        mode = session().scalar(text("PRAGMA journal_mode"))
        if tuple(map(int, version.split("."))) < SQLITE_SAFE:
            yield Check(
                "database",
                "warning",
                "SQLite {version} has the WAL-reset bug; install the pysqlite3 wheel",
                {"version": version},
            )
        elif mode != "wal":
            yield Check(
                "database",
                "broken",
                "SQLite is in journal mode {mode}: is the data folder on a network disk?",
                {"mode": mode},
            )
        else:
            yield Check(
                "database", "ok", "SQLite {version}, WAL, {path}", {"version": version, "path": db.engine.url.database}
            )
    except SQLAlchemyError as error:
        yield Check(
            "database",
            "broken",
            "{error}",
            {"error": f"{type(error).__name__}: {str(getattr(error, 'orig', error)).strip()}"},
        )
    finally:
        session().rollback()


def _migrations(settings: Settings) -> Iterator[Check]:
    try:
        missing = database.pending()
    except SQLAlchemyError:
        yield Check("migrations", "broken", "unknown: the database does not answer")
        return
    if missing:
        yield Check(
            "migrations", "broken", "missing: {missing}; run `rekam db upgrade`", {"missing": ", ".join(missing)}
        )
    else:
        yield Check("migrations", "ok", "up to date")


def _redis(settings: Settings) -> Iterator[Check]:
    if not settings.redis_url:
        yield Check("redis", "ok", "not used: the web processes do the jobs")
        return
    from rq import Worker

    from server import queue

    try:
        connection = queue.connect(settings.redis_url)
        version = connection.info("server")["redis_version"]
        workers = Worker.count(queue=queue.queue(connection))
    except RedisError as error:
        yield Check("redis", "broken", "{error}; jobs wait for it or for a worker's sweeper", {"error": error})
        return
    if not workers:
        yield Check(
            "redis", "warning", "Redis {version}, but no worker listens; start `rekam worker`", {"version": version}
        )
    else:
        yield Check("redis", "ok", "Redis {version}, {workers} worker(s)", {"version": version, "workers": workers})


def _storage(settings: Settings) -> Iterator[Check]:
    problem = health.storage_problem()
    where = settings.storage_url or str(settings.data_path / "blobs")
    yield Check(
        "storage",
        "broken" if problem else "ok",
        "{found}",
        {"found": problem or urlsplit(where)._replace(query="").geturl()},
    )


def _origins(settings: Settings) -> Iterator[Check]:
    base, content = urlsplit(settings.base_url), urlsplit(settings.content_url)
    if base.hostname == content.hostname:
        yield Check(
            "origins",
            "broken",
            "base and content differ only in the port; browsers share cookies across ports of a host",
        )
    elif _site(base.hostname or "") == _site(content.hostname or ""):
        yield Check(
            "origins",
            "warning",
            "base and content are hosts of one domain; two registrable domains isolate courses better",
        )
    else:
        yield Check(
            "origins", "ok", "{base} and {content}", {"base": settings.base_url, "content": settings.content_url}
        )
    local = base.hostname == "localhost" or _is_address(base.hostname or "")
    if not local and "http" in (base.scheme, content.scheme):
        yield Check("https", "warning", "a public installation needs https in REKAM_BASE_URL and REKAM_CONTENT_URL")


def _site(host: str) -> str:
    """About the registrable domain: the last two labels, three below co.id and its like (a list of public suffixes would know better)."""
    if _is_address(host):
        return host
    labels = host.split(".")
    below = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3 if below else -2 :])


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _secret_key(settings: Settings) -> Iterator[Check]:
    if settings.secret_key:
        if len(settings.secret_key) < 32:
            yield Check("secret key", "warning", "REKAM_SECRET_KEY is shorter than 32 characters")
        else:
            yield Check("secret key", "ok", "from REKAM_SECRET_KEY")
        return
    path = settings.data_path / "secret_key"
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Check("secret key", "warning", "{path} can be read by others; chmod 600", {"path": path})
    elif settings.redis_url or not settings.is_sqlite:
        yield Check("secret key", "warning", "kept in the data folder; several hosts must share one REKAM_SECRET_KEY")
    else:
        yield Check("secret key", "ok", "kept in {path}", {"path": path})


def _proxies(settings: Settings) -> Iterator[Check]:
    if settings.base_url.startswith("https") and not settings.trusted_proxies:
        yield Check(
            "proxies",
            "warning",
            "https is ended by a proxy in front; set REKAM_TRUSTED_PROXIES to their number so that addresses are right",
        )
    else:
        yield Check("proxies", "ok", "{count} trusted", {"count": settings.trusted_proxies})


def _webhooks(settings: Settings) -> Iterator[Check]:
    found = settings.private_networks
    if any(network.prefixlen == 0 for network in found):
        yield Check("webhooks", "warning", "REKAM_WEBHOOK_NETWORKS allows every address, this host's own included")
    elif found:
        yield Check("webhooks", "ok", "public addresses and {count} network(s)", {"count": len(found)})
    else:
        yield Check("webhooks", "ok", "public addresses only")


def _outbox(settings: Settings) -> Iterator[Check]:
    try:
        depth, oldest = outbox.depth()
        dead = outbox.given_up(clock.now() - GIVEN_UP_SHOWN)
    except SQLAlchemyError:
        yield Check("outbox", "broken", "unknown: the database does not answer or has no tables yet")
        return
    finally:
        session().rollback()
    late = (clock.now() - oldest).total_seconds() if oldest else 0.0
    if late > 300:
        yield Check(
            "outbox",
            "warning",
            "{depth} rows wait, the oldest since {seconds:.0f} s: does a server or worker run?",
            {"depth": depth, "seconds": late},
        )
    else:
        yield Check("outbox", "ok", "{depth} rows wait", {"depth": depth})
    if dead:
        yield Check(
            "outbox",
            "warning",
            "{count} jobs were given up within a week ({kinds}): replay messages of webhooks, switch forwarders on again, "
            "ask again for erasures, purges and imports",
            {"count": sum(dead.values()), "kinds": ", ".join(f"{kind}: {count}" for kind, count in dead.items())},
        )
