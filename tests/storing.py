"""Blobs on an S3 that runs on this machine."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec

from core.blobs import BlobStore, make_store
from core.settings import Settings


def s3_store(endpoint: str, folder: Path, bucket: str | None = None) -> BlobStore:
    """A store in ``bucket`` (default: a new one) as the settings of an operator would make it; ``folder`` is for staging."""
    name = bucket or f"bucket-{uuid.uuid4().hex[:8]}"
    options = {
        "key": "k",
        "secret": "s",
        "client_kwargs": {"endpoint_url": endpoint, "region_name": "eu-west-1"},
        # Another process has a client of its own.
        "skip_instance_cache": True,
    }
    made = make_store(
        Settings(
            data_dir=str(folder),
            storage_url=f"s3://{name}/rekam",
            storage_options=msgspec.json.encode(options).decode(),
        )
    )
    if bucket is None:
        made.fs.mkdir(name, region_name="eu-west-1")
    return made
