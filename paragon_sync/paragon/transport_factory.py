"""Choose the transport for a base URL, once, when a command starts."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

from paragon_sync.paragon.proxies import proxy_address
from paragon_sync.paragon.transport import Transport

_OWN_AUTHORITY: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def make_transport(base: str, concurrency: int) -> Transport:
    """Return a transport of up to ``concurrency`` connections to the host of ``base``.

    It is pyreqwest's. httpx's is chosen where the environment names a proxy for the host (``HTTPS_PROXY``,
    ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) or an authority for TLS (``SSL_CERT_FILE``, ``SSL_CERT_DIR``), and
    where pyreqwest can't be used: without a wheel for this machine, or without certificates on it.
    """
    parts = urlsplit(base)
    proxy = proxy_address(parts.scheme, parts.hostname or "", getproxies())
    has_own_authority = parts.scheme == "https" and any(os.environ.get(name) for name in _OWN_AUTHORITY)
    if proxy is None and not has_own_authority:
        try:
            from paragon_sync.paragon.transport_pyreqwest import NoCertificatesError, PyreqwestTransport
        except ImportError:  # no wheel for this machine
            pass
        else:
            try:
                return PyreqwestTransport(concurrency=concurrency)
            except NoCertificatesError:  # httpx brings its own
                pass
    from paragon_sync.paragon.transport_httpx import HttpxTransport

    return HttpxTransport(concurrency=concurrency, proxy=proxy)
