"""Small SCORM 1.2 courses, made on the spot."""

from __future__ import annotations

import io
import zipfile

_MANIFEST = """<?xml version="1.0"?>
<manifest identifier="fixture-12" version="1.0" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
          xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="org">
    <organization identifier="org"><title>Fire safety</title>{items}</organization>
  </organizations>
  <resources>{resources}</resources>
</manifest>
"""
_ITEM = '<item identifier="{id}" identifierref="r-{id}"><title>{title}</title>{more}</item>'
_RESOURCE = '<resource identifier="r-{id}" type="webcontent" adlcp:scormtype="sco" href="{id}.html"><file href="{id}.html"/></resource>'

# A SCO as old authoring tools write it: finds API, saves at unload only. The test clicks its buttons.
_SCO = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body onload="start()" onunload="leave()">
<h1>{title}</h1><p id="entry"></p>
<button onclick="setPage()">Next page</button>
<button onclick="score(80)">Answer all</button>
<button onclick="finish()">Done</button>
<script>
var api = null, gone = false;
function find(w) {{ for (var i = 0; i < 7 && !w.API && w.parent != w; i++) w = w.parent; return w.API; }}
function start() {{
  api = find(window);
  api.LMSInitialize("");
  document.getElementById("entry").textContent = [
    api.LMSGetValue("cmi.core.entry"), api.LMSGetValue("cmi.core.lesson_location"),
    api.LMSGetValue("cmi.core.student_name"), api.LMSGetValue("cmi.core.lesson_status")].join("|");
}}
function setPage() {{ api.LMSSetValue("cmi.core.lesson_location", "page-2"); }}
function score(raw) {{
  api.LMSSetValue("cmi.interactions.0.id", "question-1");
  api.LMSSetValue("cmi.interactions.0.type", "choice");
  api.LMSSetValue("cmi.interactions.0.student_response", "a");
  api.LMSSetValue("cmi.interactions.0.result", "correct");
  api.LMSSetValue("cmi.core.score.min", "0");
  api.LMSSetValue("cmi.core.score.max", "100");
  api.LMSSetValue("cmi.core.score.raw", String(raw));
  api.LMSCommit("");
}}
function finish() {{ api.LMSSetValue("cmi.core.lesson_status", "{status}"); leave(); }}
function leave() {{
  if (gone) return;
  gone = true;
  api.LMSSetValue("cmi.core.session_time", "00:01:30");
  if (api.LMSGetValue("cmi.core.lesson_status") !== "{status}") api.LMSSetValue("cmi.core.exit", "suspend");
  api.LMSFinish("");
}}
</script></body></html>
"""


def scorm_12(*, mastery: int | None = 70) -> bytes:
    """Two SCOs: ``read`` becomes completed, ``test`` reports a score that the mastery score judges."""
    parts = [("read", "Read this", "completed", ""), ("test", "Test yourself", "completed", "")]
    if mastery is not None:
        parts[1] = (*parts[1][:3], f"<adlcp:masteryscore>{mastery}</adlcp:masteryscore>")
    manifest = _MANIFEST.format(
        items="".join(_ITEM.format(id=id_, title=title, more=more) for id_, title, _, more in parts),
        resources="".join(_RESOURCE.format(id=id_) for id_, *_ in parts),
    )
    files = {f"{id_}.html": _SCO.format(title=title, status=status) for id_, title, status, _ in parts}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {"imsmanifest.xml": manifest, **files}.items():
            archive.writestr(name, text)
    return buffer.getvalue()
