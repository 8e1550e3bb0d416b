"""Owns what may stand as an environment's ``host``, and the base URL that follows from it. Knows no request.

``emulator:PATH`` is somebody else's: an emulator's URL is put in its place before it comes here.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from paragon_sync.errors import ParagonSyncError

_HINT: Final = "give a URL such as https://api.useparagon.com, or an on-premise host such as acme.paragon.so"
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.IGNORECASE
)
_SERVICES: Final = ("api.", "zeus.")


def api_base(host: str) -> str:
    """The base URL of the API: a URL as it is, a bare on-premise host ``acme.paragon.so`` as its service ``zeus``.

    Raises :class:`ParagonSyncError` for anything else.
    """
    if "://" in host:
        return _checked_url(host)
    name, colon, port = host.partition(":")
    if not _NAME.fullmatch(name) or _is_address(name) or (colon and not port.isdigit()):
        raise ParagonSyncError(f"the host {host!r} is neither a URL nor an on-premise host name", hint=_HINT)
    return f"https://{host}" if name.lower().startswith(_SERVICES) else f"https://zeus.{host}"


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ParagonSyncError("the host is not a usable http:// or https:// URL", hint=_HINT)
    if parts.username is not None or parts.password is not None:
        raise ParagonSyncError("the host holds a user name or a password, which must not stand in a URL", hint=_HINT)
    if parts.query or parts.fragment:
        raise ParagonSyncError(f"the host {url!r} holds more than scheme, host, port and path", hint=_HINT)
    return url.rstrip("/")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
