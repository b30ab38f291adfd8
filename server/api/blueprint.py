"""The blueprint all routes of the REST API belong to."""

from __future__ import annotations

import core.web as web

PREFIX = "/api/v2"

bp = web.blueprint("api", __name__, origin="base", url_prefix=PREFIX)
