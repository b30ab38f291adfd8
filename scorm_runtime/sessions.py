"""The runtime endpoint: one request stores what content said, ends its session and navigates, in one transaction."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from core.db import session
from core.errors import Conflict, Invalid
from registrations import launches, settings
from scorm_runtime import answers, moving, plain_commits, rollup, trace
from scorm_runtime.facts import Facts
from scorm_runtime.models import RuntimeSession
from scorm_runtime.receiving import receive
from scorm_runtime.run import Run, open_run


class Navigate(msgspec.Struct, frozen=True):
    request: Annotated[str, msgspec.Meta(max_length=32)]
    target: str | None = None


class TracedCall(msgspec.Struct, frozen=True):
    """An API call of the content as the page saw it: ``at`` is its clock in ms."""

    at: float
    call: Annotated[str, msgspec.Meta(max_length=64)]
    args: Annotated[list[str], msgspec.Meta(max_length=8)] = []
    result: str = ""
    error: str = ""


class RuntimeRequest(msgspec.Struct, frozen=True):
    """See docs/architecture.md, "The runtime endpoint"."""

    seq: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    session: str | None = None
    changes: dict[str, str] = {}
    initialized: bool = False
    end: Literal["terminate", "unload"] | None = None
    navigate: Navigate | None = None
    trace: Annotated[list[TracedCall], msgspec.Meta(max_length=5000)] = []


def parse(body: bytes) -> RuntimeRequest:
    """The request in ``body``; :class:`Invalid` names the JSON path that is wrong."""
    try:
        request = msgspec.json.decode(body, type=RuntimeRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the runtime request is not as it has to be: {error}", code="bad_request") from None
    if request.session is None and (request.changes or request.end):
        raise Invalid("changes or an end without a session", code="bad_request")
    if any("\0" in text for text in (request.key, request.session or "")):
        raise Invalid("the session and the key hold no U+0000", code="bad_request")
    return request


def handle(token: str, body: bytes, language: str = "en") -> bytes:
    """Process one request of the player that holds ``token``; the answer as JSON. Needs a unit of work.

    ``language`` (en, id) is that of the reasons in the answer.
    """
    request = parse(body)
    stored = plain_commits.store(token, request, language)
    if stored is not None:
        return stored
    launch = launches.find(token)
    run = open_run(launch)
    run.sequencer.language = language
    row = run.session_row(request.session) if request.session is not None else None
    repeated = _repeated(run, row, request)
    if repeated is not None:
        return repeated
    launches.check_open(launch)
    launches.seen(launch)
    # Each row is written once, at the end.
    with session().no_autoflush:
        return _process(run, row, request)


def _process(run: Run, row: RuntimeSession | None, request: RuntimeRequest) -> bytes:
    facts = _take_in(run, row, request) if row is not None else None
    answer = _go_on(run, row, request, facts)
    if run.setting("traceCalls"):
        trace.record(run, row, request, facts)
    if row is not None:
        row.seq, row.last_key = max(request.seq, row.seq), request.key
        row.last_answer = answer if request.end or request.navigate else None
    else:
        run.state.last_key, run.state.last_answer = request.key, answer
    rollup.roll_up(run)
    run.save()
    return answer


def _repeated(run: Run, row: RuntimeSession | None, request: RuntimeRequest) -> bytes | None:
    """The answer to a request that was processed before, None for a new one."""
    holder = row if row is not None else run.state
    if holder.last_key != request.key:
        return None
    # A plain commit changed nothing but data: what is true now answers it as well.
    return holder.last_answer or answers.build(run, request.seq)


def _take_in(run: Run, row: RuntimeSession, request: RuntimeRequest) -> Facts | None:
    if request.seq <= row.seq and row.seq:
        raise Conflict(
            f"request {request.seq} of this session was overtaken by request {row.seq}",
            code="stale_sequence",
            seq=row.seq,
        )
    if row.ended is not None and request.changes and not _may_reopen(run, row):
        raise Invalid("this part of the course has ended; nothing more can be stored in it", code="session_closed")
    suspending = request.navigate is not None and request.navigate.request == "suspendAll"
    return receive(run, row, request.changes, initialized=request.initialized, end=request.end, suspending=suspending)


def _may_reopen(run: Run, row: RuntimeSession) -> bool:
    """A session that content did not end itself takes late changes until its activity is opened again."""
    if row.end == "terminate":
        return False
    newest = run.last_session(row.activity)
    return newest is not None and newest.id == row.id


def _after_exit(run: Run, row: RuntimeSession, request: RuntimeRequest, facts: Facts) -> Navigate | None:
    """Where the end of a SCO leads: RTE 4.2.8, and the exit action of the settings where nothing else was asked for."""
    # Much SCORM 1.2 content says logout whenever it has been completed: no reason to end a course in which the learner goes on.
    forced = facts.exit == "time-out" or (facts.exit == "logout" and not run.outline.scorm_12)
    if (request.navigate is not None or request.end != "terminate") and not forced:
        return request.navigate
    status = run.sequencer.status(row.activity)
    name = settings.exit_action_name(
        final=row.activity == run.outline.launchable[-1].identifier,
        satisfied=status.success == "passed" or (status.success == "unknown" and status.completion == "completed"),
        kind=facts.exit,
    )
    action = run.setting(name)
    if action == "exit":
        return Navigate(request="suspendAll" if facts.exit == "suspend" else "exitAll")
    # The player takes content away whose time is up by asking to exit it.
    stays = request.navigate is None or (facts.exit == "time-out" and request.navigate.request == "exit")
    if stays and action == "continue" and run.sequencer.valid("continue").allowed:
        return Navigate(request="continue")
    return request.navigate


def _go_on(run: Run, row: RuntimeSession | None, request: RuntimeRequest, facts: Facts | None) -> bytes:
    navigate = request.navigate
    if request.end and row is not None and facts is not None and run.sequencer.in_session:
        navigate = _after_exit(run, row, request, facts)
    activity, message = None, None
    if navigate is not None:
        outcome, activity = moving.move(run, navigate.request, navigate.target)
        if outcome.exception is not None and activity is None and navigate.request != "start":
            message = outcome.reason
    answer = answers.build(run, request.seq, activity=activity, message=message)
    if navigate is not None and run.state.status != "active":
        moving.end_launch(run)
    return answer
