"""A statement as one sentence in the reader's language. Statements are foreign text: every part is escaped."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from flask_babel import format_decimal, get_locale, lazy_gettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

_l = lazy_gettext
LONGEST = 200
# Verbs whose sentence can be said properly in both languages; others are said by their display.
VERBS = {
    "http://adlnet.gov/expapi/verbs/initialized": _l("%(actor)s began %(object)s"),
    "http://adlnet.gov/expapi/verbs/launched": _l("%(actor)s opened %(object)s"),
    "http://adlnet.gov/expapi/verbs/attempted": _l("%(actor)s attempted %(object)s"),
    "http://adlnet.gov/expapi/verbs/resumed": _l("%(actor)s went on with %(object)s"),
    "http://adlnet.gov/expapi/verbs/suspended": _l("%(actor)s paused %(object)s"),
    "http://adlnet.gov/expapi/verbs/terminated": _l("%(actor)s left %(object)s"),
    "http://adlnet.gov/expapi/verbs/exited": _l("%(actor)s left %(object)s"),
    "https://w3id.org/xapi/adl/verbs/abandoned": _l("%(actor)s abandoned %(object)s"),
    "http://adlnet.gov/expapi/verbs/completed": _l("%(actor)s completed %(object)s"),
    "http://adlnet.gov/expapi/verbs/passed": _l("%(actor)s passed %(object)s"),
    "http://adlnet.gov/expapi/verbs/failed": _l("%(actor)s failed %(object)s"),
    "http://adlnet.gov/expapi/verbs/mastered": _l("%(actor)s mastered %(object)s"),
    "https://w3id.org/xapi/adl/verbs/satisfied": _l("%(actor)s satisfied %(object)s"),
    "https://w3id.org/xapi/adl/verbs/waived": _l("%(actor)s was exempted from %(object)s"),
    "http://adlnet.gov/expapi/verbs/answered": _l("%(actor)s answered %(object)s"),
    "http://adlnet.gov/expapi/verbs/responded": _l("%(actor)s answered %(object)s"),
    "http://adlnet.gov/expapi/verbs/scored": _l("%(actor)s got a score in %(object)s"),
    "http://adlnet.gov/expapi/verbs/progressed": _l("%(actor)s made progress in %(object)s"),
    "http://adlnet.gov/expapi/verbs/experienced": _l("%(actor)s experienced %(object)s"),
    "http://adlnet.gov/expapi/verbs/interacted": _l("%(actor)s interacted with %(object)s"),
    "http://adlnet.gov/expapi/verbs/registered": _l("%(actor)s registered for %(object)s"),
    "http://adlnet.gov/expapi/verbs/commented": _l("%(actor)s commented on %(object)s"),
    "http://adlnet.gov/expapi/verbs/preferred": _l("%(actor)s chose settings for %(object)s"),
    "http://adlnet.gov/expapi/verbs/asked": _l("%(actor)s asked about %(object)s"),
    "http://adlnet.gov/expapi/verbs/voided": _l("%(actor)s voided %(object)s"),
    "http://adlnet.gov/expapi/verbs/shared": _l("%(actor)s shared %(object)s"),
    "https://w3id.org/xapi/video/verbs/played": _l("%(actor)s played %(object)s"),
    "https://w3id.org/xapi/video/verbs/paused": _l("%(actor)s paused %(object)s"),
    "https://w3id.org/xapi/video/verbs/seeked": _l("%(actor)s moved within %(object)s"),
}


def sentence(statement: dict[str, Any], depth: int = 0) -> Markup:
    """``Siti completed Safety at work, with 80 %``."""
    verb = statement.get("verb") or {}
    parts = {"actor": _bold(agent_name(statement.get("actor") or {})), "object": _object(statement, depth)}
    template = VERBS.get(verb.get("id", ""))
    if template is not None:
        # The template is ours; what is put into it is escaped by Markup.
        text = Markup(str(template)) % parts  # noqa: S704
    else:
        text = Markup("{} {} {}").format(parts["actor"], verb_name(verb), parts["object"])
    told = verb.get("id", "").endswith(("/passed", "/failed"))
    return text + _result(statement.get("result") or {}, told)


def _bold(text: str) -> Markup:
    return Markup("<b><bdi>{}</bdi></b>").format(_short(text))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def agent_name(actor: dict[str, Any]) -> str:
    """The name, or what identifies the agent as far as people can read it."""
    if actor.get("name"):
        return str(actor["name"])
    if "account" in actor:
        return str(actor["account"].get("name", ""))
    if "mbox" in actor:
        return str(actor["mbox"]).removeprefix("mailto:")
    if "openid" in actor:
        return str(actor["openid"])
    if "mbox_sha1sum" in actor:
        return str(actor["mbox_sha1sum"])[:12] + "…"
    members = [agent_name(m) for m in actor.get("member", ())[:3]]
    return ", ".join(members) or _("somebody")


def in_language(words: Any) -> str:
    """The entry of a language map for the reader: their language, a relative of it, English, or the first."""
    if not isinstance(words, dict) or not words:
        return ""
    wanted = str(get_locale()).partition("_")[0]
    for choice in (wanted, "en", "und"):
        for tag, text in words.items():
            if tag.lower() == choice or tag.lower().startswith(choice + "-"):
                return str(text)
    return str(next(iter(words.values())))


def verb_name(verb: dict[str, Any]) -> str:
    """The display of a verb, or the end of its IRI."""
    return _short(in_language(verb.get("display")) or _last_part(str(verb.get("id", ""))))


def _last_part(iri: str) -> str:
    return unquote(iri.rstrip("/#").replace("#", "/").rpartition("/")[2]) or iri


def _object(statement: dict[str, Any], depth: int) -> Markup:
    found = statement.get("object") or {}
    kind = found.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return _bold(agent_name(found))
    if kind == "StatementRef":
        return Markup("{} <code>{}</code>").format(_("the statement"), str(found.get("id", ""))[:8])
    if kind == "SubStatement" and depth < 2:
        return Markup("“{}”").format(sentence(found, depth + 1))
    definition = found.get("definition") or {}
    name = in_language(definition.get("name")) or in_language(definition.get("description"))
    return _bold(name or _last_part(str(found.get("id", ""))))


def _result(result: dict[str, Any], told: bool) -> Markup:
    """The score, the answer, and success unless the verb has ``told`` it."""
    parts: list[str] = []
    score = result.get("score") or {}
    if isinstance(score.get("scaled"), int | float):
        parts.append(_("score %(score)s", score=f"{format_decimal(score['scaled'] * 100, '0.#')} %"))
    elif isinstance(score.get("raw"), int | float):
        most = score.get("max")
        raw = format_decimal(score["raw"], "#,##0.##")
        if isinstance(most, int | float):
            parts.append(_("score %(raw)s of %(max)s", raw=raw, max=format_decimal(most, "#,##0.##")))
        else:
            parts.append(_("score %(score)s", score=raw))
    if "success" in result and not told:
        parts.append(_("successful") if result["success"] else _("not successful"))
    if isinstance(result.get("response"), str) and result["response"]:
        parts.append(_("answer: %(answer)s", answer=_short(result["response"])))
    return (
        Markup(' <span class="muted">· {}</span>').format(Markup(" · ").join(map(escape, parts))) if parts else Markup()
    )
