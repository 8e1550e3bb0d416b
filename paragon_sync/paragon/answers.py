"""Owns what an answer means: its JSON, or the error that says what to do. Knows statuses and Paragon's error bodies.

Sends nothing and waits for nothing. No token, no request body and no page of HTML ever gets into a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from paragon_sync import jsonvalue
from paragon_sync.errors import AnswerError, ApiError, HostError, JsonError, RefusedError
from paragon_sync.jsonvalue import Json, JsonObject, Number
from paragon_sync.model.secret_texts import hide_secrets
from paragon_sync.paragon.transport import FailureKind, HttpResponse, TransportFailure

_E = TypeVar("_E", bound=ApiError)

_JWT: Final = re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
_TITLE: Final = re.compile(rb"<title[^>]*>(.{1,200}?)</title", re.IGNORECASE | re.DOTALL)
_LONGEST: Final = 300  # characters of the server's own words in a message
_CLOCK_OFF: Final = 60  # seconds from which on a wrong clock is worth a word
_OK, _MULTIPLE_CHOICES = int(HTTPStatus.OK), int(HTTPStatus.MULTIPLE_CHOICES)
_LACKS_PERMISSION: Final = "7210"

_FAILURES: Final[dict[FailureKind, tuple[bool, str]]] = {
    FailureKind.UNKNOWN_HOST: (False, "check the name in the environment's host: {base}"),
    FailureKind.REFUSED: (True, "nothing listens there: check host and port, {base}, and that the server runs"),
    FailureKind.TLS: (False, "for an authority of your own, name its certificate in the variable SSL_CERT_FILE"),
    FailureKind.PROXY: (True, "check the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY"),
    FailureKind.NOT_CONNECTED: (True, "check that {base} can be reached from here"),
    FailureKind.TIMED_OUT: (True, "{base} is slow or overloaded: lower limits.concurrency, or try again later"),
    FailureKind.LOST: (True, "try again; if it stays, look at what stands between here and {base}"),
    FailureKind.GARBLED: (True, "is {base} the API host?"),
    FailureKind.TOO_LARGE: (False, "no user has that much: is {base} the API host?"),
    FailureKind.INVALID: (False, "check the environment's host: {base}"),
}
"""For each failure: whether the same request may succeed a little later, and what to do."""
_SENT: Final = frozenset({FailureKind.TIMED_OUT, FailureKind.LOST, FailureKind.GARBLED, FailureKind.TOO_LARGE})
"""The failures after which the server may have the request; with the others it never left."""


class Call(NamedTuple):
    """What was asked, as far as messages may name it. ``path`` begins after ``/projects/{project}``.

    ``page`` counts the pages of a list from 1. The query of a later one, which the server chose, is in no message.
    ``secrets`` are those that the request carries: they are hidden in what the server says.
    """

    method: str
    path: str
    base: str
    project: str
    user: str
    credential: str | None = None
    page: int = 1
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        credential = f", credential {self.credential}" if self.credential else ""
        page = f", page {self.page}," if self.page > 1 else ""
        return f"{self.method} {self._shown_path}{page} as user {_plain(self.user)}{credential}"

    @property
    def _shown_path(self) -> str:
        return self.path.partition("?")[0]

    def quote(self, text: str) -> str:
        """Return the server's words for a message: without secrets, on one line, printable and short."""
        return _plain(hide_secrets(text, self.secrets))

    def error(self, kind: type[_E], what: str, **more: object) -> _E:
        """An error of that kind, which names this call."""
        return kind(
            f"{self}: {what}",
            method=self.method,
            path=self._shown_path,
            user=self.user,
            credential=self.credential,
            **more,  # type: ignore[arg-type]
        )


def failed(call: Call, failure: TransportFailure) -> ApiError:
    """Return the error for a request that got no whole answer: of the host, or of this one answer if it is too long."""
    transient, hint = _FAILURES[failure.kind]
    return call.error(
        AnswerError if failure.kind is FailureKind.TOO_LARGE else HostError,
        _plain(failure.message),
        hint=hint.format(base=call.base),
        transient=transient,
        unsent=failure.kind not in _SENT,
    )


def read_json(call: Call, response: HttpResponse, now: float) -> Json:
    """The JSON of a good answer; an empty body is None. ``now``, in seconds since the epoch, is this machine's time.

    Raises :class:`RefusedError` for an answer that says no, :class:`AnswerError` for one that can't be read.
    """
    if not is_good(response):
        raise _refused(call, response, now)
    if not response.body.strip():
        return None
    try:
        return jsonvalue.loads(response.body)
    except JsonError:
        raise _unreadable(call, response) from None


def tells_nothing(response: HttpResponse) -> bool:
    """Return True for a good answer to a write that is an object without ``errors`` and ``authenticated``."""
    if not is_good(response):
        return False
    try:
        found = jsonvalue.loads(response.body)
    except JsonError:
        return False
    return isinstance(found, dict) and found.keys().isdisjoint(("errors", "authenticated"))


def unauthorized(call: Call, response: HttpResponse, now: float, said: str = "") -> RefusedError:
    """The error for a token that wasn't accepted; ``said`` is the server's own word on it."""
    hint = f"is the signing key the one of project {call.project}, and is {call.base} its API host?"
    return call.error(
        RefusedError,
        "the user token was not accepted" + (f": {said}" if said else ""),
        status=HTTPStatus.UNAUTHORIZED,  # also where the status was good, and the body said so
        hint=hint + _clock_hint(response, now),
    )


