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
{more}<script>
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


# Pages as exported with their own links: each ends its session as it is left, saying what a finished one may: logout.
_LINKED = (
    '<a href="{next}.html">Next page of the course</a><a href="notes.html">Notes</a>\n<script>'
    'addEventListener("beforeunload", function () {{\n'
    "  if (!api || gone) return;\n"
    '  api.LMSSetValue("cmi.core.lesson_status", "completed");\n'
    '  api.LMSSetValue("cmi.core.exit", "logout");\n'
    '  api.LMSSetValue("cmi.core.session_time", "00:01:00");\n'
    '  api.LMSFinish("");\n'
    "  gone = true;\n"
    "}});</script>"
)


def linked_12() -> bytes:
    """Three SCOs that lead to one another by links of their pages, and to a page that is none."""
    order = {"one": "two", "two": "three", "three": "one"}
    manifest = _MANIFEST.format(
        items="".join(_ITEM.format(id=id_, title=f"Page {id_}", more="") for id_ in order),
        resources="".join(_RESOURCE.format(id=id_) for id_ in order),
    )
    pages = {
        f"{id_}.html": _SCO.format(title=f"Page {id_}", status="completed", more=_LINKED.format(next=following))
        for id_, following in order.items()
    }
    return _zipped(
        {"imsmanifest.xml": manifest, "notes.html": "<!doctype html><title>Notes</title><p>Notes</p>", **pages}
    )


def _zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def scorm_12(*, mastery: int | None = 70) -> bytes:
    """Two SCOs: ``read`` becomes completed, ``test`` reports a score that the mastery score judges."""
    parts = [("read", "Read this", "completed", ""), ("test", "Test yourself", "completed", "")]
    if mastery is not None:
        parts[1] = (*parts[1][:3], f"<adlcp:masteryscore>{mastery}</adlcp:masteryscore>")
    manifest = _MANIFEST.format(
        items="".join(_ITEM.format(id=id_, title=title, more=more) for id_, title, _, more in parts),
        resources="".join(_RESOURCE.format(id=id_) for id_, *_ in parts),
    )
    files = {f"{id_}.html": _SCO.format(title=title, status=status, more="") for id_, title, status, _ in parts}
    return _zipped({"imsmanifest.xml": manifest, **files})


_MANIFEST_2004 = """<?xml version="1.0"?>
<manifest identifier="fixture-2004" version="1" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
          xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
  <organizations default="org"><organization identifier="org"><title>Habits</title>{items}
    <imsss:sequencing><imsss:controlMode choice="true" flow="true"/></imsss:sequencing></organization></organizations>
  <resources>{resources}</resources>
</manifest>
"""
# `said` is what the test waits for; `work` and `api` are for its own calls.
_HABIT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>
<h1>{title}</h1><p id="entry"></p>
<script>
var api = null;
for (var w = window, i = 0; i < 8 && !api; i++) {{
  api = w.API_1484_11 || (w.opener && w.opener.API_1484_11) || null;
  w = w.parent;
}}
api.Initialize("");
document.getElementById("entry").textContent = [
  api.GetValue("cmi.entry"), api.GetValue("cmi.location"), api.GetValue("cmi.completion_status")].join("|");
function commit(page) {{ api.SetValue("cmi.location", page); return api.Commit(""); }}
{script}
</script></body></html>
"""
# Keeps its last word for `unload`, as old content does, and says nothing before.
_LAST_WORD = """
window.onunload = function () {
  api.SetValue("cmi.location", "at-unload");
  api.SetValue("cmi.session_time", "PT30S");
  api.SetValue("cmi.exit", "suspend");
  api.Terminate("");
};"""


# Minds the time by itself, as the standard has it: what the player would do has been done.
_MINDS = """
setTimeout(function () {
  api.SetValue("cmi.exit", "time-out");
  api.Terminate("");
}, 2500);"""


def habits() -> bytes:
    """Two SCOs: ``never`` commits and never says good-bye, ``unload`` says everything in its unload handler."""
    return _course({"never": ("Never terminates", "", ""), "unload": ("Only at unload", _LAST_WORD, "")})


def timed() -> bytes:
    """SCOs that may be open for ten minutes: ``closes`` and ``tells`` never look at the clock, ``minds`` does."""
    limit = (
        "<adlcp:timeLimitAction>{}</adlcp:timeLimitAction><imsss:sequencing>"
        '<imsss:limitConditions attemptAbsoluteDurationLimit="PT10M"/></imsss:sequencing>'
    )
    return _course(
        {
            "closes": ("Closes", "", limit.format("exit,message")),
            "tells": ("Tells", "", limit.format("continue,message")),
            "minds": ("Minds", _MINDS, limit.format("exit,message")),
        }
    )


def _course(parts: dict[str, tuple[str, str, str]]) -> bytes:
    """A course of SCOs: identifier → title, script, XML inside the item."""
    resource = _RESOURCE.replace("scormtype", "scormType")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "imsmanifest.xml",
            _MANIFEST_2004.format(
                items="".join(_ITEM.format(id=id_, title=title, more=more) for id_, (title, _, more) in parts.items()),
                resources="".join(resource.format(id=id_) for id_ in parts),
            ),
        )
        for id_, (title, script, _) in parts.items():
            archive.writestr(f"{id_}.html", _HABIT.format(title=title, script=script))
    return buffer.getvalue()
