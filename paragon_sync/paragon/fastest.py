"""Chooses the transport: the fast one where its library is installed, the careful one where it isn't."""

from __future__ import annotations

from paragon_sync.paragon.transport import Transport


def fastest_transport(concurrency: int) -> Transport:
    """A transport of up to ``concurrency`` connections."""
    try:
        from paragon_sync.paragon.transport_pyreqwest import PyreqwestTransport
    except ImportError:  # no wheel for this machine
        return careful_transport(concurrency)
    return PyreqwestTransport(lambda: careful_transport(concurrency), concurrency=concurrency)


def careful_transport(concurrency: int) -> Transport:
    """The one that takes proxies and authorities of one's own; its libraries are loaded only now."""
    from paragon_sync.paragon.transport_httpx import HttpxTransport

    return HttpxTransport(concurrency=concurrency)
