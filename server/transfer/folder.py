"""The folder an export writes and an import reads.

export.json          what it holds and how far it came
statements.ndjson    one statement a line, oldest first, exactly as stored
documents.ndjson     one document a line (lrs.exporting)
attachments/ab/ab…   bytes, named by the SHA-2 with which statements declare them
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from core.errors import Invalid

MANIFEST = "export.json"
STATEMENTS = "statements.ndjson"
DOCUMENTS = "documents.ndjson"
ATTACHMENTS = "attachments"
FORMAT = "rekam-export-2"

# Told of the progress of a step: (what, done, total).
Tell = Callable[[str, int, int], None]


def attachment(folder: Path, sha2: str) -> Path:
    return folder / ATTACHMENTS / sha2[:2] / sha2


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` at the end, in one step that survives a crash; nothing of it when the block raises."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Replace ``path``."""
    with replacing(path) as handle:
        handle.write(as_json(value))


def as_json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def read_json(path: Path) -> dict[str, Any] | None:
    """What :func:`write_json` wrote, or None; :class:`Invalid` when it is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise Invalid(f"{path} is damaged: {error}") from None
