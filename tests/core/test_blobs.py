from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path
from typing import Any

import pytest
import s3fs.core

from core.blobs import BlobStore, make_store
from core.errors import Invalid, NotFound
from core.settings import Settings
from tests.storing import s3_store

DATA = b"what a course is made of" * 100_000


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return make_store(Settings(data_dir=str(tmp_path)))
    return s3_store(request.getfixturevalue("s3"), tmp_path)


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
    with pytest.raises((NotFound, FileNotFoundError)), store.as_file(blob.sha256) as path:
        path.read_bytes()


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


def test_what_another_process_stores_is_found_after_everything_was_listed(s3: str, tmp_path: Path) -> None:
    """A listing that is remembered must not hide what came later."""
    one = s3_store(s3, tmp_path / "one")
    other = s3_store(s3, tmp_path / "other", bucket=one.root.partition("/")[0])
    first = one.put(io.BytesIO(b"first"))
    assert list(one.list_old(-3600)) == [first.sha256]
    # A blob whose name begins with the same four digits, so that it lies in a folder that was listed.
    second = next(found for found in map(_blob_of, range(10**7)) if found[1].startswith(first.sha256[:4]))
    assert other.put(io.BytesIO(second[0])).sha256 == second[1]
    assert one.exists(second[1])
    assert one.read(second[1]) == second[0]


def _blob_of(number: int) -> tuple[bytes, str]:
    data = str(number).encode()
    return data, hashlib.sha256(data).hexdigest()


def test_a_few_bytes_of_a_large_object_do_not_bring_all_of_it(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = s3_store(s3, tmp_path)
    data = random.Random(1).randbytes(12 << 20)
    blob = store.put(io.BytesIO(data))
    fetched: list[int] = []
    fetch = s3fs.core._fetch_range

    def counting(fs: Any, bucket: str, key: str, version: Any, start: int, end: int, *rest: Any, **more: Any) -> bytes:
        fetched.append(end - start)
        found: bytes = fetch(fs, bucket, key, version, start, end, *rest, **more)
        return found

    monkeypatch.setattr(s3fs.core, "_fetch_range", counting)
    with store.open(blob.sha256) as handle:
        handle.seek(5 << 20)
        assert handle.read(100) == data[5 << 20 : (5 << 20) + 100]
    assert sum(fetched) <= 4 << 20
    fetched.clear()
    with store.open(blob.sha256) as handle:
        pieces = []
        while piece := handle.read(1 << 16):
            pieces.append(piece)
    assert b"".join(pieces) == data
    assert len(fetched) < 20, "read in pieces of a sensible size"


@pytest.mark.parametrize("url", ["nowhere://bucket", "s4:bucket://x"])
def test_a_store_that_nobody_can_open_is_an_error_of_the_setting(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="REKAM_STORAGE_URL cannot be used: Protocol not known"):
        make_store(Settings(data_dir=str(tmp_path), storage_url=url))
