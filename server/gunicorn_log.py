"""What gunicorn itself has to say, as lines like all others: its own format asks for the process, which records of ours do not have."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from core.logs import JsonFormatter


class GunicornLog(Logger):  # type: ignore[misc]
    """gunicorn sets its logs up again at each reload."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())