def malformed(call: Call, what: str) -> AnswerError:
    """The error for JSON that isn't what this call answers."""
    return call.error(AnswerError, what, hint=f"is {call.base} the API host, and {call.project} the project id?")


def is_good(response: HttpResponse) -> bool:
    """Whether the status says that it went well."""
    return _OK <= response.status < _MULTIPLE_CHOICES


def is_too_much(response: HttpResponse) -> bool:
    """Whether the answer means that the server can't keep up: 429, its own failure, or a firewall's refusal."""
    match response.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return True
        case HTTPStatus.FORBIDDEN:
            return _error_body(response) is None
        case status:
            return status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after(response: HttpResponse, now: float) -> float | None:
    """The seconds that the server asks to wait (a number, or a date), or None."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    moment = _moment(text)
    return None if moment is None else max(0.0, moment - now)


def _refused(call: Call, response: HttpResponse, now: float) -> ApiError:
    body = _error_body(response)
    said = _said(call, body)
    status = response.status
    if status == HTTPStatus.UNAUTHORIZED:
        return unauthorized(call, response, now, said)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _redirected(call, response)
    firewall = status == HTTPStatus.FORBIDDEN and body is None
    page = "" if said else _page(call, response)
    return call.error(
        RefusedError,
        _status_text(status) + (f": {said}" if said else "") + page,
        status=status,
        code=_code(call, body),
        hint=_hint(call, status, _code(call, body), firewall=firewall, html=bool(page)),
        transient=is_too_much(response),
        retry_after=retry_after(response, now),
    )


def _hint(call: Call, status: int, code: str | None, *, firewall: bool, html: bool) -> str | None:
    if code == _LACKS_PERMISSION:
        return "the token lacks a permission (code 7210): look at the project's rules for user tokens"
    if firewall:
        return (
            "not Paragon's own words: a firewall may have refused; lower limits.rate, or have this machine let through"
        )
    if status == HTTPStatus.FORBIDDEN:
        return f"may this user do that in project {call.project}?"
    if status == HTTPStatus.NOT_FOUND and call.credential and not html:
        return "was the account disconnected after it was read? Plan again"
    if status == HTTPStatus.NOT_FOUND:
        return f"is {call.project} the project id, and {call.base} the API host?"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "lower limits.rate or limits.concurrency"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the server failed: try again later"
    return None


def _redirected(call: Call, response: HttpResponse) -> AnswerError:
    target = urlsplit(response.headers.get("location", ""))
    where = (
        f" to {call.quote(f'{target.scheme}://{target.netloc}')}" if target.scheme and "@" not in target.netloc else ""
    )
    return call.error(
        AnswerError,
        f"{_status_text(response.status)}: redirected{where}, and redirects are not followed",
        status=response.status,
        hint=f"is {call.base} the API host?",
    )


def _unreadable(call: Call, response: HttpResponse) -> AnswerError:
    page = _page(call, response)
    return call.error(
        AnswerError,
        f"{_status_text(response.status)}, but " + (f"not JSON{page}" if page else "the JSON is broken or cut off"),
        status=response.status,
        hint=f"is {call.base} the API host?" if page else "try again; a proxy may cut answers off",
        transient=True,
    )


def _page(call: Call, response: HttpResponse) -> str:
    """A few words on a body that is a page for people, or nothing."""
    start = response.body[:2000].lstrip()
    if not start.startswith(b"<") and "html" not in response.headers.get("content-type", ""):
        return ""
    title = _TITLE.search(response.body[:20000])
    return " (an HTML page" + (f' "{call.quote(title[1].decode(errors="replace"))}")' if title else ")")


def _error_body(response: HttpResponse) -> JsonObject | None:
    """Paragon's own error body, or None where the answer is somebody else's."""
    try:
        body = jsonvalue.loads(response.body)
    except JsonError:
        return None
    known = isinstance(body, dict) and "message" in body and ("code" in body or "status" in body)
    return body if isinstance(body, dict) and known else None


def _code(call: Call, body: JsonObject | None) -> str | None:
    match body:
        case {"code": str() | int() | Number() as code} if not isinstance(code, bool):
            return call.quote(str(code))
        case _:
            return None


def _said(call: Call, body: JsonObject | None) -> str:
    return "" if body is None else call.quote("; ".join(_sentences(body.get("message"))))


def _sentences(message: Json) -> Iterator[str]:
    """The texts of a message: itself, or each constraint of an array, without the values it was held against."""
    match message:
        case str():
            yield message
        case list():
            for item in message:
                yield from _sentences(item)
        case dict():
            constraints = message.get("constraints")
            if isinstance(constraints, dict):
                yield from (text for text in constraints.values() if isinstance(text, str))
            yield from _sentences(message.get("children"))
        case _:
            return


def _clock_hint(response: HttpResponse, now: float) -> str:
    theirs = _moment(response.headers.get("date", ""))
    off = 0 if theirs is None else round(now - theirs)
    if abs(off) < _CLOCK_OFF:
        return ""
    return f" This machine's clock is {abs(off)} s {'ahead of' if off > 0 else 'behind'} the server's."


def _moment(text: str) -> float | None:
    """An HTTP date in seconds since the epoch, or None."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _plain(text: str) -> str:
    """Foreign text for a message: one line, printable, short, and without anything that looks like a token."""
    line = " ".join("".join(c if c.isprintable() else " " for c in _JWT.sub("(token)", text)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
