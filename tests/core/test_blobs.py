from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from moto.server import ThreadedMotoServer

from core.blobs import BlobStore, make_store
from core.errors import NotFound
from core.settings import Settings

DATA = b"what a course is made of" * 100_000


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return make_store(Settings(data_dir=str(tmp_path)))
    endpoint = request.getfixturevalue("s3")
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    options = {"key": "k", "secret": "s", "client_kwargs": {"endpoint_url": endpoint, "region_name": "eu-west-1"}}
    made = make_store(
        Settings(
            data_dir=str(tmp_path),
            storage_url=f"s3://{bucket}/rekam",
            storage_options=msgspec.json.encode(options).decode(),
        )
    )
    made.fs.mkdir(bucket, region_name="eu-west-1")
    return made


def test_round_trip(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(DATA))
    assert (blob.sha256, blob.size) == (hashlib.sha256(DATA).hexdigest(), len(DATA))
    assert store.exists(blob.sha256)
    assert store.read(blob.sha256) == DATA
    with store.open(blob.sha256) as handle:
        handle.seek(-5, 2)
        assert handle.read() == DATA[-5:]
    with store.as_file(blob.sha256) as path:
        assert path.read_bytes() == DATA


def test_equal_bytes_are_stored_once(store: BlobStore) -> None:
    first, second = store.put(io.BytesIO(DATA)), store.put(io.BytesIO(DATA))
    assert first == second
    assert len(store.fs.find(f"{store.root}/{first.sha256[:2]}")) == 1


def test_a_source_that_breaks_leaves_nothing(store: BlobStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 1_000_000:
                raise ConnectionResetError("client went away")
            return super().read(500_000)

    with pytest.raises(Exception, match="client went away"):
        store.put(Broken(DATA))
    assert list(store.staging.iterdir()) == []
    assert not store.exists(hashlib.sha256(DATA).hexdigest())


def test_delete_and_absence(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"x"))
    store.delete(blob.sha256)
    store.delete(blob.sha256)
    assert not store.exists(blob.sha256)
    with pytest.raises(NotFound):
        store.open(blob.sha256)


def test_a_batch_is_there_as_a_whole_or_not_at_all(store: BlobStore) -> None:
    parts = [b"one", b"two", b"one"]
    with store.batch() as batch:
        kept = [batch.put(io.BytesIO(part)) for part in parts]
        assert not any(store.exists(blob.sha256) for blob in kept)
    assert [store.read(blob.sha256) for blob in kept] == parts
    with pytest.raises(ZeroDivisionError), store.batch() as batch:
        lost = batch.put(io.BytesIO(b"three"))
        raise ZeroDivisionError
    assert not store.exists(lost.sha256)
    assert [p for p in store.staging.iterdir() if p.is_file()] == []


def test_old_blobs_are_listed_with_their_age(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"old enough"))
    assert list(store.list_old(3600)) == []
    assert list(store.list_old(-3600)) == [blob.sha256]
    assert store.age(blob.sha256) < 3600
