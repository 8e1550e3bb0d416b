"""What may be an environment's ``host``: the base URL that follows from it, and the form in which hosts are compared.

No request is sent here. A command that uses ``emulator:PATH`` gives the emulator's URL to :func:`api_base`.
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

EMULATOR: Final = "emulator"
"""The normalised host of every ``emulator:PATH``: its port changes with each command, its path with each machine."""
_SAME: Final = {"zeus.useparagon.com": "api.useparagon.com"}
"""Names under which one service answers, each with the name that is compared."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


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


def normalize_host(host: str) -> str:
    """Return the form of an environment's ``host`` in which it is stored and compared.

    ``emulator:PATH`` is ``emulator``. Everything else is a URL with scheme and name in lower case and without a default
    port or a slash at the end; a bare on-premise host is its service's URL, ``zeus.useparagon.com`` is
    ``api.useparagon.com``. A text that is no usable host is returned unchanged, so it equals only itself.
    """
    if host == EMULATOR or host.startswith(f"{EMULATOR}:"):
        return EMULATOR
    try:
        parts = urlsplit(api_base(host))
    except ParagonSyncError:
        return host
    name = _normalized_name(parts.hostname or "")
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}{parts.path.rstrip('/')}"


def _normalized_name(name: str) -> str:
    """Return a host name, which ``urlsplit`` gives in lower case, or an address as a URL holds it."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        plain = name.removesuffix(".")
        return _SAME.get(plain, plain)
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - the version of IP


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
