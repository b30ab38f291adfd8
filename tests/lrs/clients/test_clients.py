"""The xAPI clients that content is made with, unmodified from their registries, drive the real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.xapi.supplement.client import Lrs
from tests.conftest import DATABASES, TestTenant
from tests.live import ROOT, LiveServer, live_server_on

HERE = Path(__file__).parent
# Installed beside the sources, in a folder that git ignores.
NODE_FOLDER = ROOT / ".test" / "npm-xapi"
NODE_PACKAGES = ("tincanjs@0.50.0", "@xapi/xapi@3.0.3")


@pytest.fixture(scope="module", params=DATABASES)
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, TestTenant]]:
    with live_server_on(request.param, tmp_path_factory.mktemp("clients"), workers=1) as pair:
        yield pair


@pytest.fixture(scope="module")
def packages() -> Path:
    """node_modules with the clients."""
    npm = shutil.which("npm")
    assert npm, "npm is needed to install the JavaScript clients"
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    mark = NODE_FOLDER / "installed"
    if not mark.exists() or mark.read_text() != str(NODE_PACKAGES):
        command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(NODE_FOLDER), *NODE_PACKAGES]
        done = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        mark.write_text(str(NODE_PACKAGES))
    return NODE_FOLDER / "node_modules"


def run(live: tuple[LiveServer, TestTenant], packages: Path, script: str, **more: str) -> dict[str, Any]:
    server, tenant = live
    given = {"LRS_ENDPOINT": f"{server.base}/xapi", "LRS_KEY": tenant.key, "LRS_SECRET": tenant.secret}
    done = subprocess.run(
        [os.environ.get("NODE") or "node", str(HERE / script)],
        env=os.environ | given | more | {"NODE_PATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def test_tincanjs(live: tuple[LiveServer, TestTenant], packages: Path) -> None:
    seen = run(live, packages, "tincanjs.js")
    assert "1.0.3" in seen["about"]
    assert seen["attachment"] == "hello"
    assert seen["retrieved"] is seen["voided"] is seen["dropped"] is True
    assert seen["found"] == seen["stored"][::-1]
    assert seen["state"] == {"page": 2, "more": 3}
    assert seen["states"] == ["bookmark"]
    assert (seen["Activity"], seen["Agent"]) == ("second", "second")
    assert seen["definition"] == {"en-US": "TinCanJS"}


@pytest.mark.parametrize("adapter", ["axios", "fetch"])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_xapi_js(live: tuple[LiveServer, TestTenant], packages: Path, version: str, adapter: str) -> None:
    seen = run(live, packages, "xapijs.js", LRS_VERSION=version, LRS_ADAPTER=adapter)
    assert version in seen["about"]
    assert seen["retrieved"] is seen["voided"] is seen["dropped"] is True
    assert seen["found"] == seen["stored"][::-1]
    assert seen["state"] == {"page": 1, "more": 3}
    assert seen["set"] == {"page": 2}
    assert seen["stale"] == "refused"
    assert seen["states"] == ["bookmark"]
    assert seen["Activity"] == seen["Agent"] == {"n": 1, "m": 2}
    assert seen["definition"] == {"en-US": "xAPI.js"}
    assert seen["person"] == ["xAPI.js"]


def test_tincan_python(live: tuple[LiveServer, TestTenant]) -> None:
    import tincan

    server, tenant = live
    lrs = tincan.RemoteLRS(
        version="1.0.3", endpoint=f"{server.base}/xapi/", username=tenant.key, password=tenant.secret
    )
    agent = tincan.Agent(mbox="mailto:python@example.com", name="Python")
    activity = tincan.Activity(id="http://example.com/python", definition={"name": {"en-US": "Python"}})

    def statement(verb: str) -> Any:
        return tincan.Statement(actor=agent, verb={"id": f"http://example.com/verbs/{verb}"}, object=activity)

    def good(answer: Any) -> Any:
        assert answer.success, answer.data
        return answer.content

    # Not its about(): that refuses every server that speaks 2.0 beside its own versions.
    one = good(lrs.save_statement(statement("tried")))
    several = good(lrs.save_statements([statement("tried"), statement("finished")]))
    assert good(lrs.retrieve_statement(one.id)).id == one.id
    Lrs(f"{server.base}/xapi", tenant.key, tenant.secret).settle()
    page = good(lrs.query_statements({"agent": agent, "activity": activity, "limit": 2}))
    found = list(page.statements)
    while page.more:
        page = good(lrs.more_statements(page.more))
        found += page.statements
    assert [s.id for s in found] == [several[1].id, several[0].id, one.id]

    state = tincan.StateDocument(agent=agent, activity=activity, id="bookmark", content='{"page": 1}')
    state.content_type = "application/json"
    good(lrs.save_state(state))
    state.content = '{"page": 2}'
    good(lrs.save_state(state))  # it sends no precondition unless the document has an ETag
    answer = lrs.retrieve_state(activity, agent, "bookmark")
    kept = good(answer)
    assert json.loads(kept.content) == {"page": 2}
    assert good(lrs.retrieve_state_ids(activity, agent)) == ["bookmark"]
    kept.content, kept.content_type = '{"page": 3}', "application/json"
    kept.etag = answer.response.getheader("ETag")
    # The client sends every PUT twice; the ETag of the first makes the second fail, and does not undo the first.
    assert not lrs.save_state(kept).success
    assert json.loads(good(lrs.retrieve_state(activity, agent, "bookmark")).content) == {"page": 3}
    good(lrs.clear_state(activity, agent))
    assert good(lrs.retrieve_state_ids(activity, agent)) == []

    profile = tincan.AgentProfileDocument(agent=agent, id="p", content="first", etag="*")
    profile.content_type = "text/plain"
    assert not lrs.save_agent_profile(profile).success  # If-Match: * on what is not there
