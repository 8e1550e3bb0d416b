"""The failures that all transports raise: the same event gives the same message."""

from __future__ import annotations

import enum
import os
from urllib.parse import urlsplit

from paragon_sync.paragon.transport import MAX_BODY_BYTES, FailureKind, TransportFailure


class TlsProblem(enum.StrEnum):
    """Why there is no secure connection."""

    EXPIRED = "its certificate has expired"
    OTHER_HOST = "its certificate is for another host"
    NOT_TRUSTED = "its certificate is not trusted"
    HANDSHAKE = "the handshake failed"


def unknown_host(url: str) -> TransportFailure:
    """Return the failure for a host name without an address."""
    return TransportFailure(FailureKind.UNKNOWN_HOST, f"the host name {urlsplit(url).hostname} is not known")


def refused(url: str, code: int | None) -> TransportFailure:
    """Return the failure for a connection that was refused; ``code`` is the system's error number."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    reason = os.strerror(code) if code else "it can't be reached"
    return TransportFailure(FailureKind.REFUSED, f"no connection to {parts.hostname}:{port}: {reason}")


def tls_failed(url: str, problem: TlsProblem) -> TransportFailure:
    """Return the failure for a TLS handshake that didn't complete."""
    return TransportFailure(FailureKind.TLS, f"no secure connection to {urlsplit(url).hostname}: {problem}")


def not_connected(seconds: float) -> TransportFailure:
    """Return the failure for a host that accepts no connection in time."""
    return TransportFailure(FailureKind.NOT_CONNECTED, f"no connection within {seconds:g} s")


def timed_out(seconds: float) -> TransportFailure:
    """Return the failure for a response that isn't complete in time."""
    return TransportFailure(FailureKind.TIMED_OUT, f"no whole answer within {seconds:g} s")


def lost() -> TransportFailure:
    """Return the failure for a connection that broke before the response was complete."""
    return TransportFailure(FailureKind.LOST, "the connection was lost before the whole answer was there")


def garbled() -> TransportFailure:
    """Return the failure for bytes that aren't HTTP, or a body that can't be unpacked."""
    return TransportFailure(FailureKind.GARBLED, "what came back can't be read as HTTP")


def too_large() -> TransportFailure:
    """Return the failure for a body that is longer than allowed."""
    return TransportFailure(
        FailureKind.TOO_LARGE, f"the answer is longer than {MAX_BODY_BYTES // 2**20} MiB once it is unpacked"
    )


def invalid() -> TransportFailure:
    """Return the failure for a request that can't be sent."""
    return TransportFailure(FailureKind.INVALID, "the request can't be sent: its URL or a header is not valid")


def closed() -> TransportFailure:
    """Return the failure for a request after the transport was closed."""
    return TransportFailure(FailureKind.INVALID, "the connections were closed")
