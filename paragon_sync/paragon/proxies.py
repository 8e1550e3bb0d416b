"""Decide which hosts are reached through a proxy, by the usual environment variables."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.request import proxy_bypass


def proxy_address(scheme: str, host: str, proxies: Mapping[str, str]) -> str | None:
    """Return the address of the proxy for this host, or None; ``proxies`` is from ``urllib.request.getproxies``.

    Loopback is never proxied.
    """
    address = proxies.get(scheme) or proxies.get("all")
    if not address or _is_loopback(host) or proxy_bypass(host):
        return None
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
