"""SIGTERM: unready first, answering still, then a clean end; what was answered is stored."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

from tests.browser.rest import Rest
from tests.live import live_server, wait_until

VERSION = {"X-Experience-API-Version": "2.0.0"}


def test_it_drains_answers_and_ends(tmp_path: Path) -> None:
    with live_server("", tmp_path, workers=1, extra={"REKAM_DRAIN_DELAY": "12"}) as (server, tenant):
        rest = Rest(server, tenant)
        assert server.process
        server.process.terminate()

        def unready() -> dict[str, object] | None:
            try:
                with urllib.request.urlopen(f"{server.base}/readyz", timeout=5):
                    return None
            except urllib.error.HTTPError as error:
                return {"status": error.code, **json.loads(error.read())["checks"]}

        told = wait_until("unready", unready)
        assert told["status"] == 503
        assert "draining" in told["process"]
        statement = {
            "actor": {"mbox": "mailto:ayu@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://example.org/last"},
        }
        (made,) = rest.call("POST", "/statements", statement, VERSION, where="/xapi")
        assert server.process.wait(60) == 0
        server.stop()
        log = (tmp_path / "server.log").read_text()
        assert "Traceback" not in log, log[-2000:]

        server.start()
        found = rest.call("GET", f"/statements?statementId={made}", headers=VERSION, where="/xapi")
        assert found["object"]["id"] == "https://example.org/last"
