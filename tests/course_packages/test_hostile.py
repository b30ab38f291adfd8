"""A short run of `make fuzz-packages`."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests import fuzz_packages
from tests.conftest import TestTenant


def test_hostile_uploads_end_with_a_reason_and_write_nowhere_else(app: Flask, tenant: TestTenant) -> None:
    data = Path(app.config["REKAM"].data_path)
    before = set(fuzz_packages.outside(data.parent, data))
    outcomes = fuzz_packages.run(app, tenant, 1, 60)
    assert outcomes["ERROR"] > 10
    assert outcomes["COMPLETE"] > 0
    assert set(fuzz_packages.outside(data.parent, data)) == before
