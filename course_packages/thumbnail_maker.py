"""Makes one thumbnail: a program of its own, because pictures, PDFs and videos of strangers are read by native code.

``python -I thumbnail_maker.py KIND SOURCE TARGET`` writes a JPEG; KIND is image, pdf, mp4 or webm. It limits itself before it opens
the file, so that whatever the file makes it do ends with this process: :mod:`course_packages.thumbnails` starts it and waits.
Ends with 0, with 3 where the library is not installed, otherwise with the reason as the last line of its errors.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

# The longer side of a thumbnail, in pixels.
SIDE = 640
QUALITY = 82
CPU_SECONDS = 10
MEMORY = 1536 << 20
TARGET_SIZE = 4 << 20
# A picture of more pixels is not decoded: 60 megapixels are 240 MB.
PIXELS = 60_000_000
_DARK = 20


class NotMade(Exception):
    """Why there is no thumbnail."""


def cage() -> None:
    """From here on this process cannot use more than its share, nor start another one's core dump."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 2))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (TARGET_SIZE, TARGET_SIZE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def of_image(source: str) -> Any:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(source, formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
        if picture.width * picture.height > PIXELS:
            raise NotMade(f"the picture has {picture.width} × {picture.height} pixels")
        # JPEGs are decoded at a fraction of their size.
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))
        return ImageOps.exif_transpose(picture)


def of_pdf(source: str) -> Any:
    import pypdfium2

    document = pypdfium2.PdfDocument(source)
    if not len(document):
        raise NotMade("the document has no page")
    page = document[0]
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise NotMade("the first page has no size")
    return page.render(scale=SIDE / max(width, height)).to_pil()


def of_video(source: str, container: str) -> Any:
    import av

    # The container is named: a playlist in disguise would have other files opened. Nothing but this file may be.
    options = {"protocol_whitelist": "file", "probesize": str(8 << 20)}
    with av.open(source, format=container, options=options) as opened:
        if not opened.streams.video:
            raise NotMade("the file has no picture")
        stream = opened.streams.video[0]
        stream.thread_count = 1
        if stream.width * stream.height > PIXELS:
            raise NotMade(f"the video has {stream.width} × {stream.height} pixels")
        first = None
        # Many videos begin in the dark: a tenth into it there is something to see.
        for share in (0.0, 0.1):
            if share and opened.duration:
                opened.seek(int(opened.duration * share))
            frame = next(iter(opened.decode(stream)), None)
            if frame is None:
                break
            picture: Any = frame.to_image()  # type: ignore[no-untyped-call]
            first = first or picture
            if picture.convert("L").resize((32, 32)).getextrema()[1] > _DARK:
                return picture
    if first is None:
        raise NotMade("the video has no frame")
    return first


def write(picture: Any, target: str) -> None:
    """As a JPEG no larger than :data:`SIDE`, on white where it is transparent, without metadata."""
    from PIL import Image

    picture.thumbnail((SIDE, SIDE))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    picture.convert("RGB").save(target, "JPEG", quality=QUALITY, optimize=True)


def main(kind: str, source: str, target: str) -> int:
    cage()
    makers = {
        "image": lambda: of_image(source),
        "pdf": lambda: of_pdf(source),
        "mp4": lambda: of_video(source, "mp4"),
        "webm": lambda: of_video(source, "matroska"),
    }
    try:
        write(makers[kind](), target)
    except ImportError as missing:
        print(missing, file=sys.stderr)
        return 3
    except MemoryError:
        print("it needs too much memory", file=sys.stderr)
        return 1
    except Exception as error:
        print(" ".join(str(error).split())[:300] or type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
