"""What the doctor says of the two origins."""

from __future__ import annotations

import pytest

from core.settings import Settings
from server import doctor


@pytest.mark.parametrize(
    ("base", "content", "state"),
    [
        ("lms.example.co.id", "kursus.lain.co.id", "ok"),
        ("lms.kampus.ac.id", "isi.kampus.ac.id", "warning"),
        ("lms.example.org", "courses.example.net", "ok"),
        ("lms.example.org", "courses.example.org", "warning"),
        ("lms.example.id", "courses.example.id", "warning"),
        ("127.0.0.1", "127.0.0.2", "ok"),
        ("lms.example.org", "lms.example.org:8443", "broken"),
    ],
)
def test_two_hosts_of_one_domain_are_warned_of(base: str, content: str, state: str) -> None:
    settings = Settings(base_url=f"https://{base}", content_url=f"https://{content}", secret_key="k" * 43)
    assert [check.state for check in doctor._origins(settings) if check.name == "origins"] == [state]
