"""Pictures, PDFs and videos made for tests."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
from PIL import Image

RED, BLUE = (200, 30, 30), (30, 30, 200)


def image(kind: str = "PNG", size: tuple[int, int] = (1200, 800), colour: tuple[int, ...] = RED) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(made, kind)
    return made.getvalue()


def pdf(colour: tuple[int, int, int] = RED) -> bytes:
    """One landscape page, filled with a colour."""
    made = io.BytesIO()
    Image.new("RGB", (842, 595), colour).save(made, "PDF")
    return made.getvalue()


def video(path: Path, *, dark: int = 0, colour: tuple[int, int, int] = BLUE) -> bytes:
    """A second of one colour (.mp4 or .webm), the first ``dark`` frames of it black."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream("mpeg4" if path.suffix == ".mp4" else "libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size = 1
        for number in range(25):
            shown = Image.new("RGB", (320, 180), (0, 0, 0) if number < dark else colour)
            made.mux(stream.encode(av.VideoFrame.from_image(shown)))
        made.mux(stream.encode())
    return path.read_bytes()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it has ``width`` × ``height`` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def colour_of(jpeg: bytes) -> tuple[tuple[int, int], tuple[int, ...]]:
    """(size, colour in the middle) of a picture."""
    with Image.open(io.BytesIO(jpeg)) as shown:
        assert shown.format == "JPEG"
        middle = shown.convert("RGB").getpixel((shown.width // 2, shown.height // 2))
        assert isinstance(middle, tuple)
        return shown.size, middle


def is_like(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """The same colour as far as lossy coding keeps it."""
    return all(abs(a - b) < 30 for a, b in zip(found, wanted, strict=True))
