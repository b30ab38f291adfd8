"""Media types of course files by extension: one fixed table, independent of the machine."""

from __future__ import annotations

_UTF8 = "; charset=utf-8"

_TYPES: dict[str, str] = {
    # Pages and scripts say their charset themselves (meta, BOM); forcing one would break pages in legacy encodings.
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "application/xhtml+xml",
    "shtml": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "cjs": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "webmanifest": "application/manifest+json",
    "wasm": "application/wasm",
    "xml": "text/xml",
    "xsd": "text/xml",
    "xsl": "text/xml",
    "xslt": "text/xml",
    "dtd": "application/xml-dtd",
    "txt": "text/plain" + _UTF8,
    "md": "text/plain" + _UTF8,
    "csv": "text/csv" + _UTF8,
    "vtt": "text/vtt" + _UTF8,
    "srt": "application/x-subrip",
    "ttml": "application/ttml+xml",
    "dfxp": "application/ttml+xml",
    # Images
    "png": "image/png",
    "apng": "image/apng",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "jfif": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "ico": "image/x-icon",
    "cur": "image/x-icon",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    # Sound and pictures that move
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mid": "audio/midi",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
    "avi": "video/x-msvideo",
    "wmv": "video/x-ms-wmv",
    "flv": "video/x-flv",
    "f4v": "video/mp4",
    "ts": "video/mp2t",
    "m3u8": "application/vnd.apple.mpegurl",
    "mpd": "application/dash+xml",
    # Fonts
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "eot": "application/vnd.ms-fontobject",
    # Documents to download or show
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "zip": "application/zip",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "swf": "application/x-shockwave-flash",
    # 3D
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "obj": "model/obj",
    "stl": "model/stl",
}


def mime_of(path: str) -> str:
    """The media type for a path; ``application/octet-stream`` for what the table does not know."""
    name = path.rpartition("/")[2]
    return (
        _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        if "." in name
        else ("application/octet-stream")
    )
