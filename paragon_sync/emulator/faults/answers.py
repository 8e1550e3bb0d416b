"""The answers of faults: what a firewall, a tired gateway or a broken server sends. Knows nothing of chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from starlette.types import Message

from paragon_sync.emulator import codec
from paragon_sync.emulator.calls import Refusal
from paragon_sync.emulator.faults.kinds import (
    Errors,
    Fault,
    Firewall,
    Html,
    RateLimit,
    RetryAfter,
    ServerError,
    TooManyRequests,
    Truncated,
    Unauthorized,
)

_PHRASES: Final = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer on its way; ``length`` is what ``Content-Length`` says, where that is not the body's own."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    length: int | None = None

    def messages(self) -> list[Message]:
        """As ASGI sends it; more is announced where less than ``length`` is there."""
        length = len(self.body) if self.length is None else self.length
        headers = [one for one in self.headers if one[0] != b"content-length"]
        headers.append((b"content-length", b"%d" % length))
        return [
            {"type": "http.response.start", "status": self.status, "headers": headers},
            {"type": "http.response.body", "body": self.body, "more_body": length > len(self.body)},
        ]


def refusal(fault: Fault) -> Sent | None:
    """The answer with which a fault takes the place of the API's; None if it has none."""
    match fault:
        case TooManyRequests() | RateLimit():
            return error_answer(429, "Too Many Requests", _retry_after(fault.retry_after, fault.form))
        case ServerError():
            phrase = _PHRASES.get(fault.status, "Server Error")
            headers = _retry_after(fault.retry_after, fault.form)
            if fault.body == "json":
                return error_answer(fault.status, phrase, headers)
            return _page(fault.status, phrase, headers) if fault.body == "html" else Sent(fault.status, b"", headers)
        case Firewall():
            return _page(403, "Request blocked", [])
        case Html():
            return _page(200, "One moment, please", [])
        case Unauthorized():
            return error_answer(401, "Unauthorized: Signature has expired")
        case _:
            return None


def spoiled(fault: Fault, sent: Sent) -> Sent:
    """The API's own answer as a fault leaves it."""
    match fault:
        case Truncated():
            half = sent.body[: len(sent.body) // 2]
            return Sent(sent.status, half, sent.headers, len(sent.body) if fault.length == "wrong" else None)
        case Errors() if sent.status < 300:  # noqa: PLR2004
            try:
                told = codec.as_object(codec.loads(sent.body))
            except codec.Unreadable:
                told = None
            if told is None:
                return sent
            body = codec.dumps({**told, "errors": [*fault.messages]})
            return Sent(sent.status, body.encode("ascii"), sent.headers)
        case _:
            return sent


def error_answer(status: int, message: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Sent:
    """An error in Paragon's form."""
    body = codec.dumps(Refusal(status, message).to_json()).encode("ascii")
    return Sent(status, body, [(b"content-type", b"application/json"), *headers])


def _page(status: int, title: str, headers: list[tuple[bytes, bytes]]) -> Sent:
    body = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Sent(status, body.encode("ascii"), [(b"content-type", b"text/html; charset=utf-8"), *headers])


def _retry_after(seconds: float | None, form: RetryAfter) -> list[tuple[bytes, bytes]]:
    if seconds is None:
        return []
    if form == "seconds":
        return [(b"retry-after", f"{seconds:g}".encode("ascii"))]
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return [(b"retry-after", format_datetime(moment, usegmt=True).encode("ascii"))]
