"""``adlcp:prerequisites`` of SCORM 1.2: the AICC script language (CAM 1.2 section 2.3.5.3.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

# An item's lesson_status by identifier; None when the course has no such item.
StatusOf = Callable[[str], "str | None"]
Expression = Callable[[StatusOf], bool]

STATUSES = ("passed", "completed", "browsed", "failed", "not attempted", "incomplete")
# A bare identifier means that its item is done.
DONE = ("passed", "completed")

_TOKEN = re.compile(r'\s*(?:(<>|[&|~=*(){},])|"([^"]*)"|([^\s&|~=<>*(){},"]+))')


class ScriptError(ValueError):
    """The text is not an AICC script; the message names the place."""


@lru_cache(maxsize=4096)
def compile_script(text: str) -> Expression:
    """The script as a function of the items' statuses; ScriptError when it cannot be read."""
    parser = _Parser(text)
    expression = parser.either()
    if parser.tokens[parser.at][0] != "end":
        raise ScriptError(f"{text!r}: nothing expected at {parser.tokens[parser.at][1]!r}")
    return expression


def done_items(text: str) -> list[str]:
    """The identifiers of a script that is nothing but items to be done (``A & B``); empty for any other script."""
    tokens = _tokens(text)[:-1]
    joined = all(token == ("sign", "&") for token in tokens[1::2])
    return [word for kind, word in tokens[::2] if kind != "sign"] if joined else []


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ScriptError(f"{text!r}: cannot read {text[at:]!r}")
        sign, quoted, word = match.groups()
        if sign:
            found.append(("sign", sign))
        elif quoted is not None:
            found.append(("text", quoted))
        else:
            found.append(("word", word))
        at = match.end()
    return [*found, ("end", "")]


class _Parser:
    """Recursive descent: ``|`` binds less than ``&`` than ``~`` than ``=`` and ``<>``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def take(self, sign: str) -> bool:
        if self.tokens[self.at] == ("sign", sign):
            self.at += 1
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise ScriptError(f"{self.text!r}: {sign!r} expected at {self.tokens[self.at][1] or 'the end'!r}")

    def either(self) -> Expression:
        left = self.both()
        while self.take("|"):
            left = _either(left, self.both())
        return left

    def both(self) -> Expression:
        left = self.single()
        while self.take("&"):
            left = _both(left, self.single())
        return left

    def single(self) -> Expression:
        if self.take("~"):
            inner = self.single()
            return lambda status_of: not inner(status_of)
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        kind, word = self.tokens[self.at]
        if kind not in ("word", "text"):
            raise ScriptError(f"{self.text!r}: an identifier expected at {word or 'the end'!r}")
        self.at += 1
        if word.isdigit() and self.tokens[self.at] == ("sign", "*"):
            self.at += 1
            return self.some(int(word))
        for sign, same in (("=", True), ("<>", False)):
            if self.take(sign):
                return _compared(word, self.status(), same)
        return _done(word)

    def some(self, count: int) -> Expression:
        """``2*{A, B, C}``: at least two of them."""
        self.need("{")
        members = [self.either()]
        while self.take(","):
            members.append(self.either())
        self.need("}")
        return lambda status_of: sum(member(status_of) for member in members) >= count

    def status(self) -> str:
        kind, word = self.tokens[self.at]
        if kind not in ("word", "text") or not word:
            raise ScriptError(f"{self.text!r}: a status expected at {word or 'the end'!r}")
        self.at += 1
        # The language allows the first letter for the word.
        wanted = word.strip().lower()
        return next((s for s in STATUSES if s == wanted or (len(wanted) == 1 and s[0] == wanted)), wanted)


def _either(left: Expression, right: Expression) -> Expression:
    return lambda status_of: left(status_of) or right(status_of)


def _both(left: Expression, right: Expression) -> Expression:
    return lambda status_of: left(status_of) and right(status_of)


def _done(identifier: str) -> Expression:
    def done(status_of: StatusOf) -> bool:
        status = status_of(identifier)
        # An item that does not exist can never be done; it must not lock the learner out.
        return status is None or status in DONE

    return done


def _compared(identifier: str, status: str, same: bool) -> Expression:
    return lambda status_of: ((status_of(identifier) or "not attempted") == status) is same
