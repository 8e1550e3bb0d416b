"""A file's bytes → its text, and positions in it. Knows no syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from paragon_sync.errors import ManifestError, Problem

UNPRINTABLE: Final = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
"""What YAML forbids, or takes for a line break though nobody sees one; only escapes can bring it into a value."""
_LINE: Final = re.compile(r"\r\n|\r|\n")
_MARK: Final = "\ufeff"

OpenFile: TypeAlias = Callable[[str], BinaryIO]
"""Opens a file for reading its bytes."""


def open_binary(file: str) -> BinaryIO:
    """Open a file for reading its bytes."""
    return Path(file).open("rb")


def read_text(file: str, open_file: OpenFile = open_binary) -> tuple[int, str]:
    """Read a whole file: how many bytes its byte order mark has, and the text without it.

    Raises :class:`ManifestError`, also for :data:`UNPRINTABLE`.
    """
    with reading(file), open_file(file) as stream:
        raw = stream.read()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise unreadable(file, *_position(before), "not UTF-8", "save the file as UTF-8") from None
    if text.startswith(_MARK):
        text, start = text.removeprefix(_MARK), len(_MARK.encode())
    else:
        start = 0
    if UNPRINTABLE.search(text):
        raise ManifestError([_unprintable(file, text, match) for match in UNPRINTABLE.finditer(text)])
    return start, text


def read_lines(file: str, open_file: OpenFile = open_binary) -> Iterator[tuple[int, str]]:
    """Read a file line by line: the byte where each line starts, and the line without its end and byte order mark.

    Raises :class:`ManifestError`; lines before one that can't be read have come until then.
    """
    offset = 0
    with reading(file), open_file(file) as stream:
        for number, raw in enumerate(stream, 1):
            yield offset, decode(file, number, raw).removesuffix("\n")
            offset += len(raw)


def decode(file: str, number: int, raw: bytes) -> str:
    """Decode bytes that start with the line ``number`` of a file, without its byte order mark.

    Raises :class:`ManifestError`.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(raw[: error.start].decode("utf-8").removeprefix(_MARK)) + 1
        raise unreadable(file, number, column, "not UTF-8", "save the file as UTF-8") from None
    return text.removeprefix(_MARK) if number == 1 else text


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Make an OSError the :class:`ManifestError` of a file that can't be read."""
    try:
        yield
    except OSError as error:
        raise unreadable(file, 1, 1, f"can't be read: {(error.strerror or 'unknown error').lower()}") from None


def count_lines(text: str, start: int, end: int) -> int:
    """The line breaks between two offsets."""
    return len(_LINE.findall(text, start, end)) if text.find("\r", start, end) >= 0 else text.count("\n", start, end)


def unreadable(file: str, line: int, column: int, message: str, hint: str | None = None) -> ManifestError:
    """The error for a file that has this one problem."""
    return ManifestError([Problem(message=message, file=file, line=line, column=column, hint=hint)])


def _unprintable(file: str, text: str, match: re.Match[str]) -> Problem:
    line, column = _position(text[: match.start()])
    code = ord(match.group())
    hint = f'in a value, write it as "\\u{code:04x}" in double quotes; else remove it'
    return Problem(message=f"invisible character U+{code:04X}", file=file, line=line, column=column, hint=hint)


def _position(before: str) -> tuple[int, int]:
    lines = _LINE.split(before.removeprefix(_MARK))
    return len(lines), len(lines[-1]) + 1
