from __future__ import annotations

import pytest

from course_packages.mime import mime_of


@pytest.mark.parametrize(
    ("path", "mime"),
    [
        ("a/index.HTML", "text/html"),
        ("player.js", "text/javascript"),
        ("module.mjs", "text/javascript"),
        ("x.tar.wasm", "application/wasm"),
        ("captions.vtt", "text/vtt; charset=utf-8"),
        ("v.mp4", "video/mp4"),
        ("f.woff2", "font/woff2"),
        ("page.php", "application/octet-stream"),
        ("README", "application/octet-stream"),
        ("folder.html/README", "application/octet-stream"),
        (".htaccess", "application/octet-stream"),
    ],
)
def test_types_do_not_depend_on_the_machine(path: str, mime: str) -> None:
    assert mime_of(path) == mime
