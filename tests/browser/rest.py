"""A client of the REST API and of /xapi, as an LMS would write one."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from tests.conftest import TestTenant
from tests.live import LiveServer, wait_until


@dataclass
class Rest:
    server: LiveServer
    tenant: TestTenant

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, where: str = "/api/v2"
    ) -> Any:
        """The JSON of the answer; None without a body. AssertionError on a status of 400 and above."""
        return self.fetch(method, path, body, headers, where)[0]

    def fetch(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, where: str = "/api/v2"
    ) -> tuple[Any, Message]:
        """As :meth:`call`, with the headers of the answer."""
        token = base64.b64encode(f"{self.tenant.key}:{self.tenant.secret}".encode()).decode()
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(self.server.base + where + path, data=data, method=method)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            request.add_header(name, value)
        request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text, told = answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:500]!r}") from None
        return (json.loads(text) if text.strip() else None), told

    def import_course(self, content: bytes, filename: str = "course.zip", *, threshold: float | None = None) -> str:
        """Upload a package and wait for its import; the course's id."""
        course = f"course-{uuid.uuid4().hex[:10]}"
        mark = uuid.uuid4().hex
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
            "Content-Type: application/zip\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        upload = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        more = "" if threshold is None else f"&completionThreshold={threshold}"
        job = self.call("POST", f"/courses/importJobs/upload?courseId={course}{more}", body, upload)["result"]

        def finished() -> Any:
            status = self.call("GET", f"/courses/importJobs/{job}")
            assert status["status"] != "ERROR", status
            return status if status["status"] == "COMPLETE" else None

        wait_until("import", finished, 180)
        return course

    def register(self, course: str) -> str:
        """Register a new learner; the registration's id."""
        registration = f"registration-{uuid.uuid4().hex[:10]}"
        learner = {"id": f"learner-{uuid.uuid4().hex[:8]}", "firstName": "Sari", "lastName": "Wijaya"}
        self.call("POST", "/registrations", {"courseId": course, "registrationId": registration, "learner": learner})
        return registration

    def launch_link(self, registration: str, back: str = "", **more: Any) -> str:
        """``back``: a path of the base origin to which the player leads from its last page, soon; without it that page stays."""
        body = ({"redirectOnExitUrl": f"{self.server.base}{back}"} if back else {}) | more
        link: str = self.call("POST", f"/registrations/{registration}/launchLink", body)["launchLink"]
        return urllib.parse.urljoin(self.server.base + "/", link)

    def progress(self, registration: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/registrations/{registration}")
        return found

    def runtime_of(self, registration: str, activity: str) -> dict[str, Any]:
        """The CMI data of an activity as the REST API tells them."""
        found = self.call(
            "GET",
            f"/registrations/{registration}?includeChildResults=true&includeRuntime=true&includeInteractionsAndObjectives=true",
        )
        queue = [found["activityDetails"]]
        while queue:
            entry = queue.pop()
            if entry["id"] == activity:
                runtime: dict[str, Any] = entry["runtime"]
                return runtime
            queue.extend(entry.get("children", []))
        raise AssertionError(f"no activity {activity}")

    def statements(self, registration: str) -> list[dict[str, Any]]:
        """The statements of a registration, oldest first, when all that were stored before this call are to be seen."""
        mark = self.progress(registration)["xapiRegistrationId"]
        begun = datetime.now(UTC)
        path = f"/statements?registration={mark}&ascending=true&limit=200"
        version = {"X-Experience-API-Version": "1.0.3"}

        def complete() -> Any:
            page, told = self.fetch("GET", path, headers=version, where="/xapi")
            return page if datetime.fromisoformat(told["X-Experience-API-Consistent-Through"]) >= begun else None

        # A writer at work holds readers back.
        page = wait_until("Consistent-Through", complete)
        found: list[dict[str, Any]] = page["statements"]
        while more := page.get("more"):
            page = self.call("GET", more, headers=version, where="")
            found += page["statements"]
        return found
