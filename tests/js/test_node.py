"""Runs the Node tests of ``static/scorm_api.js`` (``tests/js/*.test.js``), so that pytest covers them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# A floor, so that tests cannot vanish silently.
LEAST = {"vectors.test.js": 9, "runtime.test.js": 60}


@pytest.mark.parametrize("file", sorted(LEAST))
def test_node(file: str) -> None:
    node = shutil.which("node")
    assert node, "Node.js is needed to test static/scorm_api.js"
    done = subprocess.run([node, "--test", str(HERE / file)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"^(?:#|ℹ) pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) >= LEAST[file], done.stdout[-2000:]


def test_every_node_test_is_run() -> None:
    assert {path.name for path in HERE.glob("*.test.js")} == set(LEAST)
