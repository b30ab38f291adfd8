"""The page that shows a single media file as a course; `static/media.js` is its life."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from core.errors import NotFound
from course_packages.model import Item
from scorm_runtime.player_texts import TEXTS

TEMPLATE = "media.html"
# pdf.js decodes pictures in WebAssembly; pages draw on a canvas, sound and video come from the course files.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self'; font-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def href(item: Item) -> str:
    """Where the page of a media item is, relative to the player."""
    return f"media/{quote(item.identifier, safe='')}"


def is_media(item: Item) -> bool:
    return "media" in item.launch_facts


def context(item: Item, locale: str, pdfjs: str) -> dict[str, Any]:
    """The template context; ``pdfjs`` is the folder of pdf.js as an address. :class:`NotFound` for other items."""
    if not is_media(item):
        raise NotFound(f"the item {item.identifier!r} is not a media file")
    texts = TEXTS[locale]
    threshold = item.completion_threshold
    boot = {
        "kind": item.launch_facts["media"],
        "title": item.title,
        "source": f"../c/{item.href}",
        "threshold": 1.0 if threshold is None else threshold.min_progress_measure,
        "pdfjs": pdfjs,
        "texts": {name: text for name, text in texts.items() if name.startswith("media_")},
    }
    return {"locale": locale, "texts": texts, "boot": boot}
