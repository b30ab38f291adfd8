"""Which language a reader gets."""

from __future__ import annotations

import pytest

from lrs.formatting import best


@pytest.mark.parametrize(
    ("tags", "languages", "found"),
    [
        (["en-GB", "en", "fr"], ["en-US"], "en"),
        (["en-GB", "en-us", "en"], ["en-US"], "en-us"),
        (["fr", "en-GB"], ["en-US"], "en-GB"),
        (["en-GB", "fr"], ["en-US", "fr"], "en-GB"),
        (["fr", "zh-Hans", "zh", "zh-Hant"], ["zh-Hant-CN-x-private1-private2"], "zh-Hant"),
        (["fr", "zh-Hant-CN"], ["zh-Hant-CN-x-wadegile"], "zh-Hant-CN"),
        (["fr", "en"], ["de", "en-AU"], "en"),
        (["fr", "en"], ["*"], "fr"),
        (["fr", "en"], [], "fr"),
    ],
)
def test_the_language_that_suits_most(tags: list[str], languages: list[str], found: str) -> None:
    assert best({tag: tag for tag in tags}, languages) == {found: found}
