"""Between the SCO pages in the browser and the verdict: a small HTTP server that relay.js reports to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from conformance.scorm.verdicts import Verdict

SCRIPT = Path(__file__).with_name("relay.js")
# The pages say it in every present-day browser.
HARMLESS_ALERTS = {"Browser not tested."}


class Relay:
    """Answers the SCO pages of the case that runs now; late requests of an earlier case are dropped by their number.

    ``visits``: what announced itself, {"package", "activity", "url", "planned"}; ``finished``: how many came to their end.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.number = self.finished = 0
        self.visits: list[dict[str, Any]] = []
        self.verdict: Verdict | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        # A page that goes away resets its connections.
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def begin(self, verdict: Verdict) -> str:
        """Listen for this case; the script for its pages."""
        with self.lock:
            self.number += 1
            self.verdict, self.visits, self.finished = verdict, [], 0
        address = f"http://127.0.0.1:{self.server.server_port}/{self.number}"
        return SCRIPT.read_text().replace("__RELAY__", address)

    def receive(self, path: str, body: bytes) -> Any:
        """The answer to one report, a JSON list of an operation and its arguments."""
        operation, *arguments = json.loads(body)
        with self.lock:
            if path != f"/{self.number}" or self.verdict is None:
                return ""
            try:
                return self._answer(self.verdict, operation, arguments)
            except Exception as error:
                said = f"{operation}: {type(error).__name__}: {error}"
                self.verdict.trouble("report of the SCO page", said, "readable")
                return ""

    def _answer(self, verdict: Verdict, operation: str, arguments: list[Any]) -> Any:
        if operation == "evalID":
            package, activity, url = arguments
            known = verdict.begin(package, activity)
            self.visits.append({"package": package, "activity": activity, "url": url, "planned": known is True})
            return known
        if operation == "questions":
            return verdict.questions()
        if operation == "answers":
            return verdict.answer(arguments[0])
        if operation == "calls":
            return verdict.calls()
        if operation == "results":
            return verdict.results(arguments[0])
        if operation == "instruction":
            text = verdict.finish()
            self.finished += 1
            return text
        _note_trouble(verdict, operation, arguments)
        return ""


def _note_trouble(verdict: Verdict, operation: str, arguments: list[Any]) -> None:
    if operation == "alert" and arguments[0] not in HARMLESS_ALERTS:
        verdict.trouble("alert in the SCO page", arguments[0], "no alert")
    elif operation == "log" and arguments[1] in ("3", "4"):
        verdict.trouble("message of the SCO page", arguments[2], "no failure")
    elif operation == "stopped":
        verdict.trouble("SCO page", arguments[0], "goes on")


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def reply(self, body: bytes = b"") -> None:
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Allow-Headers", "*")
            self.send_header("Access-Control-Allow-Private-Network", "true")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_OPTIONS(self) -> None:
            self.reply()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.reply(json.dumps({"value": relay.receive(self.path, body)}).encode())

    return Handler
