from __future__ import annotations

import pytest

from core.errors import Invalid
from core.settings import Settings


def test_unknown_variable_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(Invalid, match=r"unknown setting REKAM_DATABSE_URL; did you mean REKAM_DATABASE_URL\?"):
        Settings.from_env({"REKAM_DATABSE_URL": "x"})


def test_other_variables_are_none_of_our_business() -> None:
    assert Settings.from_env({"PATH": "/bin", "REKAMX": "1"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("REKAM_UPLOAD_LIMIT", "1GB", "REKAM_UPLOAD_LIMIT must be a whole number, not '1GB'"),
        ("REKAM_UPLOAD_LIMIT", "-1", "REKAM_UPLOAD_LIMIT must not be negative"),
        ("REKAM_BASE_URL", "lms.example", "REKAM_BASE_URL must be an origin"),
        ("REKAM_CONTENT_URL", "https://x.example/path", "REKAM_CONTENT_URL must be an origin"),
        ("REKAM_CONTENT_URL", "http://localhost:8000", "must differ"),
        ("REKAM_DEFAULT_LOCALE", "fr", "REKAM_DEFAULT_LOCALE must be en or id"),
        ("REKAM_LOG_LEVEL", "LOUD", "REKAM_LOG_LEVEL must be"),
        ("REKAM_FRAME_ANCESTORS", "https://a.example; script-src *", "REKAM_FRAME_ANCESTORS must be origins"),
        ("REKAM_DATABASE_URL", "mysql://u:hidden@h/d", r"REKAM_DATABASE_URL must begin with .*, not mysql://$"),
        ("REKAM_DATABASE_URL", "postgresql+asyncpg://h/d", r"not postgresql\+asyncpg://$"),
        ("REKAM_DATABASE_URL", "u:hidden@h", "^REKAM_DATABASE_URL must be a URL like [^,]*$"),
        ("REKAM_DATABASE_URL", "postgresql://u:hidden@h:port/d", "^REKAM_DATABASE_URL must be a URL like [^,]*$"),
        ("REKAM_DATABASE_URL", "sqlite://", "REKAM_DATABASE_URL must name a file"),
        ("REKAM_DATABASE_POOL", "0", "REKAM_DATABASE_POOL must be at least 1"),
        ("REKAM_REDIS_URL", "localhost:6379", "REKAM_REDIS_URL must begin with redis://"),
        ("REKAM_STORAGE_OPTIONS", "key=x", "REKAM_STORAGE_OPTIONS must be a JSON object: JSON is malformed"),
        ("REKAM_STORAGE_OPTIONS", "[]", "REKAM_STORAGE_OPTIONS must be a JSON object: Expected `object`"),
        ("REKAM_WEBHOOK_NETWORKS", "10.0.0.0/8,abc", "REKAM_WEBHOOK_NETWORKS: 'abc' is not a network"),
    ],
)
def test_wrong_value_is_named(variable: str, value: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        Settings.from_env({variable: value})


def test_no_message_shows_a_password() -> None:
    for url in ("mysql://u:hidden@h/d", "u:hidden@h", "postgresql://u:hidden@h:port/d", "sqlite://u:hidden@h"):
        with pytest.raises(Invalid) as caught:
            Settings.from_env({"REKAM_DATABASE_URL": url})
        assert "hidden" not in str(caught.value)


def test_describe_masks_secrets() -> None:
    settings = Settings(secret_key="do-not-show", redis_url="redis://:pw@host")
    shown = {name: value for name, value, _ in settings.describe()}
    assert shown["REKAM_SECRET_KEY"] == shown["REKAM_REDIS_URL"] == "********"
    assert shown["REKAM_BASE_URL"] == "http://localhost:8000"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_usual_postgresql_scheme_means_psycopg2(scheme: str) -> None:
    settings = Settings(database_url=f"{scheme}://u@h:1/d")
    assert settings.effective_database_url == "postgresql+psycopg2://u@h:1/d"
    assert not settings.is_sqlite
