"""Show databases and their drivers' messages without what may be secret: user, password and query of the URL."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

AT_SIGN_HINT: Final = "write an @ in the user or the password as %40, and a / as %2F"

_MASK: Final = "***"
_SHORTEST_MASKED: Final = 3
"""Characters of a value that is replaced in a text; a shorter password hides the whole text."""


def has_stray_at_sign(url: str) -> bool:
    """Return whether a URL has an ``@`` that ends no user: then part of the password is taken for host or database."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.startswith("sqlite") or "@" not in rest:
        return False
    return rest.count("@") > 1 or "@" not in rest.partition("/")[0]


def show_database(url: str) -> str:
    """Return scheme, host and database of a URL; the scheme alone if the rest may hold part of a password."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return "(no URL)"
    hidden = f"{scheme}://…"
    if has_stray_at_sign(url):
        return hidden
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return hidden
    return f"{scheme}://{host}{parts.path}"


def mask_driver_text(text: str, url: str) -> str:
    """Replace user, password and query values of a URL in what a database's driver says."""
    try:
        parts = urlsplit(url)
        secrets = [parts.username or "", parts.password or "", *(value for _, value in parse_qsl(parts.query))]
    except ValueError:
        return "(the reason is not shown: it may hold a part of the URL)"
    if has_stray_at_sign(url) or 0 < len(parts.password or "") < _SHORTEST_MASKED:
        return "(the reason is not shown: it may hold a part of the URL)"
    forms = {form for secret in secrets for form in (secret, unquote(secret)) if len(form) >= _SHORTEST_MASKED}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _MASK)
    return text
