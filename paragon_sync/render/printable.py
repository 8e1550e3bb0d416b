"""Escape what is not printable in text for a terminal: control, format and private characters, surrogates."""

from __future__ import annotations

from typing import Final

_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """The text with every character escaped that isn't one to look at: control, format and private ones, surrogates."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def printable_lines(text: str) -> str:
    """Return the text with everything escaped that :func:`printable` escapes, but for its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def _escape(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code > 0xFFFF:  # noqa: PLR2004 - the last one that JSON escapes without a pair
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
