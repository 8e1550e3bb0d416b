"""Hide the secrets that a request carried in the texts that came back for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

from paragon_sync.jsonvalue import Json, dumps
from paragon_sync.model.secrecy import names_secret

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""What JSON escapes of text that isn't reduced to ASCII."""
MIN_SECRET_LENGTH: Final = 4
"""Characters of a secret that is replaced in a text; a shorter one hides the whole text."""
HIDDEN: Final = "(secret)"
WITHHELD: Final = "(the server's words are withheld: a secret of the request is too short to be masked in them)"


def strings_of(value: object) -> Iterator[str]:
    """Yield every string in a JSON value, but no keys."""
    match value:
        case str():
            if value:
                yield value
        case dict():
            for item in value.values():
                yield from strings_of(item)
        case list():
            for item in value:
                yield from strings_of(item)
        case _:
            return


def secrets_under_names(value: Json) -> Iterator[str]:
    """Yield every string under a key that names a secret, however deep."""
    match value:
        case dict():
            for key, item in value.items():
                yield from strings_of(item) if names_secret(key) else secrets_under_names(item)
        case list():
            for item in value:
                yield from secrets_under_names(item)
        case _:
            return


def hide_secrets(text: str, secrets: Collection[str]) -> str:
    """Replace each secret in a text: as it is, escaped as in JSON and percent-encoded."""
    if not text or not secrets:
        return text
    if any(len(secret) < MIN_SECRET_LENGTH for secret in secrets):
        return WITHHELD
    for form in sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield dumps(secret)[1:-1]
    yield "".join(_ESCAPES.get(character, character) for character in secret)
    for safe in ("", "/"):
        yield quote(secret, safe=safe, errors="replace")
    yield quote_plus(secret, errors="replace")
