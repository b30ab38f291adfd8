"""About and ping: who answers, and whether the credential is good."""

from __future__ import annotations

from importlib.metadata import version

from flask import Response

import core.web as web
from core import clock
from server.api import openapi
from server.api.answers import answer, moment
from server.api.blueprint import bp


@bp.get("/about")
@web.scope("rest/read")
@openapi.describe("Version of the service", returns="About")
def about() -> Response:
    return answer({"version": version("rekam"), "distribution": "Rekam"})


@bp.get("/ping")
@web.scope("rest/read")
@openapi.describe("Check that the service answers and the credential is good", returns="Ping")
def ping() -> Response:
    return answer({"apiMessage": "API is up", "currentTime": moment(clock.now())})
