"""Addresses that other people give us to call: what can be called at all."""

from __future__ import annotations

import pytest

from server import outbound


@pytest.mark.parametrize("url", ["https://example.org/ü", "https://exämple.org/", "https://example.org/?q=ü"])
def test_other_letters_than_ascii_are_refused_at_once(url: str) -> None:
    """Such an address could be stored, but never be called: HTTP knows ASCII only."""
    with pytest.raises(outbound.Refused, match="percent-encoded"):
        outbound.check_url(url)
    assert outbound.check_url("https://xn--exmple-cua.org/%C3%BC?q=%C3%BC").hostname == "xn--exmple-cua.org"
