"""Settings: the environment, read once into one frozen object.

Every variable is a field of :class:`Settings` with the prefix ``REKAM_``. An unknown ``REKAM_*`` variable is an error,
so that a misspelt one cannot be silently without effect.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from flask import current_app
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core.errors import Invalid

Network = IPv4Network | IPv6Network

PREFIX = "REKAM_"


def _setting(default: Any, help_: str, *, secret: bool = False) -> Any:
    metadata = {"help": help_, "secret": secret}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings in force. Sizes are bytes, times seconds."""

    data_dir: str = _setting("var", "Folder for the embedded database, blobs and generated secrets.")
    database_url: str = _setting("", "SQLAlchemy URL; empty: SQLite in the data folder.", secret=True)
    redis_url: str = _setting("", "Redis for RQ workers; empty: jobs run in a thread of the web process.", secret=True)
    storage_url: str = _setting(
        "", "Where blobs live: empty (folder `blobs` of the data folder), a path, or s3://bucket/prefix.", secret=True
    )
    storage_options: str = _setting("", "JSON object handed to the storage driver (endpoint, keys).", secret=True)
    base_url: str = _setting("http://localhost:8000", "Origin of console and API.")
    content_url: str = _setting("http://127.0.0.1:8001", "Origin of player and course files; must be another host.")
    secret_key: str = _setting(
        "", "Signs sessions and hashes credentials; empty: made once and kept in the data folder.", secret=True
    )
    admin_email: str = _setting("", "First administrator for an unattended first start.")
    admin_password: str = _setting("", "Password of the first administrator.", secret=True)
    bootstrap_key: str = _setting("", "Key of a credential with scope `all`, made at the first start.")
    bootstrap_secret: str = _setting("", "Secret of that credential.", secret=True)
    metrics_token: str = _setting(
        "", "Bearer token for /metrics; empty: only direct requests from this machine.", secret=True
    )
    trusted_proxies: int = _setting(0, "Number of reverse proxies in front whose X-Forwarded-* headers are believed.")
    webhook_networks: str = _setting(
        "", "Comma-separated networks (CIDR) that webhooks may reach although they are not public."
    )
    frame_ancestors: str = _setting("", "Space-separated origins that may embed the player.")
    upload_limit: int = _setting(1 << 30, "Largest uploaded package, in bytes.")
    package_entries_limit: int = _setting(20_000, "Most files in a package.")
    package_size_limit: int = _setting(4 << 30, "Most bytes of a package once unpacked.")
    package_ratio_limit: int = _setting(200, "Highest compression ratio of an entry over 1 MiB.")
    manifest_size_limit: int = _setting(8 << 20, "Largest manifest, in bytes.")
    manifest_elements_limit: int = _setting(50_000, "Most elements in a manifest.")
    statement_request_limit: int = _setting(64 << 20, "Largest body of a request to /xapi, in bytes.")
    launch_idle_timeout: int = _setting(1800, "Seconds after which a launch token without requests ends.")
    launch_absolute_timeout: int = _setting(43_200, "Seconds after which a launch token ends in any case.")
    sqlite_cache_mib: int = _setting(4, "Page cache of each SQLite connection, in MiB.")
    database_pool: int = _setting(16, "Most database connections of one process.")
    rejections_kept: int = _setting(
        14, "Days for which rejected xAPI requests are kept for their senders; 0: not at all."
    )
    streams: int = _setting(
        3, "Most event streams one web process keeps open; each occupies one of its GUNICORN_THREADS (16)."
    )
    drain_delay: int = _setting(
        0, "Seconds after SIGTERM during which /readyz says 503 while requests are still answered."
    )
    default_locale: str = _setting("en", "Language of pages where the browser asks for neither: en or id.")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``REKAM_*``; :class:`core.errors.Invalid` names the variable that is unknown or wrong."""
        known = {PREFIX + f.name.upper(): f for f in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environ.items():
            if not name.startswith(PREFIX):
                continue
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {close[0]}?" if close else "; `rekam config` lists all settings"
                raise Invalid(f"unknown setting {name}{hint}", variable=name)
            values[known[name].name] = _read(name, text, type(known[name].default))
        settings = cls(**values)
        settings.check()
        return settings

    def check(self) -> None:
        """Reject values that cannot work, naming the variable."""
        self._check_origins()
        self._check_database()
        self._check_others()
        if self.default_locale not in ("en", "id"):
            raise Invalid(f"REKAM_DEFAULT_LOCALE must be en or id, not {self.default_locale!r}")
        if self.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise Invalid(f"REKAM_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {self.log_level!r}")

    def _check_origins(self) -> None:
        for name in ("base_url", "content_url"):
            parts = urlsplit(getattr(self, name))
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
                raise Invalid(
                    f"{PREFIX}{name.upper()} must be an origin like https://lms.example, not {getattr(self, name)!r}"
                )
        if self.base_host == self.content_host:
            raise Invalid(
                "REKAM_BASE_URL and REKAM_CONTENT_URL must differ: courses are foreign code and need their own origin"
            )
        if set(";,") & set(self.frame_ancestors):  # they would end the list in the header
            raise Invalid(
                f"REKAM_FRAME_ANCESTORS must be origins with spaces between them, not {self.frame_ancestors!r}"
            )

    def _check_database(self) -> None:
        """Messages repeat nothing of the value: it may hold a password."""
        try:
            url = make_url(self.effective_database_url)
        except (ArgumentError, ValueError):
            raise Invalid("REKAM_DATABASE_URL must be a URL like postgresql://user:password@host/database") from None
        if url.drivername == "postgresql+psycopg2":
            return
        if url.drivername != "sqlite":
            raise Invalid(f"REKAM_DATABASE_URL must begin with postgresql:// or sqlite:///, not {url.drivername}://")
        if url.database in (None, "", ":memory:"):
            raise Invalid("REKAM_DATABASE_URL must name a file that all processes share: sqlite:////srv/rekam.sqlite3")

    def _check_others(self) -> None:
        if self.redis_url and urlsplit(self.redis_url).scheme not in ("redis", "rediss", "unix"):
            raise Invalid("REKAM_REDIS_URL must begin with redis://, rediss:// or unix://")
        if self.database_pool < 1:
            raise Invalid("REKAM_DATABASE_POOL must be at least 1")
        _ = self.storage_arguments, self.private_networks

    @property
    def storage_arguments(self) -> dict[str, Any]:
        """What the storage driver is given, from ``storage_options``."""
        try:
            return msgspec.json.decode(self.storage_options or "{}", type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise Invalid(f"REKAM_STORAGE_OPTIONS must be a JSON object: {error}") from None

    @property
    def private_networks(self) -> list[Network]:
        """What ``webhook_networks`` names."""
        found: list[Network] = []
        for part in filter(None, (p.strip() for p in self.webhook_networks.split(","))):
            try:
                found.append(ip_network(part, strict=False))
            except ValueError:
                raise Invalid(f"REKAM_WEBHOOK_NETWORKS: {part!r} is not a network like 10.0.0.0/8") from None
        return found

    @property
    def base_host(self) -> str:
        """Host with port, as in a Host header."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def content_host(self) -> str:
        return urlsplit(self.content_url).netloc.lower()

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir).resolve()

    @property
    def effective_database_url(self) -> str:
        if not self.database_url:
            return f"sqlite:///{self.data_path / 'rekam.sqlite3'}"
        # Hosts hand out postgres:// or postgresql://; which driver SQLAlchemy takes for these changed in 2.1.
        scheme, _, rest = self.database_url.partition(":")
        return f"postgresql+psycopg2:{rest}" if scheme in ("postgres", "postgresql") else self.database_url

    @property
    def is_sqlite(self) -> bool:
        return self.effective_database_url.startswith("sqlite")

    def describe(self) -> list[tuple[str, str, str]]:
        """(variable, value in force with secrets masked, help) of every setting, in declaration order."""
        rows = []
        for f in fields(self):
            value = str(getattr(self, f.name))
            if f.metadata["secret"] and value:
                value = "********"
            rows.append((PREFIX + f.name.upper(), value, f.metadata["help"]))
        return rows


def _read(name: str, text: str, kind: type) -> Any:
    if kind is not int:
        return text
    try:
        number = int(text)
    except ValueError:
        raise Invalid(f"{name} must be a whole number, not {text!r}", variable=name) from None
    if number < 0:
        raise Invalid(f"{name} must not be negative, but is {number}", variable=name)
    return number


def get_settings() -> Settings:
    """The settings of the running application."""
    settings: Settings = current_app.config["REKAM"]
    return settings


assert all(f.default is not MISSING for f in fields(Settings)), "every setting has a default"
