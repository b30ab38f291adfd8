"""Structured logs: one JSON object a line on stderr, with the request id where there is a request."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import g, has_app_context

_STDERR = 2
_OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """``extra`` fields become members; values JSON has no word for become text."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_app_context() and "request_id" in g:
            entry["request_id"] = g.request_id
        entry.update((k, v) for k, v in vars(record).items() if k not in _OWN and v is not None)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry, enc_hook=str).decode()


class Lines(logging.Handler):
    """Each record is written by one system call. Needs no lock: threads would queue at it while another one writes."""

    def __init__(self, file: int) -> None:
        super().__init__()
        self._file = file

    def handle(self, record: logging.LogRecord) -> bool:
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode()
            while line:
                line = line[os.write(self._file, line) :]
        except OSError:
            self.handleError(record)


def configure(level: str) -> None:
    """Send the ``rekam`` loggers to stderr as JSON; other libraries from WARNING on."""
    handler = Lines(_STDERR)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("rekam").setLevel(level)
    # Nothing of this is written, and to find it out costs more than the rest of a record (Logging HOWTO, Optimization).
    logging._srcfile = None
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
